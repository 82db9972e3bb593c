"""Every alert in every situation fires, or does not, as the table in deploy/runbooks/README.md says.

In a situation each alert has a daemon and a shop of its own, whose fault is made after 16 minutes of good
numbers; in a second run of it nobody has a fault. promtool evaluates the rules over both, and tells
which alerts have fired at any time, and of whom.

usage: matrix_test.py ROOT_OF_THE_REPOSITORY
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
MINUTE = 60
ONSET = 16 * MINUTE
END = 34 * MINUTE
DAY = 24 * 3600


class Situation:
    """What happens to every daemon, whatever its own fault."""

    step = 5  # seconds from scrape to scrape
    instances = ("a",)
    customers = True

    def away(self, t):
        """The feed is disconnected, and the numbers stand still."""
        return False

    def stopped(self, t):
        """The process does not run."""
        return False

    def started(self, t):
        return -DAY

    def gaps(self, t):
        return 0

    def incomplete(self, t, window):
        return False


class Blips(Situation):
    def away(self, t):
        return t % MINUTE < 5


class Flapping(Situation):
    """Away 50 s, there 25 s."""

    def away(self, t):
        return t % 75 < 50


class Restart(Situation):
    AT = ONSET + MINUTE

    def stopped(self, t):
        return self.AT <= t < self.AT + 10

    def away(self, t):
        return self.AT + 10 <= t < self.AT + 15

    def started(self, t):
        return self.AT + 10 if t >= self.AT + 10 else -DAY


class Gap(Situation):
    """As a disconnect of a plain feed, five minutes before the faults."""

    AT = ONSET - 5 * MINUTE

    def away(self, t):
        return self.AT <= t < self.AT + 10

    def gaps(self, t):
        return 1 if t >= self.AT + 10 else 0

    def incomplete(self, t, window):
        return self.AT + 10 <= t < self.AT + 10 + window


class Pair(Situation):
    instances = ("a", "b")


class Night(Situation):
    """Nobody has written for hours; heartbeats come every 5 s, and each scrape finds the newest 3 s old."""

    customers = False


class SlowScrapes(Situation):
    step = 15


# By the heading of their columns.
SITUATIONS = {
    "by day": Situation(),
    "a blip a minute": Blips(),
    "away 50 s of 75": Flapping(),
    "a restart": Restart(),
    "a gap": Gap(),
    "two daemons": Pair(),
    "at night": Night(),
    "scrapes of 15 s": SlowScrapes(),
}

# What a fault makes of a daemon and its shop from ONSET on: a value, or a function of the time. Of a pair both have what is of
# the shop, and one has what is of the daemon.
OF_SHOPS = {
    "DeskpulseManyCustomersWaitTooLong": {"over_180": 30, "waiting": 30, "online": 5},
    "DeskpulseWaitingOverTarget": {"waiting": 50, "online": 5},
    "DeskpulseSlowShareOverTarget": {"slow": 20, "consulting": 100},
    "DeskpulseUnansweredGrowing": {"unanswered": 40, "received": 200},
    "DeskpulseAgentOverloaded": {"open": 15, "agent_waiting": 1},
    "DeskpulseNoAgentOnline": {"online": 0, "waiting": 3, "answers": lambda t: ONSET},
}
OF_DAEMONS = {
    "DeskpulseFeedDown": {"connected": 0, "stale": 1},
    "DeskpulseFeedStale": {"stale": 1},
    "DeskpulseFeedFlapping": {"stale": lambda t: int(t % 75 < 50), "connected": lambda t: int(t % 75 >= 50)},
    "DeskpulseFeedLagging": {"lag": 3, "events": lambda t: 10 * t},
    "DeskpulseFeedGaps": {"gaps": 5},
    "DeskpulseEventsRejected": {"rejected": lambda t: 2 * (t - ONSET), "events": lambda t: 10 * t, "lag": 0.5},
    "DeskpulseDown": {"up": 0, "agents_up": 0},
    "DeskpulseAgentsPageDown": {"agents_up": 0},
    "DeskpulseNotScraped": {"up": None, "agents_up": None},
    "DeskpulseRestartLoop": {"started": lambda t: ONSET + MINUTE * min(3, (t - ONSET) // MINUTE)},
    "DeskpulseConfigReloadFailed": {"reloaded": 0},
    "DeskpulseCertificateExpiring": {"certificate": lambda t: 3 * DAY},
    "DeskpulseSnapshotOld": {"snapshot": ONSET},
    "DeskpulseJournalFailing": {"journal_failures": 1},
    "DeskpulseLimitNear": {"limit_used": 90},
    "DeskpulseLimitExceeded": {"exceeded": 1},
    "DeskpulseClockStepped": {"clock_steps": 1},
}
# One alert has another one with it, which Alertmanager holds back.
FOLLOWS = {"DeskpulseDown": "DeskpulseAgentsPageDown"}
# No daemon may be scraped, so this one has a run of its own.
ALONE = "DeskpulseNotScraped"

SERIES = {
    "deskpulse": {
        "deskpulse_build_info": "one",
        "deskpulse_feed_stale": "stale",
        "deskpulse_feed_connected": "connected",
        "deskpulse_feed_lag_seconds": "lag",
        "deskpulse_feed_gaps_total": "gaps",
        'deskpulse_events_total{type="message"}': "events",
        'deskpulse_rejected_events_total{reason="bad_id"}': "rejected",
        'deskpulse_window_incomplete{window="5m"}': "incomplete_5m",
        'deskpulse_window_incomplete{window="15m"}': "incomplete_15m",
        "process_start_time_seconds": "started",
        "deskpulse_config_last_reload_successful": "reloaded",
        "deskpulse_http_certificate_expiry_timestamp_seconds": "certificate",
        "deskpulse_snapshot_interval_seconds": "five",
        "deskpulse_snapshot_last_success_timestamp_seconds": "snapshot",
        'deskpulse_snapshot_failures_total{stage="write"}': "zero",
        'deskpulse_journal_failures_total{stage="write"}': "journal_failures",
        "deskpulse_journal_dropped_batches_total": "zero",
        'deskpulse_limit{limit="agents"}': "hundred",
        'deskpulse_limit_used{limit="agents"}': "limit_used",
        'deskpulse_limit_exceeded_total{limit="agents"}': "exceeded",
        "deskpulse_clock_steps_total": "clock_steps",
        'deskpulse_target{number="waiting_customers"}': "forty",
        'deskpulse_target{number="oldest_wait_seconds"}': "hundred_and_eighty",
        'deskpulse_target{number="slow_share"}': "tenth",
        'deskpulse_target{number="unanswered_share"}': "twentieth",
        'deskpulse_target{number="load"}': "one",
        "deskpulse_shop_waiting_customers{SHOP}": "waiting",
        'deskpulse_shop_waiting_customers_over{SHOP,seconds="180"}': "over_180",
        'deskpulse_shop_agents{SHOP,status="online"}': "online",
        'deskpulse_shop_messages_total{SHOP,from="human"}': "answers",
        'deskpulse_shop_messages_total{SHOP,from="assist"}': "zero",
        'deskpulse_shop_slow_customers{SHOP,window="5m"}': "slow",
        'deskpulse_shop_consulting_customers{SHOP,window="5m"}': "consulting",
        'deskpulse_shop_unanswered_customers{SHOP,window="15m"}': "unanswered",
        'deskpulse_shop_received_customers{SHOP,window="15m"}': "received",
    },
    "deskpulse-agents": {
        'deskpulse_agent_open_conversations{SHOP,agent="amy"}': "open",
        'deskpulse_agent_capacity{SHOP,agent="amy"}': "ten",
        'deskpulse_agent_waiting_customers{SHOP,agent="amy"}': "agent_waiting",
    },
}
UP = {"deskpulse": "up", "deskpulse-agents": "agents_up"}


def healthy(situation):
    """By name, the values of a daemon and its shop without a fault."""
    by_day = situation.customers
    constants = {
        "zero": 0, "one": 1, "five": 5, "ten": 10, "forty": 40, "hundred": 100, "hundred_and_eighty": 180,
        "tenth": 0.1, "twentieth": 0.05,
        "up": 1, "agents_up": 1, "rejected": 0, "reloaded": 1, "certificate": 90 * DAY, "journal_failures": 0,
        "limit_used": 10, "exceeded": 0, "clock_steps": 0, "over_180": 0, "slow": 0,
        "lag": 0.5 if by_day else 3,
        "waiting": 3 if by_day else 0,
        "online": 5 if by_day else 0,
        "consulting": 100 if by_day else 0,
        "unanswered": 2 if by_day else 0,
        "received": 200 if by_day else 0,
        "open": 5 if by_day else 0,
        "agent_waiting": 1 if by_day else 0,
    }
    return {name: (lambda t, value=value: value) for name, value in constants.items()} | {
        "stale": lambda t: int(situation.away(t)),
        "connected": lambda t: int(not situation.away(t)),
        "started": situation.started,
        "gaps": situation.gaps,
        "incomplete_5m": lambda t: int(situation.incomplete(t, 5 * MINUTE)),
        "incomplete_15m": lambda t: int(situation.incomplete(t, 15 * MINUTE)),
        "snapshot": lambda t: t,
        "events": lambda t: 10 * t if by_day else 0,
        "answers": lambda t: t if by_day else 0,
    }


def with_fault(values, fault):
    for name, given in fault.items():
        faulty = given if callable(given) else lambda t, given=given: given
        values[name] = lambda t, good=values[name], faulty=faulty: (faulty if t >= ONSET else good)(t)
    return values


def written(samples):
    """In promtool's notation; a series that ends is marked as ended, as Prometheus does."""
    words, there = [], False
    for value in samples:
        words.append(str(value) if value is not None else "stale" if there else "_")
        there = value is not None
    return " ".join(words)


