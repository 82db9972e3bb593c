"""The files for Prometheus and Alertmanager, and the runbooks: valid, in step with each other and with
proto/METRICS.md, and every alert tested at its limits.

usage: rules_test.py ROOT_OF_THE_REPOSITORY
"""
import importlib.util
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import yaml

ROOT = pathlib.Path(".")
SEVERITIES = {"page", "warning", "info"}
TEAMS = {"service", "operations"}
ANNOTATIONS = ["summary", "summary_zh", "description", "description_zh", "runbook_url"]
HEADINGS = ["What it means 含义", "What to look at 先看什么", "What to do 怎么处理", "When to ignore it 何时可以忽略"]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")
# Of Prometheus itself.
OF_PROMETHEUS = {"up", "ALERTS"}
DURATION = re.compile(r"(\d+)(h|m|s)")
# A word that is not a label, a function, a keyword or inside quotes: what a query reads.
SERIES = re.compile(r"\b(?:deskpulse|process)_\w*(?::\w+)*|\bdeskpulse(?::\w+)+|\bup\b")


def series_of(query):
    """The names of the series that a query reads."""
    return set(SERIES.findall(re.sub(r'"(?:[^"\\]|\\.)*"', '""', query)))


def seconds(duration):
    return sum(int(n) * {"h": 3600, "m": 60, "s": 1}[unit] for n, unit in DURATION.findall(duration))


def rules_in(text):
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def untested(alerts, files):
    """One sentence for each thing that no test says about an alert; `files` are the parsed test files."""
    found = []
    for alert in alerts:
        name = alert["alert"]
        fires, silent, at_the_limit, ends = set(), set(), False, False
        for step, case in ((seconds(file["evaluation_interval"]), case) for file in files for case in file["tests"]):
            moments = {seconds(m["eval_time"]): bool(m["exp_alerts"]) for m in case.get("alert_rule_test", [])
                       if m["alertname"] == name}
            if any(moments.values()):
                fires.add(case["name"])
                first = min(at for at, firing in moments.items() if firing)
                at_the_limit |= moments.get(first - step) is False
                ends |= any(not firing for at, firing in moments.items() if at > first)
            elif moments:
                silent.add(case["name"])
        for said, what in ((fires, "firing"), (silent, "silent"), (at_the_limit, "silent until just before it fires"),
                           (ends, "silent again")):
            if not said:
                found.append(f"{name} is never tested {what}")
    return found


def unknown_series(queries, known):
    """One sentence for each series that a query reads and nobody serves; `queries` are (where, text)."""
    found = []
    for where, query in queries:
        for name in series_of(query):
            stem = next((name[: -len(part)] for part in HISTOGRAM_PARTS if name.endswith(part)), name)
            if name not in known and stem not in known:
                found.append(f"{where} reads {name}, which does not exist")
    return sorted(found)


def queries_of(runbook):
    return re.findall(r"^```promql\n(.*?)^```", runbook, re.MULTILINE | re.DOTALL)


