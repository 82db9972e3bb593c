#!/usr/bin/env python3
"""Every alert, for real: Debian's Prometheus and Alertmanager with our files, scraping real daemons.

First all is well, and every recording rule has data. Then every fault is made, each alert fires, and
the queries of its runbook show something. Then every fault ends, and each alert stops. The messages of
both have reached the webhook.

The files are those of deploy/, but for what rewrite() does: time is SCALE times as fast, scrapes come every
second, the targets are those of the test, and nobody is left alone at night.
"""

import http.server
import json
import os
import re
import resource
import signal
import subprocess
import threading
import urllib.parse
from pathlib import Path

import yaml

import programs
from programs import PATIENCE, Daemon, ProgramTest, Program, Simulator, get, now_ms, program, toml_string, wait_for
from prometheus_test import Prometheus, needed
from scripted_platform import ScriptedPlatform

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RECORDING = DEPLOY / "prometheus/deskpulse_recording_rules.yml"
ALERTS = DEPLOY / "prometheus/deskpulse_alert_rules.yml"
SCALE = 30
UNITS = {"s": 1, "m": 60, "h": 3600}
SLOW_AFTER = 5_000  # ms, of the shops here
PAGES = {"deskpulse": "/metrics", "deskpulse-agents": "/metrics/agents"}


# --- the files of deploy/, for a hurried reader ---


def hurried(duration, least=1):
    """A duration, SCALE times shorter; at least so many seconds."""
    number, unit = re.fullmatch(r"(\d+)([smh])", duration).groups()
    return f"{max(least, round(int(number) * UNITS[unit] / SCALE))}s"


def rewrite_rules(text):
    rules = yaml.safe_load(text)
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        if "for" in rule:
            rule["for"] = hurried(rule["for"])
        # A range needs three scrapes to be sure of two.
        rule["expr"] = re.sub(r"\[(\w+)\]", lambda m: f"[{hurried(m[1], 3)}]", rule["expr"])
        rule["expr"] = re.sub(r"\boffset (\w+)", lambda m: f"offset {hurried(m[1])}", rule["expr"])
    return yaml.safe_dump(rules, allow_unicode=True)


