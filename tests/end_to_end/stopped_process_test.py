#!/usr/bin/env python3
"""A daemon that stands still for some seconds: what was sent meanwhile is read before time passes."""

import os
import signal
import time

import programs
from programs import Daemon, ProgramTest, now_ms, value, wait_for
from scripted_platform import ScriptedPlatform

SLOW_AFTER_MS = 3_000
STOPPED_MS = 6_000

CONFIGURATION = f"""
[feed]
url = "%s"
[rules]
slow_after = "{SLOW_AFTER_MS}ms"
"""


def message(sender, number, ts):
    return {
        "type": "message",
        "id": f"m-{number}",
        "ts": ts,
        "shop": "shop",
        "customer": "customer",
        "agent": "agent",
        "from": sender,
    }


class StoppedProcess(ProgramTest):
    def setUp(self):
        super().setUp()
        self.platform = self.run_program(ScriptedPlatform())
        self.daemon = self.run_program(Daemon(self.folder, CONFIGURATION % self.platform.url()))
        self.daemon.wait_until_ready()

    def shop(self, name, **labels):
        return value(self.daemon.page(), f"deskpulse_shop_{name}", shop="shop", **labels) or 0

    def stop(self):
        self.daemon.process.send_signal(signal.SIGSTOP)
        pid, status = os.waitpid(self.daemon.process.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status), pid)

    def test_an_answer_that_was_sent_in_time_is_not_slow_though_it_is_read_late(self):
        asked = now_ms()
        self.platform.send(message("customer", 1, asked))
        wait_for("the turn", lambda: self.shop("waiting_customers") == 1)

        self.stop()
        self.platform.send(message("human", 2, asked + SLOW_AFTER_MS - 500))
        wait_for("time to pass", lambda: now_ms() > asked + SLOW_AFTER_MS + STOPPED_MS)
        self.daemon.process.send_signal(signal.SIGCONT)
        self.daemon.page()  # asked at once: a scrape lets time pass too
        wait_for("the answer", lambda: self.shop("turns_total", outcome="answered") == 1)

        self.assertEqual(self.shop("slow_turns_total"), 0)
        self.assertGreaterEqual(value(self.daemon.page(), "deskpulse_stalls_total"), 1)  # a busy machine adds its own
        self.assertEqual(value(self.daemon.page(), "deskpulse_clock_steps_total"), 0)
        self.assertEqual(value(self.daemon.page(), "deskpulse_feed_gaps_total"), 0)

    def test_time_goes_on_afterwards(self):
        self.platform.send(message("customer", 1, now_ms()))
        wait_for("the turn", lambda: self.shop("waiting_customers") == 1)

        self.stop()
        stopped = time.monotonic()
        wait_for("time to pass", lambda: time.monotonic() > stopped + 2)
        self.daemon.process.send_signal(signal.SIGCONT)

        wait_for("the deadline", lambda: self.shop("slow_turns_total") == 1)


if __name__ == "__main__":
    programs.main()
