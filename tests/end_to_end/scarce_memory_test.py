#!/usr/bin/env python3
"""The system gives no more memory for large frames and pages: they are refused, and the rest goes on."""

import http.client
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
WAITING = 50_000  # customers, whose list is larger than that by far
# Too little for the feed's thread to list them, and then for the other thread to write it down.
LEFT_FOR_A_LIST = range(0, 32 * MIB, 2 * MIB)


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

    def leave(self, left):
        """So much memory beyond what the daemon has."""
        pid = self.daemon.process.pid
        has = 1024 * int(re.search(r"VmSize:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1])
        resource.prlimit(pid, resource.RLIMIT_AS, (has + left, resource.RLIM_INFINITY))

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
        for number, left in enumerate(LEFT, start=1):
            with self.subTest(left=left):
                self.leave(left)

                self.send("x" * LARGE)
                wait_for("the rejection", lambda number=number: self.rejected() == number)
                self.send("small")
                self.wait_for_messages(1 + number)

                self.assertEqual(value(self.daemon.page(), "deskpulse_feed_gaps_total"), number)

        self.assertEqual(self.daemon.end(), 0)
        self.assertIn("reason=no_memory", self.daemon.log)

    def status_of_the_list(self):
        """0: the connection ended."""
        try:
            return programs.get(f"http://{self.daemon.address()}/api/v1/waiting")[0]
        except (OSError, http.client.HTTPException):
            return 0

    def test_a_large_list_is_refused_and_everybody_else_is_answered(self):
        self.platform.send(
            *(
                {
                    "type": "message",
                    "id": f"m-{i}",
                    "ts": now_ms(),
                    "shop": "shop",
                    "customer": f"customer-{i}",
                    "from": "customer",
                }
                for i in range(WAITING)
            )
        )
        self.wait_for_messages(WAITING)

        statuses = set()
        for left in LEFT_FOR_A_LIST:
            self.leave(left)
            statuses.add(self.status_of_the_list())
            self.wait_for_messages(WAITING)
        self.assertIn(503, statuses)
        self.assertLessEqual(statuses, {0, 200, 503})

        self.leave(1024 * MIB)
        wait_for("the list", lambda: self.status_of_the_list() == 200)
        self.assertEqual(self.daemon.end(), 0)


if __name__ == "__main__":
    programs.main()
