#!/usr/bin/env python3
"""Debian's Prometheus scrapes the real daemon every second, and believes every word."""

import json
import shutil
import subprocess
import urllib.parse

import programs
from programs import Daemon, ProgramTest, Program, Simulator, get, now_ms, program, toml_string, wait_for

SCRAPES = 20
QUOTED = 'Amy "the fast" \\ O\'Neil {x="1"} #'
TWO_LINES = "小美\n售前\\n\t第二行"
EMOJI = "👩‍💻🎧 客服 🧧"
CHINESE = "客服售前咨询组双十一大促值班专员小美" * 4
CHINESE = CHINESE.encode("utf-8")[:198].decode("utf-8") + "ab"  # 200 bytes
SHOP_ID = '店"铺"\\{旗舰}'
SHOP_NAME = '旗舰店 "双11" \\n 🧧'
NAMES = {"quoted": QUOTED, "two_lines": TWO_LINES, "emoji": EMOJI, "chinese": CHINESE, QUOTED: "plain"}


class Prometheus(Program):
    def __init__(self, folder, addresses):
        self.folder = folder
        jobs = "".join(
            f"""
  - job_name: {job}
    metrics_path: {path}
    static_configs: [{{targets: {json.dumps(addresses)}}}]"""
            for job, path in (("shops", "/metrics"), ("agents", "/metrics/agents"))
        )
        configuration = folder / "prometheus.yml"
        configuration.write_text(
            f"global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:{jobs}\n"
        )
        super().__init__(
            needed("prometheus"),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            "--web.listen-address=127.0.0.1:0",
        )

    def query(self, promql):
        """The result's series: a list of (labels, value)."""
        address = self.said(r'msg="Listening on".*? address=(127\.0\.0\.1:\d+)')[1]
        status, text = get(f"http://{address}/api/v1/query?" + urllib.parse.urlencode({"query": promql}))
        if status == 503:
            return []  # still starting
        answer = json.loads(text)
        if answer["status"] != "success":
            raise AssertionError(f"{promql}: {text}")
        return [(series["metric"], float(series["value"][1])) for series in answer["data"]["result"]]


def needed(tool):
    path = shutil.which(tool)
    if path is None:
        raise AssertionError(f"{tool} is not installed; install Debian's package prometheus.")
    return path


def event(**fields):
    return json.dumps(fields, ensure_ascii=False)


class RealPrometheus(ProgramTest):
    def names_stream(self):
        """A stream of a shop and agents with names that are hard to write down."""
        now = now_ms()
        lines = [
            event(type="agent_status", ts=now, shop=SHOP_ID, agent=agent, status="online", name=name, group=EMOJI)
            for agent, name in NAMES.items()
        ]
        for number in range(7):
            for sender, ts in (("customer", now + 1), ("human", now + 2)):
                lines.append(
                    event(
                        **{"type": "message", "ts": ts, "shop": SHOP_ID, "customer": f"c{number}", "from": sender},
                        agent="quoted",
                    )
                )
        return self.write("names.ndjson", "\n".join(lines) + "\n")

    def daemon_of(self, platform, shop_name):
        return self.run_program(
            Daemon(
                self.folder,
                f"""[feed]
url = "{platform.url()}"
[[shop]]
id = {toml_string(SHOP_ID)}
name = {toml_string(shop_name)}
[[shop.agent]]
id = {toml_string("号" + CHINESE)}
name = {toml_string(QUOTED)}
group = {toml_string(EMOJI)}
""",
            )
        )

    def expect_silence(self, page):
        for checker in ([needed("promtool"), "check", "metrics"], [program("EXPOSITION_CHECK")]):
            run = subprocess.run(checker, input=page.encode("utf-8"), capture_output=True, timeout=programs.PATIENCE)
            self.assertEqual((run.returncode, run.stdout, run.stderr), (0, b"", b""), checker[0])

    def test_scrapes_both_pages_and_every_name_survives(self):
        promotion = self.run_program(Simulator(*"--preset promo --at 20:00 --seed 3".split()))
        names = self.run_program(Simulator("--flood", self.names_stream()))
        daemons = [self.daemon_of(promotion, CHINESE), self.daemon_of(names, SHOP_NAME)]
        for daemon in daemons:
            daemon.wait_until_ready()
        busy, named = (daemon.address() for daemon in daemons)
        prometheus = self.run_program(Prometheus(self.folder, [busy, named]))

        def scrapes():
            counts = [count for _, count in prometheus.query("count_over_time(up[10m])")]
            return len(counts) == 4 and min(counts) >= SCRAPES

        wait_for(f"{SCRAPES} scrapes of four pages", scrapes, patience=2 * programs.PATIENCE)

        for what in ("min_over_time(up[10m])", "max_over_time(up[10m])"):
            self.assertEqual([up for _, up in prometheus.query(what)], [1, 1, 1, 1])
        smallest = prometheus.query("min_over_time(scrape_samples_scraped[10m])")
        self.assertEqual(len(smallest), 4)
        self.assertGreater(min(samples for _, samples in smallest), 50)
        sizes = [
            (metric["job"], metric["instance"], samples)
            for metric, samples in prometheus.query("scrape_samples_scraped")
        ]
        self.assertEqual(len(sizes), 4)
        traffic = prometheus.query(f'sum(deskpulse_shop_messages_total{{instance="{busy}"}})')
        self.assertGreater(traffic[0][1], 100)
        self.assertEqual(prometheus.query("sum(deskpulse_feed_connected)")[0][1], 2)

        def shop_name(instance):
            found = prometheus.query(f'deskpulse_shop_info{{instance="{instance}"}}')
            return [metric["name"] for metric, _ in found if metric["shop"] == SHOP_ID]

        self.assertEqual(shop_name(busy), [CHINESE])
        self.assertEqual(shop_name(named), [SHOP_NAME])
        found = prometheus.query(f'deskpulse_agent_info{{instance="{named}"}}')
        agents = {m["agent"]: (m["shop"], m["name"], m["group"], one) for m, one in found}
        expected = {agent: (SHOP_ID, name, EMOJI, 1) for agent, name in NAMES.items()}
        expected["号" + CHINESE] = (SHOP_ID, QUOTED, EMOJI, 1)
        self.assertEqual(agents, expected)
        counted = prometheus.query(f'deskpulse_agent_messages_total{{instance="{named}",agent="quoted"}}')
        self.assertEqual(
            {m["from"]: count for m, count in counted if count}, {"customer": 7, "human": 7}
        )

        for daemon in daemons:
            for path in ("/metrics", "/metrics/agents"):
                self.expect_silence(daemon.page(path))
        for started in (prometheus, *daemons, promotion, names):
            self.assertEqual(started.end(), 0, started.command[0])


if __name__ == "__main__":
    programs.main()