def series_of_daemon(situation, instance, shop, fault):
    values = with_fault(healthy(situation), fault)
    times = range(0, END + 1, situation.step)
    found = []
    for job, series in SERIES.items():
        up = [values[UP[job]](t) and int(not situation.stopped(t)) for t in times]
        place = f'instance="{instance}",job="{job}"'
        found.append({"series": f"up{{{place}}}", "values": written(up)})
        for name, value in series.items():
            stem, _, labels = name.rstrip("}").partition("{")
            labels = f"{{{place},{labels}}}".replace("SHOP", f'shop="{shop}"')
            samples = [values[value](t) if alive else None for t, alive in zip(times, up)]
            found.append({"series": stem + labels, "values": written(samples)})
    return found


def place_of(alert, instance="a"):
    """The alert, and its labels `instance` and `shop`; empty where it has none."""
    if alert in OF_SHOPS:
        return alert, "", alert
    return (alert, "", "") if alert == ALONE else (alert, f"{alert}-{instance}", "")


def run_with_faults(situation):
    """The series of a daemon and a shop for each alert, with its fault."""
    found = []
    for alert in [*OF_SHOPS, *OF_DAEMONS]:
        for instance in situation.instances if alert != ALONE else ():
            fault = OF_SHOPS.get(alert) or (OF_DAEMONS[alert] if instance == "a" else {})
            found += series_of_daemon(situation, f"{alert}-{instance}", alert, fault)
    return found


