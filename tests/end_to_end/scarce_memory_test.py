#!/usr/bin/env python3
"""The system gives no more memory while large frames come: each is rejected, and the rest goes on."""

import re
import resource
from pathlib import Path

import programs
from programs import Daemon, ProgramTest, now_ms, value, wait_for
from scripted_platform import ScriptedPlatform

MIB = 1 << 20
LARGE = 15 * MIB  # below feed.max_frame_bytes
# Beyond what the daemon has: too little to read such a frame with, and then too little to decode it with.
LEFT = (8 * MIB, 24 * MIB, 40 * MIB)


def messages(daemon):
    """That the shop's customers have written."""
    return value(daemon.page(), "deskpulse_shop_messages_total", shop="shop", **{"from": "customer"})


class ScarceMemory(ProgramTest):
    def setUp(self):
        super().setUp()
        self.platform = self.run_program(ScriptedPlatform())
        configuration = f'[feed]\nurl = "{self.platform.url()}"\n[store]\ndirectory = "{self.folder / "state"}"\n'
        self.daemon = self.run_program(Daemon(self.folder, configuration))
        self.daemon.wait_until_ready()
        self.sent = 0

    def send(self, text):
        self.sent += 1
        self.platform.send(
            {
                "type": "message",
                "id": f"m-{self.sent}",
                "ts": now_ms(),
                "shop": "shop",
                "customer": "customer",
                "from": "customer",
                "text": text,
            }
        )

    def wait_for_messages(self, count):
        wait_for("a message", lambda: messages(self.daemon) == count)

    def rejected(self):
        return value(self.daemon.page(), "deskpulse_rejected_events_total", reason="no_memory")

    def test_a_large_frame_is_rejected_and_the_small_ones_are_counted(self):
        self.send("small")
        self.wait_for_messages(1)
        pid = self.daemon.process.pid
        has = 1024 * int(re.search(r"VmSize:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1])
        for number, left in enumerate(LEFT, start=1):
            with self.subTest(left=left):
                resource.prlimit(pid, resource.RLIMIT_AS, (has + left, resource.RLIM_INFINITY))

                self.send("x" * LARGE)
                wait_for("the rejection", lambda number=number: self.rejected() == number)
                self.send("small")
                self.wait_for_messages(1 + number)

                self.assertEqual(value(self.daemon.page(), "deskpulse_feed_gaps_total"), number)

        self.assertEqual(self.daemon.end(), 0)
        self.assertIn("reason=no_memory", self.daemon.log)


if __name__ == "__main__":
    programs.main()