def rewrite_prometheus(text, targets, secure_targets, alertmanager):
    settings = yaml.safe_load(text)
    settings["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    settings["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [alertmanager]
    for job in settings["scrape_configs"]:
        job |= {"scrape_interval": "1s", "scrape_timeout": "1s"}
        del job["static_configs"]
        job["file_sd_configs"] = [{"files": [str(targets)]}]
    # As the example's comments have it for other machines, but that any certificate will do.
    settings["scrape_configs"].append({
        "job_name": "deskpulse-remote",
        "scheme": "https",
        "tls_config": {"insecure_skip_verify": True},
        "file_sd_configs": [{"files": [str(secure_targets)]}],
    })
    return yaml.safe_dump(settings)


def rewrite_alertmanager(text, webhook):
    settings = yaml.safe_load(text)

    def visit(route):
        route.pop("mute_time_intervals", None)
        for key in ("group_wait", "group_interval"):
            if key in route:
                route[key] = hurried(route[key])
        for child in route.get("routes", []):
            visit(child)

    visit(settings["route"])
    for receiver in settings["receivers"]:
        for hook in receiver.get("webhook_configs", []):
            hook["url"] = webhook + urllib.parse.urlsplit(hook["url"]).path
    return yaml.safe_dump(settings)


# --- the programs ---


class Webhook:
    """Keeps what is posted to it."""

    def __init__(self):
        self.posts = []

    def __enter__(self):
        posts = self.posts

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posts.append(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self):
        return "http://127.0.0.1:%d" % self._server.server_address[1]


class Alertmanager(Program):
    def __init__(self, folder, webhook):
        settings = folder / "alertmanager.yml"
        settings.write_text(
            rewrite_alertmanager((DEPLOY / "alertmanager/alertmanager.yml").read_text("utf-8"), webhook), "utf-8"
        )
        super().__init__(
            needed("prometheus-alertmanager"),
            f"--config.file={settings}",
            f"--storage.path={folder / 'alertmanager'}",
            "--web.listen-address=127.0.0.1:0",
            "--cluster.listen-address=",
        )

    def address(self):
        return self.said(r'msg="Listening on".*? address=(127\.0\.0\.1:\d+)')[1]

    def inhibited(self):
        """The labels of alerts that are held back because of others."""
        _, text = get(f"http://{self.address()}/api/v2/alerts")
        return [alert["labels"] for alert in json.loads(text) if alert["status"]["inhibitedBy"]]


class PrometheusWithRules(Prometheus):
    def __init__(self, folder, alertmanager):
        self.targets = folder / "targets.json"
        self.secure_targets = folder / "secure_targets.json"
        self.watch([])
        for rules in (RECORDING, ALERTS):
            (folder / rules.name).write_text(rewrite_rules(rules.read_text("utf-8")), "utf-8")
        settings = folder / "prometheus.yml"
        example = (DEPLOY / "prometheus/prometheus.yml").read_text("utf-8")
        settings.write_text(rewrite_prometheus(example, self.targets, self.secure_targets, alertmanager), "utf-8")
        Program.__init__(
            self,
            needed("prometheus"),
            f"--config.file={settings}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            "--web.listen-address=127.0.0.1:0",
        )

    def watch(self, addresses, secure=()):
        """From now on these, and no others, are scraped; `secure` are those with TLS."""
        for path, watched in ((self.targets, addresses), (self.secure_targets, list(secure))):
            written = path.with_suffix(".new")
            written.write_text(json.dumps([{"targets": watched}] if watched else []), "utf-8")
            written.rename(path)

    def firing(self):
        return [labels for labels, _ in self.query('ALERTS{alertstate="firing"}')]

    def fired(self):
        """Those that fire, and those that did and have stopped."""
        return [labels for labels, _ in self.query('count_over_time(ALERTS{alertstate="firing"}[10m])')]


# --- what happens in the shops ---


def message(shop, customer, sender, ts, agent="bob"):
    return {"type": "message", "ts": ts, "shop": shop, "customer": customer, "agent": agent, "from": sender}


def question(shop, customer, ts, agent="bob"):
    return message(shop, customer, "customer", ts, agent)


def answer(shop, customer, ts, agent="bob"):
    return message(shop, customer, "human", ts, agent)


def close(shop, customer, ts):
    return {"type": "close", "ts": ts, "shop": shop, "customer": customer}


def presence(shop, agent, status, ts, **more):
    return {"type": "agent_status", "ts": ts, "shop": shop, "agent": agent, "status": status, **more}


def each(number, name="new"):
    return [f"{name}-{i}" for i in range(number)]


class DaemonWithAClock(Daemon):
    """Its wall clock is in the test's hand; its other clocks are not."""

    LIBRARY = "/usr/$LIB/faketime/libfaketimeMT.so.1"

    def __init__(self, folder, configuration):
        self.offset = folder / "offset"
        self.set_clock("+0")
        super().__init__(folder, configuration)
        settings = {
            "LD_PRELOAD": self.LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": self.offset,
            "FAKETIME_DONT_FAKE_MONOTONIC": 1,
            "FAKETIME_NO_CACHE": 1,
        }
        self.command = ["env", *(f"{name}={value}" for name, value in settings.items()), *self.command]

    def set_clock(self, offset):
        written = self.offset.with_suffix(".new")
        written.write_text(offset, "ascii")
        written.rename(self.offset)


class ShopsOnly:
    """The pages of a daemon, on another port; while `agents_fail` that of the agents is not served."""

    def __init__(self, daemon):
        self.agents_fail = False
        self._daemon = daemon

    def __enter__(self):
        pages = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.endswith("/agents") and pages.agents_fail:
                    self.send_error(503)
                    return
                body = pages._daemon.page(self.path).encode("utf-8")
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def address(self):
        return "127.0.0.1:%d" % self._server.server_address[1]

    def set_agents_fail(self, fail):
        self.agents_fail = fail


class Fault:
    """An alert that must fire with these labels after make(), and stop after end()."""

    def __init__(self, alert, make, end, **labels):
        self.alert = alert
        self.make = make
        self.end = end
        self.labels = {"alertname": alert, **labels}

    def is_in(self, firing):
        return any(self.labels.items() <= labels.items() for labels in firing)


def queries_of(runbook):
    return re.findall(r"^```promql\n(.*?)\n```", runbook.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def rules_in(path):
    return [rule for group in yaml.safe_load(path.read_text("utf-8"))["groups"] for rule in group["rules"]]


def alerts_of_rules():
    return {rule["alert"]: rule for rule in rules_in(ALERTS)}


class EveryAlert(ProgramTest):
    def daemon_of(self, url, more="", *arguments):
        configuration = f"""[feed]
url = "{url}"
start = "floor"
reconnect = {{ base = "20ms", cap = "200ms" }}
{more}"""
        daemon = self.run_program(Daemon(self.folder, configuration, *arguments))
        daemon.wait_until_ready()
        return daemon

    def watched(self, more=""):
        """A platform and the daemon that follows it."""
        platform = self.run_program(ScriptedPlatform())
        return platform, self.daemon_of(platform.url(), more)

    def simulator(self, port=0):
        return self.run_program(
            Program(
                program("SIMULATOR"),
                *f"serve --listen 127.0.0.1:{port} --preset promo --at 20:00 --warm-up 10m --seed 3".split(),
            )
        )

    # Faults. Each returns how to make it and how to end it.

    def too_many_wait(self, desk, shop, count, ago):
        def make():
            desk.send(*(question(shop, c, now_ms() - ago) for c in each(count)))

        def end():
            desk.send(*(answer(shop, c, now_ms()) for c in each(count)))

        return make, end

    def slow_answers(self, desk, shop):
        def make():
            now = now_ms()
            for customer in each(30):
                desk.send(question(shop, customer, now - 2 * SLOW_AFTER), answer(shop, customer, now))

        def end():
            now = now_ms()
            for customer in each(400, "quick"):
                desk.send(question(shop, customer, now), answer(shop, customer, now + 1))

        return make, end

    def full_hands(self, desk, shop):
        def make():
            now = now_ms()
            desk.send(presence(shop, "amy", "online", now, capacity=2))
            desk.send(*(question(shop, c, now, "amy") for c in each(3)))

        def end():
            desk.send(*(close(shop, c, now_ms()) for c in each(3)))

        return make, end

    def nobody_there(self, desk, shop):
        def make():
            now = now_ms()
            desk.send(presence(shop, "bob", "offline", now))
            desk.send(*(question(shop, c, now) for c in each(10)), question(shop, "queued", now, agent=""))

        def end():
            # In this order both alerts end at once, and the inhibited one is never left alone.
            desk.send(*(answer(shop, c, now_ms()) for c in [*each(10), "queued"]))
            desk.send(presence(shop, "bob", "online", now_ms()))

        return make, end

    def bad_configuration(self, daemon):
        path = Path(daemon.path)
        good = path.read_text("utf-8")

        def reload(text):
            path.write_text(text, "utf-8")
            daemon.process.send_signal(signal.SIGHUP)

        return (lambda: reload(good + "\n[nonsense]\n")), (lambda: reload(good))

    def restarts(self, prometheus, daemon, url):
        """Three quick ones; then it stays away, until it comes back."""
        address = daemon.address()
        listen = ("--set", f"http.listen={address}")
        running = [daemon]

        def started():
            query = f'process_start_time_seconds{{instance="{address}"}} and on (instance, job) up == 1'
            return {value for _, value in prometheus.query(query)}

        def make():
            for _ in range(3):
                before = started()
                self.assertEqual(running.pop().end(), 0)
                running.append(self.daemon_of(url, "", *listen))
                wait_for("a scrape after the restart", lambda: started() - before)
            self.assertEqual(running.pop().end(), 0)

        return make, lambda: running.append(self.daemon_of(url, "", *listen))

    def certificate(self, days):
        """The listener's, which is good for so many days; in place of what stands there, at once."""
        certificate, key = self.folder / "listener.pem", self.folder / "listener.key"
        subprocess.run(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=deskpulse".split()
            + ["-days", str(days), "-out", f"{certificate}.new", "-keyout", f"{key}.new"],
            check=True,
            capture_output=True,
            timeout=PATIENCE,
        )
        os.rename(f"{key}.new", key)
        os.rename(f"{certificate}.new", certificate)
        return certificate, key

    def daemon_with_tls(self):
        certificate, key = self.certificate(90)
        platform = self.run_program(ScriptedPlatform())
        return self.run_program(Daemon(self.folder, f"""[feed]
url = "{platform.url()}"
[http.tls_server_config]
cert_file = {toml_string(str(certificate))}
key_file = {toml_string(str(key))}
"""))

    def old_certificate(self, daemon):
        def renew(days):
            self.certificate(days)
            daemon.process.send_signal(signal.SIGHUP)

        return (lambda: renew(3)), (lambda: renew(90))

    def full_disk(self, daemon):
        """No file grows: what is written fails as it does on a full disk."""

        def allow(size):
            _, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

        return (lambda: allow(0)), (lambda: allow(None))

    def too_many_at_once(self, platform):
        """Twenty events at once, five times a second, where ten can wait for earlier ones."""

        def crowd():
            now = now_ms()
            return [question("shop", customer, now + i) for i, customer in enumerate(each(20))]

        return (lambda: platform.keep_sending(crowd)), (lambda: platform.keep_sending(None))

    def stepped_clock(self, daemon):
        return (lambda: daemon.set_clock("+2")), (lambda: None)

    def late_events(self, platform):
        """What happens is told three seconds later, and so is the time."""

        def make():
            platform.set_clock_behind(3)
            platform.keep_sending(lambda: [question("shop", "late", now_ms() - 3_000)])

        def end():
            platform.keep_sending(None)
            platform.set_clock_behind(0)

        return make, end

    def daemon_with_a_clock(self):
        platform = self.run_program(ScriptedPlatform())
        return self.run_program(DaemonWithAClock(self.folder, f'[feed]\nurl = "{platform.url()}"\n'))

    def lost_simulator(self, simulator, port):
        return (lambda: self.assertEqual(simulator.end(), 0)), (lambda: self.simulator(port))

    def healthy_shops(self, desk, shops):
        """Forty customers each, all answered within a second."""
        now = now_ms()
        for shop in shops:
            desk.send(presence(shop, "bob", "online", now - 2_000))
            for customer in each(40, "early"):
                desk.send(question(shop, customer, now - 2_000), answer(shop, customer, now - 1_000))

    def wait_for_all(self, what, remaining):
        """Until `remaining`, a function, gives an empty list; a failure says what was in it last."""
        last = []

        def none_is_left():
            last[:] = remaining()
            return not last

        try:
            wait_for(what, none_is_left)
        except AssertionError as waited:
            raise AssertionError(f"{waited}; not so: {last}") from None

    def expect_messages(self, webhook, statuses):
        """Every alert (its end) came to those whom it concerns; those of `info` to nobody."""
        expected = set()
        for name, rule in alerts_of_rules().items():
            team, severity = rule["labels"]["team"], rule["labels"]["severity"]
            if severity != "info":
                receiver = team + ("-page" if severity == "page" else "")
                expected |= {(receiver, name, status) for status in statuses}

        def told():
            return {
                (post["receiver"], alert["labels"]["alertname"], alert["status"])
                for post in webhook.posts
                for alert in post["alerts"]
            }

        self.wait_for_all("every message", lambda: sorted(expected - told()))
        self.assertEqual({each for each in told() - expected if each[2] in statuses}, set())

    def test_fires_when_its_fault_is_made_and_stops_when_it_ends(self):
        shops = ["waits", "crowd", "slow", "growing"]
        webhook = self.run_program(Webhook())
        alertmanager = self.run_program(Alertmanager(self.folder, webhook.url()))
        prometheus = self.run_program(PrometheusWithRules(self.folder, alertmanager.address()))

        simulator = self.simulator()
        port = int(simulator.said(r"on ws://127\.0\.0\.1:(\d+)")[1])
        hall = self.daemon_of(f"ws://127.0.0.1:{port}/")
        desk_rules = (
            f'[rules]\nslow_after = "{SLOW_AFTER}ms"\n[targets]\nwaiting_customers = 10\noldest_wait_seconds = 30\n'
        )
        desk, desk_daemon = self.watched(desk_rules)
        twin_daemon = self.daemon_of(desk.url(), desk_rules)
        flapping, flapping_daemon = self.watched()
        behind, behind_daemon = self.watched()
        late, late_daemon = self.watched()
        dirty, dirty_daemon = self.watched()
        restless, restless_daemon = self.watched()
        secure_daemon = self.daemon_with_tls()
        _, kept_daemon = self.watched(f"""[store]
directory = {toml_string(str(self.folder / "state"))}
interval = "1s"
journal = true
""")
        tight, tight_daemon = self.watched("[limits]\nbuffered_events = 10\n")
        jumpy_daemon = self.daemon_with_a_clock()
        large = self.run_program(ShopsOnly(desk_daemon))
        self.healthy_shops(desk, shops)
        addresses = {
            name: daemon.address()
            for name, daemon in (
                ("hall", hall), ("desk", desk_daemon), ("twin", twin_daemon), ("behind", behind_daemon),
                ("flapping", flapping_daemon),
                ("late", late_daemon), ("dirty", dirty_daemon), ("restless", restless_daemon),
                ("kept", kept_daemon), ("tight", tight_daemon), ("jumpy", jumpy_daemon), ("large", large),
            )
        }

        def shop_fault(alert, shop, made, **labels):
            return Fault(alert, *made, shop=shop, **labels)

        nothing = (lambda: None, lambda: None)
        bad = {"type": "message", "ts": now_ms(), "shop": "shop", "customer": "", "from": "customer"}
        not_scraped = Fault("DeskpulseNotScraped", lambda: None,
                            lambda: prometheus.watch(list(addresses.values()), [secure_daemon.address()]))
        faults = [
            shop_fault("DeskpulseManyCustomersWaitTooLong", "waits", self.too_many_wait(desk, "waits", 6, 40_000),
                       seconds="30"),
            shop_fault("DeskpulseWaitingOverTarget", "crowd", self.too_many_wait(desk, "crowd", 11, 0)),
            shop_fault("DeskpulseSlowShareOverTarget", "slow", self.slow_answers(desk, "slow")),
            shop_fault("DeskpulseUnansweredGrowing", "growing", self.too_many_wait(desk, "growing", 20, 0)),
            shop_fault("DeskpulseAgentOverloaded", "full", self.full_hands(desk, "full"), agent="amy"),
            shop_fault("DeskpulseNoAgentOnline", "alone", self.nobody_there(desk, "alone")),
            shop_fault("DeskpulseWaitingOverTarget", "alone", nothing),
            Fault("DeskpulseFeedDown", *self.lost_simulator(simulator, port), instance=addresses["hall"]),
            Fault("DeskpulseFeedStale", lambda: behind.set_clock_behind(60), lambda: behind.set_clock_behind(0),
                  instance=addresses["behind"]),
            Fault("DeskpulseFeedFlapping", lambda: flapping.set_flapping(1.5), lambda: flapping.set_flapping(0),
                  instance=addresses["flapping"]),
            Fault("DeskpulseFeedLagging", *self.late_events(late), instance=addresses["late"]),
            Fault("DeskpulseFeedGaps", lambda: (dirty.lose(5), dirty.send(question("shop", "c", now_ms()))),
                  lambda: None, instance=addresses["dirty"]),
            Fault("DeskpulseEventsRejected", lambda: dirty.keep_sending(bad), lambda: dirty.keep_sending(None),
                  instance=addresses["dirty"], reason="bad_id"),
            Fault("DeskpulseConfigReloadFailed", *self.bad_configuration(desk_daemon), instance=addresses["desk"]),
            Fault("DeskpulseSnapshotOld", *self.full_disk(kept_daemon), instance=addresses["kept"]),
            Fault("DeskpulseJournalFailing", *nothing, instance=addresses["kept"]),  # the same disk
            Fault("DeskpulseLimitExceeded", *self.too_many_at_once(tight), instance=addresses["tight"],
                  limit="buffered_events"),
            Fault("DeskpulseLimitNear", *nothing, instance=addresses["tight"], limit="buffered_events"),
            Fault("DeskpulseClockStepped", *self.stepped_clock(jumpy_daemon), instance=addresses["jumpy"]),
            Fault("DeskpulseCertificateExpiring", *self.old_certificate(secure_daemon), instance=secure_daemon.address()),
            Fault("DeskpulseRestartLoop", *self.restarts(prometheus, restless_daemon, restless.url()),
                  instance=addresses["restless"]),
            Fault("DeskpulseDown", *nothing, instance=addresses["restless"], job="deskpulse"),
            Fault("DeskpulseAgentsPageDown", lambda: large.set_agents_fail(True), lambda: large.set_agents_fail(False),
                  instance=addresses["large"], job="deskpulse-agents"),
        ]
        self.assertEqual({fault.alert for fault in [not_scraped, *faults]}, set(alerts_of_rules()))

        # Nothing is scraped, and then all is well.
        wait_for("DeskpulseNotScraped", lambda: not_scraped.is_in(prometheus.firing()))
        not_scraped.end()
        wait_for("its end", lambda: not not_scraped.is_in(prometheus.firing()))
        pages = len(addresses) * len(PAGES) + 1
        enough = 2 * int(hurried("10m")[:-1])  # scrapes; no alert looks further back for how things were
        wait_for("scrapes of the good time",
                 lambda: len(prometheus.query(f"count_over_time(up[10m]) >= {enough}")) == pages)
        records = {rule["record"] for rule in rules_in(RECORDING)}
        of_hall = f'{{instance="{addresses["hall"]}"}}'
        self.wait_for_all("data of all records", lambda: [r for r in records if not prometheus.query(r + of_hall)])
        shops_of_hall = {labels["shop"] for labels, _ in prometheus.query("deskpulse_shop_info" + of_hall)}
        of_others = [labels for labels in prometheus.fired()
                     if labels.get("instance") != addresses["hall"] and labels.get("shop") not in shops_of_hall]
        self.assertEqual([labels["alertname"] for labels in of_others], ["DeskpulseNotScraped"])

        for fault in faults:
            fault.make()
        def still_silent():
            fired = prometheus.fired()
            return [fault.labels for fault in faults if not fault.is_in(fired)]

        self.wait_for_all("every alert to fire", still_silent)
        # What two daemons say of one shop is one alert.
        of_shops = prometheus.query('count by (alertname, shop, agent) (ALERTS{team="service",alertstate="firing"})')
        self.assertEqual([labels for labels, count in of_shops if count != 1], [])
        # Where nobody is online, that is the message, and not what follows from it.
        wait_for("the inhibited alert", lambda: any(
            labels["alertname"] == "DeskpulseWaitingOverTarget" and labels["shop"] == "alone"
            for labels in alertmanager.inhibited()))
        queries = {query for path in (DEPLOY / "runbooks").glob("*.md") for query in queries_of(path)}
        self.assertGreater(len(queries), 30)
        self.wait_for_all("data of the runbooks' queries", lambda: [q for q in queries if not prometheus.query(q)])

        # An alert that ends before its group's message is due is never told.
        self.expect_messages(webhook, ["firing"])

        for fault in faults:
            fault.end()

        def still_firing():
            firing = prometheus.firing()
            return [fault.labels for fault in faults if fault.is_in(firing)]

        self.wait_for_all("every alert to stop", still_firing)
        self.expect_messages(webhook, ["firing", "resolved"])
        told_of_alone = {
            alert["labels"]["alertname"]
            for post in webhook.posts
            for alert in post["alerts"]
            if alert["labels"].get("shop") == "alone"
        }
        self.assertEqual(told_of_alone, {"DeskpulseNoAgentOnline"})


if __name__ == "__main__":
    programs.main()
