#!/usr/bin/env python3
"""The real daemon, killed again and again at random moments: nothing lost, nothing counted twice.

    tests/end_to_end/kill_test.py --kills 300 --rate 1000 --conversations 100000

is the long campaign; without options it is short.
"""

import argparse
import json
import random
import signal
import sys
import time

import programs
from programs import Daemon, ProgramTest, Simulator, total, value, wait_for
from journal_text import IdHash, accepted_events, lines_until
from recorded_truth import differences, differences_from_replay, replayed, scopes_of, shown, watermark_ms

OPTIONS = argparse.Namespace(kills=8, rate=1000, conversations=2_000, seed=1)

# live_lag: see soak. The interval is short, so that many kills meet a snapshot that is being written.
CONFIGURATION = """
[feed]
url = {url}
protocol = "{protocol}"
start = "floor"
live_lag = "1s"
reconnect = {{ base = "20ms", cap = "200ms" }}
[store]
directory = {directory}
interval = "{interval}"
journal = {journal}
"""


# Its counter is that of one process.
GAP = "Events are missing; the windows they touch are marked incomplete."


class KillTest(ProgramTest):
    def configuration(self, url, protocol="deskpulse.v1", interval="300ms", journal=False):
        return CONFIGURATION.format(
            url=programs.toml_string(url),
            protocol=protocol,
            interval=interval,
            directory=programs.toml_string(str(self.folder / "state")),
            journal=json.dumps(journal),
        )

    def platform(self, *arguments):
        """A thousand events a second from the first second on: there was traffic before."""
        self.record = self.folder / "sent.ndjson"
        return self.run_program(
            Simulator(
                *("--preset", "extreme", "--steady", "--shops", 3, "--agents", 60, "--rate", OPTIONS.rate),
                *("--warm-up", "15m", "--backlog", 50 * OPTIONS.rate, "--heartbeat", "1s"),
                *("--seed", OPTIONS.seed, "--record", self.record, *arguments),
            )
        )

    def daemon(self, configuration):
        return self.run_program(Daemon(self.folder, configuration))

    def killed_again_and_again(self, configuration):
        """The daemon that was started after the last kill, and how long the starts took. What its forerunners
        said of gaps is in self.gaps."""
        moments = random.Random(OPTIONS.seed)
        self.gaps = 0
        starts = []
        daemon = self.daemon(configuration)
        daemon.wait_until_ready()
        longest = 1.2  # seconds to live
        for _ in range(OPTIONS.kills):
            time.sleep(moments.uniform(0.0, longest))
            daemon.end(signal.SIGKILL)
            self.gaps += daemon.log.count(GAP)
            began = time.monotonic()
            daemon = self.daemon(configuration)
            longest = 0.15  # one in five does not live long enough to get ready
            if moments.random() < 0.8:
                daemon.wait_until_ready()
                starts.append(time.monotonic() - began)
                longest = 1.2
        daemon.wait_until_ready()
        return daemon, starts

    def end_the_traffic(self, platform, daemon):
        """Everything is read, and then the stream ends, so that time stands still."""
        platform.process.send_signal(signal.SIGUSR1)
        platform.said("The traffic has ended")
        newest = max(event["ts"] for event in self.sent()) / 1000
        wait_for(
            "time to pass the last event",
            lambda: value(daemon.page(), "deskpulse_watermark_timestamp_seconds") > newest,
        )
        platform.end()
        wait_for("the end of the stream", lambda: value(daemon.page(), "deskpulse_feed_connected") == 0)

    def sent(self):
        return programs.lines_of(self.record)


class StreamWithPositions(KillTest):
    def test_loses_and_repeats_nothing(self):
        # Whatever is acknowledged is gone, so only what is on disk may be.
        platform = self.platform("--forget-acked", "--duplicates", "0.5%", "--disorder", "2%", "--late", "0.5%")
        configuration = self.configuration(platform.url())

        daemon, starts = self.killed_again_and_again(configuration)
        self.end_the_traffic(platform, daemon)

        page = daemon.page()
        sent = {(event["shop"], event["id"]): event["type"] for event in self.sent()}
        for kind in sorted(set(sent.values())):
            accepted = value(page, "deskpulse_events_total", type=kind)
            self.assertEqual(accepted, list(sent.values()).count(kind), kind)
        self.assertEqual(self.gaps + value(page, "deskpulse_feed_gaps_total"), 0)
        self.assertEqual(total(page, "deskpulse_rejected_events_total"), 0)
        self.assertEqual(value(page, "deskpulse_snapshot_restored"), 1)
        self.assertEqual(differences_from_replay(daemon, self.record, daemon.path), [])
        print(
            f"\n{OPTIONS.kills} kills, {len(sent)} events: 0 lost, 0 repeated; "
            f"start to ready {max(starts, default=0):.2f} s at most"
        )


