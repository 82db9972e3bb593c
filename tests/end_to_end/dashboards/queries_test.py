#!/usr/bin/env python3
"""Every query of every dashboard returns data from Debian's Prometheus, which scrapes the real daemon.

One daemon follows a promotion, a second one a platform on a bad day, so that faults are seen too; both have
a shop of the same name. Yesterday's numbers are the shops' page of today, a day earlier, written into
Prometheus' store before it starts.
"""

import json
import math
import re
import subprocess
import sys
import time
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import programs  # noqa: E402
from boards import every, panels, variables, with_variables  # noqa: E402
from programs import Daemon, ProgramTest, Simulator, get, wait_for  # noqa: E402
from prometheus_test import Prometheus, needed  # noqa: E402

DAY = 24 * 3600
# What Grafana puts in, for scrapes every second and a few minutes shown.
BY_GRAFANA = {"__rate_interval": "10s", "__range": "5m"}
ALL = ".+"
# Half a minute late is too late here, so that some of the simulator's late events are rejected.
CONFIGURATION = """[feed]
url = "{url}"
start = "floor"
allowed_lateness = "30s"

[store]
directory = "{state}"
interval = "1s"
journal = true

[targets]
waiting_customers = 100

[profiles.own]
timely_within = "90s"

[[shop]]
id = "云岫女装官方旗舰店"
name = "二号店"
profile = "own"
"""
SHOPS = ("青禾家居旗舰店", "云岫女装官方旗舰店", "木棉里母婴专卖店")
PROMOTION = "--preset promo --at 20:00 --warm-up 20m --seed 5".split()
FAULTY = "--preset normal --at 20:00 --warm-up 5m --seed 6 --duplicates 5% --late 20% --restart-after 60".split()


class DashboardPrometheus(Prometheus):
    def api(self, path, **parameters):
        address = self.said(r'msg="Listening on".*? address=(127\.0\.0\.1:\d+)')[1]
        status, text = get(f"http://{address}/api/v1/{path}?" + urllib.parse.urlencode(parameters))
        if status == 503:
            return None  # still starting
        answer = json.loads(text)
        if answer["status"] != "success":
            raise AssertionError(f"{path} {parameters}: {text}")
        return answer["data"]

    def instant(self, expr, at=None):
        """(labels, value) of each series, but those that are no number; now, or at a time."""
        when = {} if at is None else {"time": at}
        data = self.api("query", query=expr, **when) or {"result": []}
        found = [(series["metric"], float(series["value"][1])) for series in data["result"]]
        return [(labels, value) for labels, value in found if not math.isnan(value)]

    def over_time(self, expr):
        """(labels, values) of each line of the last 20 s."""
        now = time.time()
        data = self.api("query_range", query=expr, start=now - 20, end=now, step=5) or {"result": []}
        lines = [
            (series["metric"], [float(value) for _, value in series["values"] if value != "NaN"])
            for series in data["result"]
        ]
        return [(labels, values) for labels, values in lines if values]


def day_before(page, instance):
    """The shops' numbers of a page in OpenMetrics, as if scraped for 20 minutes around this time yesterday."""
    then = int(time.time()) - DAY
    lines = []
    for line in page.split("\n"):
        sample = re.fullmatch(r"(deskpulse_shop_\w+)\{(.*)\} (\S+)", line)
        if sample:
            name, labels, value = sample.groups()
            series = f'{name}{{{labels},job="shops",instance="{instance}"}} {value}'
            lines += [f"{series} {at}" for at in range(then - 300, then + 900, 15)]
    return "\n".join(lines) + "\n# EOF\n"


def queries():
    """Every different query: its text, whether it is one value or a line, and where it was first seen."""
    found = {}
    for language, name, dashboard in every():
        for panel in panels(dashboard):
            for target in panel["targets"]:
                key = (target["expr"], bool(target.get("instant")))
                found.setdefault(key, f"{language} {name}: {panel['title']}: {target['refId']}")
    return found


