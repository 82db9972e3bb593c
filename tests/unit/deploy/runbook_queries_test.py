"""The queries of the runbooks on the service, in a shop that has robots, a queue, and agents of unknown presence; and with a
second daemon beside, which was cut off with other numbers.

usage: runbook_queries_test.py ROOT_OF_THE_REPOSITORY
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(".")
NOW = "20m"

# Open conversations, capacity and presence of each agent; None where it is unknown.
AGENTS = {
    "amy": (20, 10, "online"),
    "bob": (17, 10, None),
    "carol": (3, 10, "offline"),
    "dora": (2, 10, "busy"),
    "robot": (190, None, None),
    "unassigned": (4, None, None),
}
LOAD = (20 + 17 + 2) / 30


def queries_of(runbook):
    return re.findall(r"^```promql\n(.*?)\n```", runbook, re.MULTILINE | re.DOTALL)


def daemon(instance, stale, times):
    """Its series; with `times` the numbers of a good one."""
    of_shop = {
        'info{name="Shop",profile="default"}': "1x80",
        "waiting_customers": f"{20 * times}x80",
        'waiting_customers_over{seconds="180"}': f"{6 * times}x80",
        'agents{status="online"}': "1x80",
        'agents{status="busy"}': "1x80",
        'agents{status="offline"}': "1x80",
        'slow_customers{window="5m"}': f"{6 * times}x80",
        'consulting_customers{window="5m"}': "60x80",
        'unanswered_customers{window="15m"}': f"{9 * times}x80",
        'received_customers{window="15m"}': "90x80",
        'response_time_seconds{window="5m",quantile="0.9"}': f"{80 * times}x80",
        'messages{window="1m",from="customer"}': f"{50 * times}x80",
        'messages_total{from="customer"}': f"0+{15 * times}x80",
        'messages_total{from="human"}': f"0+{30 * times}x80",
        'messages_total{from="assist"}': "0x80",
        'turns_total{outcome="answered"}': f"0+{15 * times}x80",
    }
    series = [
        ("deskpulse", "up", "1x80"),
        ("deskpulse", "deskpulse_build_info", "1x80"),
        ("deskpulse", "deskpulse_feed_stale", f"{int(stale)}x80"),
        ("deskpulse", 'deskpulse_window_incomplete{window="5m"}', "0x80"),
        ("deskpulse", 'deskpulse_window_incomplete{window="15m"}', "0x80"),
        ("deskpulse", 'deskpulse_events_total{type="agent_status"}', "0+1x80"),
        *(("deskpulse", "deskpulse_shop_" + name.rstrip("}") + ("," if "{" in name else "{") + 'shop="s1"}', values)
          for name, values in of_shop.items()),
    ]
    for agent, (in_hand, capacity, status) in AGENTS.items():
        of_agent = {
            "open_conversations": in_hand * times,
            "capacity": capacity,
            "waiting_customers": 2 * times,
            "oldest_wait_seconds": 30 * times,
            'slow_customers{window="5m"}': times,
            'unanswered_customers{window="15m"}': times,
            f'status{{status="{status}"}}': status and 1,
            f'info{{name="{agent}",group="g"}}': None if agent == "unassigned" else 1,
        }
        series += [
            ("deskpulse-agents", "deskpulse_agent_" + name.rstrip("}") + ("," if "{" in name else "{")
             + f'shop="s1",agent="{agent}"}}', f"{value}x80")
            for name, value in of_agent.items() if value is not None
        ]
    return [
        {"series": name.rstrip("}") + ("," if "{" in name else "{") + f'instance="{instance}",job="{job}"}}', "values": values}
        for job, name, values in series
    ]


class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        rules = ROOT / "deploy/prometheus"
        cls.rules = sorted(rules.glob("*_rules.yml"), reverse=True)
        groups = [group for path in cls.rules for group in yaml.safe_load(path.read_text("utf-8"))["groups"]]
        cls.order = [group["name"] for group in groups]
        cls.queries = {
            (rule["alert"], number): query
            for group in groups
            for rule in group["rules"]
            if rule.get("labels", {}).get("team") == "service"
            for number, query in enumerate(queries_of((ROOT / f"deploy/runbooks/{rule['alert']}.md").read_text("utf-8")), 1)
        }

    def answers(self, series):
        """Of each query what it finds, as promtool writes it when it had expected something else."""
        never = [{"labels": "never", "value": 4711}]
        test = {
            "interval": "15s",
            "input_series": series,
            "promql_expr_test": [
                {"expr": query, "eval_time": NOW, "exp_samples": never} for query in self.queries.values()
            ],
        }
        promtool = shutil.which("promtool")
        self.assertIsNotNone(promtool, "promtool is not installed; Debian has it in prometheus.")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "queries.test.yml")
            path.write_text(json.dumps({"rule_files": [str(each.resolve()) for each in self.rules],
                                        "group_eval_order": self.order, "evaluation_interval": "15s", "tests": [test]}))
            ended = subprocess.run([promtool, "test", "rules", path], capture_output=True, text=True)
        said = ended.stdout + ended.stderr
        found = re.findall(r"^ *got: ?(.*)$", said, re.MULTILINE)
        self.assertEqual(len(found), len(self.queries), said)
        return {key: set(re.findall(r"\{[^}]*\} [^,\s]+", got)) for key, got in zip(self.queries, found)}

    def test_find_something_and_nothing_of_a_daemon_that_was_cut_off(self):
        alone = self.answers(daemon("live", False, 1))
        beside = self.answers(daemon("live", False, 1) + daemon("cut", True, 9))
        double = self.answers(daemon("live", False, 1) + daemon("other", False, 1))

        for key, query in self.queries.items():
            with self.subTest(key, query=query):
                self.assertTrue(alone[key])
                self.assertEqual(beside[key], alone[key])
                self.assertEqual(double[key], alone[key])

    def test_load_is_of_those_who_can_take_something_and_are_not_offline(self):
        [key] = [key for key, query in self.queries.items() if "deskpulse_shop:open_conversations_per_capacity:ratio" in query]

        [found] = self.answers(daemon("live", False, 1))[key]

        self.assertAlmostEqual(float(found.split()[-1]), LOAD)

    def test_free_hands_are_those_of_nobody_busy_or_offline_and_of_no_robot(self):
        [key] = [key for key, query in self.queries.items() if query.startswith("bottomk")]

        found = self.answers(daemon("live", False, 1))[key]

        self.assertEqual({re.search(r'agent="(\w+)"', each)[1] for each in found}, {"amy", "bob"})


if __name__ == "__main__":
    ROOT = pathlib.Path(sys.argv.pop(1))
    unittest.main()
