#!/usr/bin/env python3
"""Whoever reads the log stands still: the numbers, the end and the last snapshot do not wait for it."""

import fcntl
import signal
import threading

import programs
from programs import Daemon, ProgramTest, now_ms, value, wait_for
from scripted_platform import ScriptedPlatform

SMALLEST_PIPE = 4_096
MISTAKES = 50  # lines that a reload logs of them at most


def messages(daemon):
    """That the shop's customers have written."""
    return value(daemon.page(), "deskpulse_shop_messages_total", shop="shop", **{"from": "customer"})


class StandingReader(Daemon):
    """Its log is read until stand_still(), and then no more."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._stands = threading.Event()
        self._goes_on = threading.Event()

    def _read(self):
        for line in self.process.stderr:
            with self._lock:
                self.log += line
            if self._stands.is_set():
                self._goes_on.wait()

    def stand_still(self):
        fcntl.fcntl(self.process.stderr, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE)
        self._stands.set()

    def go_on(self):
        self._stands.clear()
        self._goes_on.set()

    def __exit__(self, *details):
        self.go_on()
        super().__exit__(*details)


class ReaderOfTheLog(ProgramTest):
    def setUp(self):
        super().setUp()
        self.platform = self.run_program(ScriptedPlatform())
        self.configuration = f"""
[feed]
url = "{self.platform.url()}"
[store]
directory = "{self.folder / "state"}"
"""
        self.daemon = self.run_program(StandingReader(self.folder, self.configuration))
        self.daemon.wait_until_ready()
        self.sent = 0

    def write_to_the_shop(self):
        self.sent += 1
        self.platform.send(
            {
                "type": "message",
                "id": f"m-{self.sent}",
                "ts": now_ms(),
                "shop": "shop",
                "customer": "customer",
                "from": "customer",
            }
        )
        wait_for("the message", lambda: messages(self.daemon) == self.sent)

    def dropped(self):
        return value(self.daemon.page(), "deskpulse_log_lines_dropped_total")

    def fill_the_pipe(self):
        """Until the daemon has dropped lines, too."""
        self.daemon.stand_still()
        mistakes = "".join(f"mistake_{i}_{'x' * 2_000} = 1\n" for i in range(MISTAKES))  # each in a line
        with open(self.daemon.path, "w", encoding="utf-8") as file:
            file.write("[log]\n" + mistakes + self.configuration)

        def has_dropped():
            self.daemon.process.send_signal(signal.SIGHUP)
            return self.dropped() > 0

        wait_for("a line to be dropped", has_dropped)

    def wait_until_all_is_read(self):
        with open(self.daemon.path, "w", encoding="utf-8") as file:
            file.write(self.configuration)

        def is_told():
            self.daemon.process.send_signal(signal.SIGHUP)
            return "Configuration reloaded." in self.daemon.log

        wait_for("the newest line", is_told)

    def test_holds_up_no_number_and_no_end(self):
        self.write_to_the_shop()
        self.assertEqual(self.dropped(), 0)

        self.fill_the_pipe()
        self.write_to_the_shop()
        self.assertEqual(programs.get(f"http://{self.daemon.address()}/-/healthy")[0], 200)

        self.daemon.asked_to_end = True
        self.daemon.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.daemon.process.wait(timeout=programs.PATIENCE), 0)

        again = self.run_program(Daemon(self.folder, self.configuration))
        again.wait_until_ready()
        self.assertEqual(messages(again), self.sent)
        self.assertEqual(value(again.page(), "deskpulse_feed_gaps_total"), 0)

    def test_that_reads_again_is_told_what_it_missed_and_gets_the_last_lines(self):
        self.fill_the_pipe()
        self.daemon.go_on()

        missed = int(self.daemon.said(r'msg="Log lines were dropped, nobody took them\." count=(\d+)')[1])
        self.assertGreater(missed, 0)
        self.wait_until_all_is_read()
        self.assertEqual(self.daemon.end(), 0)
        self.assertIn("Daemon stopped.", self.daemon.log)


if __name__ == "__main__":
    programs.main()