class Queries(ProgramTest):
    def setUp(self):
        super().setUp()
        daemon, faulty = [
            self.daemon_on(platform, self.folder / state)
            for platform, state in ((PROMOTION, "good"), (FAULTY, "faulty"))
        ]
        wait_for("agents", lambda: "deskpulse_agent_capacity" in daemon.page("/metrics/agents"))
        wait_for(
            "answers in every shop",
            lambda: daemon.page().count('deskpulse_shop_response_time_max_seconds{shop="') >= 3 * 6,
        )
        yesterday = self.write("yesterday.txt", day_before(daemon.page(), daemon.address()))
        subprocess.run(
            [needed("promtool"), "tsdb", "create-blocks-from", "openmetrics", yesterday, self.folder / "tsdb"],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=programs.PATIENCE,
        )
        self.prometheus = self.run_program(
            DashboardPrometheus(self.folder, [daemon.address(), faulty.address()])
        )
        wait_for("some scrapes", lambda: min([n for _, n in self.count_of_scrapes()], default=0) >= 25)

    def daemon_on(self, platform, state):
        simulator = self.run_program(Simulator(*platform))
        daemon = self.run_program(Daemon(self.folder, CONFIGURATION.format(url=simulator.url(), state=state)))
        daemon.wait_until_ready()
        return daemon

    def count_of_scrapes(self):
        return self.prometheus.instant("count_over_time(up[10m])")

    def choices(self, variable, chosen):
        """The values that Grafana offers for a variable."""
        query = with_variables(variable["query"], chosen)
        labels = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
        if labels:
            return sorted({series[labels[2]] for series in self.prometheus.api("series", **{"match[]": labels[1]})})
        expr = re.fullmatch(r"query_result\((.*)\)", query)[1]
        pattern = re.sub(r"\(\?<(\w+)>", r"(?P<\1>", variable["regex"].strip("/"))
        values = {}
        for series, value in self.prometheus.instant(expr):
            text = "{" + ",".join(f'{label}="{series[label]}"' for label in sorted(series)) + f"}} {value} 0"
            match = re.search(pattern, text)
            values[match["value"]] = match["text"]
        return values

    def expect_data(self, chosen):
        values = {**BY_GRAFANA, **chosen}
        missing = queries()

        def all_have_data():
            for expr, one_value in list(missing):
                query = with_variables(expr, values)
                found = self.prometheus.instant(query) if one_value else self.prometheus.over_time(query)
                if found:
                    del missing[expr, one_value]
            return not missing

        try:
            wait_for("data", all_have_data)
        except AssertionError:
            for (expr, _), where in missing.items():
                with self.subTest(where):
                    self.fail(f"no data from {with_variables(expr, values)}")

    def test_every_query_returns_data(self):
        chosen = {"job": ALL, "instance": ALL, "shop": ALL, "agent": ALL}
        offered = {}
        for _, _, dashboard in every():
            for name, variable in variables(dashboard).items():
                if name != "datasource":
                    offered[name] = self.choices(variable, chosen)
        self.assertEqual(offered["job"], ["agents", "shops"])
        self.assertEqual(len(offered["instance"]), 2)
        self.assertEqual(offered["shop"], {shop: shop for shop in SHOPS} | {SHOPS[1]: "二号店"})
        self.assertGreater(len(offered["agent"]), 30)
        self.assertNotIn("unassigned", offered["agent"])

        self.expect_data(chosen)
        # As Grafana writes several values that were chosen.
        several = {
            **chosen,
            "job": "(agents|shops)",
            "instance": "(" + "|".join(each.replace(".", r"\\.") for each in offered["instance"]) + ")",
            "shop": "(" + "|".join(SHOPS[:2]) + ")",
            "agent": "(" + "|".join(sorted(offered["agent"])[:30]) + ")",
        }
        self.expect_data(several)

        self.check_values({**BY_GRAFANA, **chosen})
        self.check_faults_are_seen({**BY_GRAFANA, **chosen})

    def check_values(self, values):
        """What a panel relies on: one value where it shows one, the same labels where rows are merged."""
        for language, name, dashboard in every():
            for panel in panels(dashboard):
                now = time.time()  # one for all queries of a panel, as Grafana asks them
                results = {
                    target["refId"]: self.prometheus.instant(with_variables(target["expr"], values), now)
                    for target in panel["targets"]
                }
                with self.subTest(f"{language} {name}: {panel['title']}"):
                    if panel["type"] == "stat":
                        self.assertEqual({len(result) for result in results.values()}, {1})
                    for refid, result in results.items():
                        if refid.startswith("target"):
                            self.assertEqual([labels for labels, _ in result], [{}])
                    if panel["type"] == "table":
                        self.check_rows(results)
                    if panel["type"] == "bargauge":
                        self.assertTrue(all(labels["name"] for labels, _ in results["value"]))

    def check_rows(self, results):
        ids = lambda labels: {k: v for k, v in labels.items() if k in ("shop", "agent")}  # noqa: E731
        rows = [ids(labels) for labels, _ in results["info"]]
        self.assertEqual(len(rows), len({tuple(row.items()) for row in rows}))
        for refid, result in results.items():
            if refid.startswith("target"):
                continue
            for labels, _ in result:
                self.assertIn(ids(labels), rows, refid)
                if refid not in ("info", "presence"):
                    self.assertEqual(labels, ids(labels), refid)

    def check_faults_are_seen(self, values):
        for expr in (
            "sum(deskpulse_late_events_total)",
            "sum(deskpulse_duplicate_events_total)",
            'sum(deskpulse_rejected_events_total{reason="too_late"})',
            "sum(deskpulse_feed_reconnects_total)",
            'sum(deskpulse_shop_turns_total{outcome="transferred_unanswered"})',
        ):
            with self.subTest(expr):
                self.assertGreater(self.prometheus.instant(expr)[0][1], 0)
        by_profile = [
            target["expr"]
            for _, name, dashboard in every()
            for panel in panels(dashboard)
            for target in panel["targets"]
            if target["refId"] == "profiles"
        ]
        for expr in by_profile:
            found = self.prometheus.instant(with_variables(expr, values))
            self.assertEqual({labels["profile"] for labels, _ in found}, {"default", "own"})


if __name__ == "__main__":
    programs.main()