def run_of(situation, name, fault):
    """The series of a single shop and who follows it."""
    return [series for instance in situation.instances
            for series in series_of_daemon(situation, f"{name}-{instance}", name, fault)]


def test_of(name, situation, series, fired):
    """`fired` are (alert, instance, shop), each once."""
    samples = []
    for alert, instance, shop in sorted(fired):
        labels = {"alertname": alert, "instance": instance, "shop": shop}
        said = ",".join(f'{label}="{value}"' for label, value in labels.items() if value)
        samples.append({"labels": f"{{{said}}}", "value": 1})
    return {
        "name": name,
        "interval": f"{situation.step}s",
        "input_series": series,
        "promql_expr_test": [{
            "expr": 'count by (alertname, instance, shop) (count_over_time(ALERTS{alertstate="firing"}[1h]))',
            "eval_time": f"{END}s",
            "exp_samples": samples,
        }],
    }


def table(text):
    """{alert: {situation: cell}} of the table that has these situations as its columns."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")]
    heading = next(row for row in rows if row[1:] and row[1].startswith("by day"))
    columns = [re.match(r"[ -~]+", cell)[0].strip() for cell in heading[1:]]
    found = {}
    for row in rows[rows.index(heading) + 1:]:
        found[re.match(r"\[(\w+)\]", row[0])[1]] = dict(zip(columns, row[1:]))
    return found


def differences(said):
    """What promtool says of two long vectors: those that are in one of them only, by the line that names the test."""
    expected = set()
    for line in said.splitlines():
        fired = set(re.findall(r"\{[^}]*\} [^,\s]+", line))
        if line.strip().startswith("exp:"):
            expected = fired
        elif line.strip().startswith("got:"):
            yield from (f"  fires not: {alert}" for alert in sorted(expected - fired))
            yield from (f"  fires: {alert}" for alert in sorted(fired - expected))
        else:
            yield line


class Matrix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rules = ROOT / "deploy/prometheus"
        cls.table = table((ROOT / "deploy/runbooks/README.md").read_text("utf-8"))
        groups = [group for path in ("deskpulse_recording_rules.yml", "deskpulse_alert_rules.yml")
                  for group in yaml.safe_load((cls.rules / path).read_text("utf-8"))["groups"]]
        cls.order = [group["name"] for group in groups]
        cls.alerts = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}

    def test_has_every_alert_and_every_situation(self):
        self.assertEqual(set(self.table), self.alerts)
        self.assertEqual({*OF_SHOPS, *OF_DAEMONS}, self.alerts)
        for alert, cells in self.table.items():
            self.assertEqual(list(cells), list(SITUATIONS), alert)
            self.assertLessEqual(set(cells.values()), {"fires", "silent", "always"}, alert)

    def check(self, name):
        situation = SITUATIONS[name]
        cells = {alert: cells[name] for alert, cells in self.table.items()}
        always = [alert for alert, cell in cells.items() if cell == "always"]
        daemons = [f"{alert}-{instance}" for alert in cells if alert != ALONE for instance in situation.instances]
        fired = {place_of(alert) for alert, cell in cells.items() if cell != "silent" and alert != ALONE}
        fired |= {(alert, daemon, "") for alert in always for daemon in daemons}
        fired |= {(follows, place_of(alert)[1], "") for alert, follows in FOLLOWS.items() if cells[alert] != "silent"}
        healthy_fired = {(alert, f"healthy-{instance}", "") for alert in always for instance in situation.instances}
        alone_fired = {(alert, f"{ALONE}-{instance}", "") for alert in always for instance in situation.instances}
        alone_fired |= {place_of(ALONE)} if cells[ALONE] != "silent" else set()
        self.run_promtool(
            test_of(f"{name}, without a fault", situation, run_of(situation, "healthy", {}), healthy_fired),
            test_of(f"{name}, not scraped", situation, run_of(situation, ALONE, OF_DAEMONS[ALONE]), alone_fired),
            test_of(f"{name}, with every fault", situation, run_with_faults(situation), fired),
        )

    def run_promtool(self, *tests):
        promtool = shutil.which("promtool")
        self.assertIsNotNone(promtool, "promtool is not installed; Debian has it in prometheus.")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "matrix.test.yml")
            path.write_text(json.dumps({
                "rule_files": [str(rules.resolve()) for rules in sorted(self.rules.glob("*_rules.yml"))],
                "evaluation_interval": "5s",
                "group_eval_order": self.order,
                "tests": list(tests),
            }), "utf-8")
            ended = subprocess.run([promtool, "test", "rules", path], capture_output=True, text=True,
                                   encoding="utf-8", timeout=900)
        self.assertEqual(ended.returncode, 0, "\n".join(differences(ended.stdout + ended.stderr)))


for number, heading in enumerate(SITUATIONS, 1):
    setattr(Matrix, f"test_{number}_{re.sub('[^a-z0-9]+', '_', heading)}", lambda self, heading=heading: self.check(heading))


if __name__ == "__main__":
    ROOT = pathlib.Path(sys.argv.pop(1))
    unittest.main()