def documented():
    """The names in the tables of proto/METRICS.md."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tests/unit/metrics_reference_test.py")
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    return set(reference.documented_in((ROOT / "proto/METRICS.md").read_text("utf-8")))


def run(*command):
    path = shutil.which(command[0])
    if path is None:
        raise AssertionError(f"{command[0]} is not installed; Debian has it in prometheus and prometheus-alertmanager.")
    return subprocess.run([path, *map(str, command[1:])], capture_output=True, text=True, encoding="utf-8")


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prometheus = ROOT / "deploy/prometheus"
        cls.alertmanager = ROOT / "deploy/alertmanager/alertmanager.yml"
        cls.runbooks = {path.stem: path.read_text("utf-8") for path in (ROOT / "deploy/runbooks").glob("*.md")}
        cls.index = cls.runbooks.pop("README")
        cls.alerts = rules_in((cls.prometheus / "deskpulse_alert_rules.yml").read_text("utf-8"))
        cls.records = rules_in((cls.prometheus / "deskpulse_recording_rules.yml").read_text("utf-8"))
        cls.test_files = {
            path: yaml.safe_load(path.read_text("utf-8"))
            for path in sorted((ROOT / "tests/unit/deploy").glob("*.test.yml"))
        }

    def expect_success(self, *command):
        ended = run(*command)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        return ended.stdout

    def test_are_valid(self):
        self.expect_success("promtool", "check", "rules", *sorted(self.prometheus.glob("*_rules.yml")))
        self.expect_success("promtool", "check", "config", self.prometheus / "prometheus.yml")
        self.expect_success("amtool", "check-config", self.alertmanager)

    def test_alerts_do_what_their_tests_say(self):
        self.assertEqual(len(self.test_files), 5)
        self.expect_success("promtool", "test", "rules", *self.test_files)

    def test_every_alert_is_tested_firing_and_not_firing(self):
        self.assertEqual(untested(self.alerts, list(self.test_files.values())), [])

    def test_every_recording_rule_is_tested(self):
        asked = " ".join(
            expectation["expr"]
            for file in self.test_files.values()
            for case in file["tests"]
            for expectation in case.get("promql_expr_test", [])
            if expectation["exp_samples"]
        )
        self.assertEqual({rule["record"] for rule in self.records} - series_of(asked), set())

    def test_read_only_series_that_exist(self):
        known = documented() | OF_PROMETHEUS | {rule["record"] for rule in self.records}
        queries = [(rule.get("alert") or rule["record"], rule["expr"]) for rule in self.alerts + self.records]
        for name, text in self.runbooks.items():
            queries += [(name + ".md", query) for query in queries_of(text)]
        for path, file in self.test_files.items():
            queries += [(path.name, each["series"]) for case in file["tests"] for each in case["input_series"]]
        self.assertGreater(len(queries), 100)
        self.assertEqual(unknown_series(queries, known), [])

    def test_names_of_recorded_series_have_level_metric_and_operation(self):
        for rule in self.records:
            self.assertRegex(rule["record"], r"^deskpulse(_shop|_agent)?:[a-z0-9_]+:[a-z0-9_]+$")

    def test_every_alert_says_how_urgent_it_is_and_what_it_means_in_both_languages(self):
        names = [alert["alert"] for alert in self.alerts]
        self.assertEqual(len(names), len(set(names)))
        for alert in self.alerts:
            name, annotations = alert["alert"], alert["annotations"]
            self.assertRegex(name, r"^Deskpulse[A-Z]")
            self.assertIn(alert["labels"]["severity"], SEVERITIES, name)
            self.assertIn(alert["labels"]["team"], TEAMS, name)
            self.assertEqual(list(annotations), ANNOTATIONS, name)
            for key, text in annotations.items():
                self.assertEqual(bool(CHINESE.search(text)), key.endswith("_zh"), f"{name} {key}: {text}")
                self.assertNotRegex(text, r"\$labels\.customer")
            self.assertEqual(annotations["runbook_url"], f"runbooks/{name}.md")

    def test_every_alert_has_a_runbook_and_the_reverse(self):
        self.assertEqual({alert["alert"] for alert in self.alerts}, set(self.runbooks))
        for alert in self.alerts:
            name, text = alert["alert"], self.runbooks[alert["alert"]]
            self.assertRegex(text.splitlines()[0], rf"^# {name} .*[\u4e00-\u9fff]")
            self.assertIn(f"`severity: {alert['labels']['severity']}`", text, name)
            self.assertEqual(re.findall(r"^## (.*)$", text, re.MULTILINE), HEADINGS, name)
            for section in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]:
                self.assertRegex(section, CHINESE, name)
                self.assertRegex(section, r"[a-z]{3}", name)
            self.assertTrue(queries_of(text), name)
            row = f"| [{name}]({name}.md) | {text.splitlines()[0].split(' ', 2)[2]} | {alert['labels']['severity']} |"
            self.assertIn(row, self.index)

    def test_every_message_reaches_those_whom_it_concerns(self):
        receivers = {
            ("service", "page"): "service-page",
            ("service", "warning"): "service",
            ("operations", "page"): "operations-page",
            ("operations", "warning"): "operations",
            ("operations", "info"): "nobody",
        }
        used = {(alert["labels"]["team"], alert["labels"]["severity"]) for alert in self.alerts}
        self.assertEqual(used, set(receivers))
        for (team, severity), receiver in receivers.items():
            said = self.expect_success(
                "amtool", "config", "routes", "test", "--config.file", self.alertmanager,
                f"team={team}", f"severity={severity}")
            self.assertEqual(said.strip(), receiver)

    def test_what_is_held_back_is_named_as_it_is_called(self):
        names = {alert["alert"] for alert in self.alerts}
        for rule in yaml.safe_load(self.alertmanager.read_text("utf-8"))["inhibit_rules"]:
            for matcher in rule["source_matchers"] + rule["target_matchers"]:
                label, pattern = re.fullmatch(r'(\w+)(?:=|!=|=~|!~)"(.*)"', matcher).groups()
                if label == "alertname":
                    self.assertTrue([name for name in names if re.fullmatch(pattern, name)], matcher)


class Checks(unittest.TestCase):
    """The checks above see what they are for."""

    ALERT = {"alert": "DeskpulseA"}

    def file_of(self, **cases):
        return {
            "evaluation_interval": "5s",
            "tests": [
                {
                    "name": name,
                    "alert_rule_test": [
                        {"eval_time": at, "alertname": "DeskpulseA", "exp_alerts": [{}] if firing else []}
                        for at, firing in moments
                    ],
                }
                for name, moments in cases.items()
            ]
        }

    def test_find_an_alert_without_its_tests(self):
        whole = [("1m55s", False), ("2m", True), ("3m", False)]
        quiet = [("15m", False)]
        self.assertEqual(untested([self.ALERT], [self.file_of(fires=whole, quiet=quiet)]), [])
        for complaint, cases in {
            "firing": {"quiet": quiet},
            "silent": {"fires": whole},
            "silent until just before it fires": {"fires": whole[1:], "quiet": quiet},
            "silent again": {"fires": whole[:2], "quiet": quiet},
        }.items():
            found = untested([self.ALERT], [self.file_of(**cases)])
            self.assertIn(f"DeskpulseA is never tested {complaint}", found)
        self.assertEqual(len(untested([self.ALERT], [])), 4)

    def test_find_a_series_that_nobody_serves(self):
        query = 'rate(deskpulse_a_total{reason="deskpulse_no_series"}[5m]) / on (job) deskpulse:b:sum and up == 1'
        self.assertEqual(series_of(query), {"deskpulse_a_total", "deskpulse:b:sum", "up"})
        known = {"deskpulse_a_total", "deskpulse:b:sum", "up", "deskpulse_c_seconds"}
        self.assertEqual(unknown_series([("here", query), ("here", "deskpulse_c_seconds_bucket")], known), [])
        self.assertEqual(unknown_series([("here", "deskpulse_d == 1")], known),
                         ["here reads deskpulse_d, which does not exist"])


if __name__ == "__main__":
    ROOT = pathlib.Path(sys.argv.pop(1))
    unittest.main()
