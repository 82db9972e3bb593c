#!/usr/bin/env python3
"""What the dashboards show of two daemons on one stream, of which one was cut off; by promtool."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import programs  # noqa: E402
from boards import load, panels, with_variables  # noqa: E402
from prometheus_test import needed  # noqa: E402

CHOSEN = {"job": ".+", "instance": ".+", "shop": ".+", "agent": ".+", "__rate_interval": "1m", "__range": "5m"}


def expr_of(board, title, refid="value"):
    [found] = [
        target["expr"]
        for panel in panels(load("en", board))
        for target in panel["targets"]
        if panel["title"] == title and target["refId"] == refid
    ]
    return with_variables(found, CHOSEN)


def daemon(instance, stale, waiting, in_hand, of_others=()):
    """A shop `s1` with one agent; and shops that only this daemon knows, with as many waiting."""
    shops = [("s1", waiting), *of_others]
    of_shops = [
        series
        for shop, count in shops
        for series in (
            (f'deskpulse_shop_info{{shop="{shop}",name="{shop}",profile="default"}}', 1),
            (f'deskpulse_shop_waiting_customers{{shop="{shop}"}}', count),
            (f'deskpulse_shop_messages{{shop="{shop}",window="1m",from="customer"}}', count),
        )
    ]
    of_amy = [
        ('deskpulse_agent_open_conversations{shop="s1",agent="amy"}', in_hand),
        ('deskpulse_agent_capacity{shop="s1",agent="amy"}', 10),
        # An agent whom the daemon that is live has forgotten.
        *([('deskpulse_agent_open_conversations{shop="s1",agent="gone"}', 70),
           ('deskpulse_agent_capacity{shop="s1",agent="gone"}', 10)] if stale else []),
    ]
    return [
        {"series": name.rstrip("}") + ("," if "{" in name else "{") + f'instance="{instance}",job="{job}"}}',
         "values": f"{value}x10"}
        for job, series in (("deskpulse", [("deskpulse_feed_stale", int(stale)), *of_shops]), ("deskpulse-agents", of_amy))
        for name, value in series
    ]


class Pair(unittest.TestCase):
    def expect(self, series, expected):
        """`expected` are ((board, title), value)."""
        test = {
            "interval": "15s",
            "input_series": series,
            "promql_expr_test": [
                {"expr": expr_of(*panel), "eval_time": "2m", "exp_samples": [{"labels": "{}", "value": value}]}
                for panel, value in expected
            ],
        }
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "pair.test.yml")
            path.write_text(json.dumps({"tests": [test]}), "utf-8")
            command = [needed("promtool"), "test", "rules", path]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=programs.PATIENCE)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    def test_the_one_that_was_cut_off_is_not_shown_beside_the_live_one(self):
        self.expect(
            daemon("cut", True, 99, 50) + daemon("live", False, 0, 5),
            [
                (("big-screen", "Waiting now"), 0),
                (("big-screen", "Messages a minute"), 0),
                (("big-screen", "Load"), 0.5),
                (("big-screen", "Data"), 0),
                (("agents", "Data"), 0),
                (("service-quality", "Data"), 0),
            ],
        )

    def test_two_that_are_live_do_not_count_double(self):
        self.expect(
            daemon("one", False, 7, 5) + daemon("other", False, 7, 5),
            [(("big-screen", "Waiting now"), 7), (("big-screen", "Load"), 0.5), (("big-screen", "Data"), 0)],
        )

    def test_where_none_is_live_the_old_number_is_shown_and_marked(self):
        self.expect(
            daemon("cut", True, 99, 50) + daemon("too", True, 98, 50),
            [(("big-screen", "Waiting now"), 99), (("big-screen", "Data"), 1), (("agents", "Data"), 1)],
        )

    def test_a_shop_that_only_the_one_that_was_cut_off_knows_is_shown_and_marked(self):
        self.expect(
            daemon("cut", True, 99, 50, [("s2", 3)]) + daemon("live", False, 0, 5),
            [(("big-screen", "Waiting now"), 3), (("big-screen", "Data"), 1)],
        )


if __name__ == "__main__":
    unittest.main()
