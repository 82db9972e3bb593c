#!/usr/bin/env python3
"""A position means nothing in another stream, whatever that calls its epoch."""

import signal

import programs
from programs import Daemon, ProgramTest, now_ms, total, value, wait_for
from scripted_platform import ScriptedPlatform

GAPS = "deskpulse_feed_gaps_total"


def closes(count):
    """Events without ids, so that only their positions tell them apart."""
    return [{"type": "close", "ts": now_ms(), "shop": "s", "customer": f"c{i}"} for i in range(count)]


class Source(ProgramTest):
    """Both platforms call their epoch the same."""

    def setUp(self):
        super().setUp()
        self.one = self._stack.enter_context(ScriptedPlatform())
        self.other = self._stack.enter_context(ScriptedPlatform())
        self.state = self.folder / "state"
        self.one.send(*closes(5))
        self.other.send(*closes(7))

    def configuration(self, platform, query="", more=""):
        return (
            f'[feed]\nurl = "{platform.url()}stream{query}"\nstart = "floor"\n{more}\n'
            f'[store]\ndirectory = "{self.state}"\n'
        )

    def start(self, *configuration, **more):
        daemon = self.run_program(Daemon(self.folder, self.configuration(*configuration, **more)))
        daemon.wait_until_ready()
        return daemon

    def wait_for_events(self, daemon, count):
        wait_for("the events", lambda: total(daemon.page(), "deskpulse_events_total") >= count)
        self.assertEqual(total(daemon.page(), "deskpulse_events_total"), count)

    def reload(self, daemon, *configuration, **more):
        connections = daemon.log.count("Feed connected.")
        with open(daemon.path, "w", encoding="utf-8") as file:
            file.write(self.configuration(*configuration, **more))
        daemon.process.send_signal(signal.SIGHUP)
        wait_for("a new connection", lambda: daemon.log.count("Feed connected.") > connections)

    def test_another_address_is_a_gap_and_all_of_its_events_count(self):
        for is_reload in (False, True):
            with self.subTest(reload=is_reload):
                self.state = self.folder / f"state-{is_reload}"
                daemon = self.start(self.one)
                self.wait_for_events(daemon, 5)
                if is_reload:
                    self.reload(daemon, self.other)
                else:
                    self.assertEqual(daemon.end(), 0)
                    daemon = self.start(self.other)

                wait_for("the gap", lambda: value(daemon.page(), GAPS) == 1)
                self.wait_for_events(daemon, 7)  # the counters have begun anew
                self.assertIn("gap=reset", daemon.log)
                self.assertEqual(daemon.end(), 0)

    def test_another_query_or_name_of_the_same_address_is_none(self):
        daemon = self.start(self.one, "?token=a")
        self.wait_for_events(daemon, 5)
        self.reload(daemon, self.one, "?token=b")
        self.assertEqual(daemon.end(), 0)

        daemon = self.start(self.one, "?token=c", more='name = "the shops"')
        self.one.send(*closes(2))

        self.wait_for_events(daemon, 7)
        self.assertEqual(value(daemon.page(), GAPS), 0)

    def test_what_has_a_name_may_move(self):
        daemon = self.start(self.one, more='name = "the shops"')
        self.wait_for_events(daemon, 5)
        self.assertEqual(daemon.end(), 0)

        daemon = self.start(self.other, more='name = "the shops"')

        self.wait_for_events(daemon, 7)  # two that the first platform did not have
        self.assertEqual(value(daemon.page(), GAPS), 0)
        self.reload(daemon, self.other, more='name = "others"')
        wait_for("the gap", lambda: value(daemon.page(), GAPS) == 1)
        self.wait_for_events(daemon, 7)

    def test_no_address_is_kept(self):
        daemon = self.start(self.one, "?token=nobody-may-see", more='name = "named-so"')
        self.wait_for_events(daemon, 5)
        self.assertEqual(daemon.end(), 0)

        for file in self.state.iterdir():
            for word in (b"stream", b"127.0.0.1", b"nobody-may-see", b"named-so"):
                self.assertNotIn(word, file.read_bytes())


if __name__ == "__main__":
    programs.main()
