#!/usr/bin/env python3
"""Two daemons on one stream are high availability: each shows the same numbers, whatever the other does."""

import re
import shutil

import programs
from programs import Daemon, ProgramTest, now_ms, toml_string, total, value, wait_for
from scripted_platform import ScriptedPlatform

SHOPS = ["flagship", "outlet"]
CUSTOMERS = 40
EVENTS_OF_A_ROUND = len(SHOPS) * (CUSTOMERS + CUSTOMERS // 2)
# It grows while one looks.
MOVES = ("oldest_wait_seconds",)


def message(shop, customer, sender, ts):
    return {"type": "message", "id": f"{shop}-{customer}-{sender}", "ts": ts, "shop": shop, "customer": customer,
            "agent": "amy", "from": sender}


def numbers(daemon):
    """All that a daemon says of shops and agents, and which events it has seen."""
    pages = daemon.page() + daemon.page("/metrics/agents")
    said = re.findall(r"^deskpulse_(?:shop|agent|events_total|feed_gaps_total).*$", pages, re.MULTILINE)
    return sorted(line for line in said if not any(each in line for each in MOVES))


class TwoDaemons(ProgramTest):
    def setUp(self):
        super().setUp()
        self.platform = self.run_program(ScriptedPlatform())
        self.rounds = 0

    def daemon(self, name):
        daemon = self.run_program(Daemon(self.folder, f"""[feed]
url = "{self.platform.url()}"
consumer = "{name}"
start = "floor"
[store]
directory = {toml_string(str(self.folder / name))}
interval = "100ms"
"""))
        daemon.wait_until_ready()
        return daemon

    def customers_write(self):
        """Forty more in each shop; every second one is answered."""
        self.rounds += 1
        now = now_ms()
        for shop in SHOPS:
            customers = [f"{self.rounds}-{i}" for i in range(CUSTOMERS)]
            self.platform.send(*(message(shop, each, "customer", now) for each in customers))
            self.platform.send(*(message(shop, each, "human", now + 1) for each in customers[::2]))

    def expect_the_same(self, *daemons):
        """All events, once, and no gap; and the same of everything."""
        expected = self.rounds * EVENTS_OF_A_ROUND
        for daemon in daemons:
            wait_for("all events", lambda: total(daemon.page(), "deskpulse_events_total") >= expected)
        wait_for("the same numbers", lambda: len({tuple(numbers(daemon)) for daemon in daemons}) == 1)
        for daemon in daemons:
            page = daemon.page()
            self.assertEqual(total(page, "deskpulse_events_total"), expected)
            self.assertEqual(value(page, "deskpulse_feed_gaps_total"), 0)
            self.assertEqual(total(page, "deskpulse_window_incomplete"), 0)

    def test_one_goes_on_while_the_other_is_away_and_both_agree_again(self):
        first, second = self.daemon("first"), self.daemon("second")
        self.customers_write()
        self.expect_the_same(first, second)

        self.assertEqual(second.end(), 0)
        self.customers_write()
        self.expect_the_same(first)
        second = self.daemon("second")

        self.assertEqual(value(second.page(), "deskpulse_snapshot_restored"), 1)
        self.expect_the_same(first, second)

    def test_a_third_begins_with_a_copy_of_the_state(self):
        first = self.daemon("first")
        self.customers_write()
        self.expect_the_same(first)
        self.assertEqual(first.end(), 0)

        shutil.copytree(self.folder / "first", self.folder / "third")
        self.customers_write()
        first, third = self.daemon("first"), self.daemon("third")

        self.assertEqual(value(third.page(), "deskpulse_snapshot_restored"), 1)
        self.expect_the_same(first, third)


if __name__ == "__main__":
    programs.main()