class PlainStream(KillTest):
    def test_with_a_journal_loses_only_what_was_sent_while_nobody_listened(self):
        platform = self.platform("--plain")
        configuration = self.configuration(platform.url(), protocol="plain", journal=True)

        daemon, starts = self.killed_again_and_again(configuration)
        self.end_the_traffic(platform, daemon)

        page = daemon.page()
        hashed = IdHash(self.folder / "state")
        numbers = {hashed.digits(event["shop"], event["id"]): n for n, event in enumerate(self.sent())}
        kept = [numbers[event["id"]] for event in accepted_events(self.folder / "state")]
        # What was accepted is in the order in which it was sent, nothing twice, up to the last one.
        self.assertTrue(all(a < b for a, b in zip(kept, kept[1:])))
        self.assertEqual(kept[-1], len(numbers) - 1)
        # Every hole in it is a declared gap.
        holes = sum(b - a > 1 for a, b in zip(kept, kept[1:]))
        declared = self.gaps + value(page, "deskpulse_feed_gaps_total")
        self.assertGreaterEqual(declared, holes)
        self.assertEqual(value(page, "deskpulse_window_incomplete", window="1h"), 1)
        # All that was written down counts, once, but for the counters, which begin anew at each start.
        self.assertLess(total(page, "deskpulse_events_total"), len(kept))
        found = shown(daemon)
        at = watermark_ms(found)
        text = self.write("journal.ndjson", "\n".join(lines_until(self.folder / "state", at)) + "\n")
        self.assertEqual(differences(scopes_of(found), scopes_of(replayed(text, daemon.path, at))), [])
        missing = kept[-1] - kept[0] + 1 - len(kept)
        print(
            f"\n{OPTIONS.kills} kills, {len(kept)} events counted once, {missing} in {holes} gaps of "
            f"{declared:g} declared; "
            f"start to ready {max(starts, default=0):.2f} s at most"
        )


def counters_of(page):
    return {
        key: number
        for key, number in programs.samples(page).items()
        if key[0] in ("deskpulse_shop_messages_total", "deskpulse_shop_turns_total", "deskpulse_events_total")
    }


class Counters(KillTest):
    """Prometheus takes one that is lower than before for one that began at 0, and adds all of it to a rate."""

    def restarted(self, protocol, *arguments):
        """What was shown before a kill, and the pages from the first one behind it on; again and again."""
        platform = self.platform(*arguments)
        configuration = self.configuration(platform.url(), protocol=protocol, interval="2s")
        daemon = self.daemon(configuration)
        for _ in range(3):
            daemon.wait_until_ready()
            snapshots = value(daemon.page(), "deskpulse_snapshots_total")
            wait_for("a snapshot", lambda: value(daemon.page(), "deskpulse_snapshots_total") > snapshots)
            before = counters_of(daemon.page())
            wait_for("more events", lambda: counters_of(daemon.page()) != before)
            shown = counters_of(daemon.page())
            daemon.end(signal.SIGKILL)
            daemon = self.daemon(configuration)
            yield shown, daemon

    def test_go_on_with_positions_and_are_never_lower_than_they_were(self):
        for shown, daemon in self.restarted("deskpulse.v1"):
            pages = []

            def all_are_there():
                pages.append(counters_of(daemon.page()))
                return shown.keys() <= pages[-1].keys()

            wait_for("the counters", all_are_there)
            for page in pages:
                lower = [key for key in page.keys() & shown.keys() if page[key] < shown[key]]
                self.assertEqual(lower, [])

    def test_begin_anew_without_positions(self):
        for _, daemon in self.restarted("plain", "--plain"):
            page = daemon.page()
            counted = total(page, "deskpulse_shop_messages_total")
            # The day goes on: it has what the counters had.
            self.assertLess(counted, total(page, "deskpulse_shop_messages", window="today"))


class Restart(KillTest):
    def test_is_ready_again_soon_with_many_open_conversations(self):
        platform = self.run_program(
            Simulator(
                *("--conversations", OPTIONS.conversations, "--shops", 3, "--preset", "promo"),
                *("--warm-up", "2m", "--backlog", 20 * OPTIONS.conversations, "--heartbeat", "1s"),
            )
        )
        configuration = self.configuration(platform.url(), interval="5s")
        daemon = self.daemon(configuration)

        def open_conversations(daemon):
            return total(daemon.page(), "deskpulse_shop_open_conversations")

        wait_for("the conversations", lambda: open_conversations(daemon) > 0.9 * OPTIONS.conversations)
        daemon.wait_until_ready()
        for with_signal in (signal.SIGTERM, signal.SIGKILL):
            wait_for("a snapshot", lambda: value(daemon.page(), "deskpulse_snapshots_total") >= 1)
            daemon.end(with_signal)
            began = time.monotonic()
            daemon = self.daemon(configuration)
            daemon.wait_until_ready()
            took = time.monotonic() - began
            self.assertEqual(value(daemon.page(), "deskpulse_snapshot_restored"), 1)
            self.assertGreater(open_conversations(daemon), 0.9 * OPTIONS.conversations)
            print(f"\nready {took:.2f} s after {with_signal.name}, {open_conversations(daemon):g} open conversations")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=OPTIONS.kills)
    parser.add_argument("--rate", type=int, default=OPTIONS.rate, help="events a second")
    parser.add_argument("--conversations", type=int, default=OPTIONS.conversations, help="open at a restart")
    parser.add_argument("--seed", type=int, default=OPTIONS.seed)
    _, others = parser.parse_known_args(namespace=OPTIONS)
    sys.argv[1:] = others
    programs.main()


if __name__ == "__main__":
    main()
