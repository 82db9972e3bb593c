#!/usr/bin/env python3
"""The listener with TLS and passwords, as curl and Debian's Prometheus meet it."""

import json
import os
import subprocess
import urllib.parse

import programs
from disk_faults_test import FailingCalls, TraceableDaemon
from programs import PATIENCE, Daemon, Program, ProgramTest, Simulator, get, toml_string, value, wait_for

PASSWORD = "secret 密码"
HASH = "$2b$10$AxflhuZBCaeKBUPXfAM0JeKK33WZCa2jlh39IQcFzqvmQ2moIHymi"  # of it, at cost 10
CURL_UNTRUSTED = 60


class Prometheus(Program):
    def __init__(self, folder, address, authority):
        configuration = folder / "prometheus.yml"
        configuration.write_text(
            f"""
global: {{scrape_interval: 3s, scrape_timeout: 3s}}
scrape_configs:
  - job_name: deskpulse
    scheme: https
    basic_auth: {{username: prometheus, password: {json.dumps(PASSWORD)}}}
    tls_config: {{ca_file: {authority}, server_name: localhost}}
    static_configs: [{{targets: ["{address}"]}}]
""",
            encoding="utf-8",
        )
        super().__init__(
            "prometheus",
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            "--web.listen-address=127.0.0.1:0",
        )

    def query(self, promql):
        address = self.said(r'msg="Listening on".*? address=(127\.0\.0\.1:\d+)')[1]
        status, text = get(f"http://{address}/api/v1/query?" + urllib.parse.urlencode({"query": promql}))
        return [float(s["value"][1]) for s in json.loads(text)["data"]["result"]] if status == 200 else []


class Listener(ProgramTest):
    def make_certificate(self, name):
        """A certificate for localhost that signs itself, in place of what stands there, at once."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
            + ["-subj", "/CN=deskpulse test", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
            + ["-out", f"{certificate}.new", "-keyout", f"{key}.new"],
            check=True,
            capture_output=True,
        )
        os.rename(f"{key}.new", key)
        os.rename(f"{certificate}.new", certificate)
        return certificate, key

    def start(self, kind=Daemon):
        self.certificate, key = self.make_certificate("listener")
        platform = self.run_program(Simulator("--preset", "normal", "--seed", "5"))
        self.daemon = self.run_program(
            kind(
                self.folder,
                f"""[feed]
url = "{platform.url()}"
[http.tls_server_config]
cert_file = {toml_string(str(self.certificate))}
key_file = {toml_string(str(key))}
min_version = "TLS12"
[http.basic_auth_users]
prometheus = "{HASH}"
""",
            )
        )
        self.port = self.daemon.address().rpartition(":")[2]

    def curl(self, *arguments, path="/metrics", scheme="https", authority=None):
        """(exit code, status, body)."""
        run = subprocess.run(
            ["curl", "--silent", "--noproxy", "*", "--max-time", str(PATIENCE), "--write-out", "\n%{http_code}"]
            + ["--cacert", authority or self.certificate, "--resolve", f"localhost:{self.port}:127.0.0.1"]
            + [*arguments, f"{scheme}://localhost:{self.port}{path}"],
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        body, _, status = run.stdout.rpartition("\n")
        return run.returncode, int(status), body

    def test_curl_and_prometheus_scrape_with_tls_and_a_password(self):
        self.start()
        user = ("--user", f"prometheus:{PASSWORD}")

        self.assertEqual(self.curl()[:2], (0, 401))
        self.assertEqual(self.curl("--user", "prometheus:wrong")[:2], (0, 401))
        self.assertEqual(self.curl(path="/-/healthy")[:2], (0, 401))
        self.assertEqual(self.curl(*user, "--header", "Host: evil.example")[:2], (0, 421))
        self.assertEqual(self.curl(*user, scheme="http")[1], 400)
        code, status, page = self.curl(*user, "--compressed")
        self.assertEqual((code, status), (0, 200))
        self.assertGreater(value(page, "deskpulse_http_certificate_expiry_timestamp_seconds"), 1.7e9)
        code, status, page = self.curl(*user, "--tls-max", "1.2", path="/wall")
        self.assertEqual((code, status), (0, 200))
        self.assertIn("<title>", page)

        prometheus = self.run_program(
            Prometheus(self.folder, f"127.0.0.1:{self.port}", self.certificate)
        )
        wait_for("three scrapes", lambda: prometheus.query("sum_over_time(up[10m]) >= 3"))
        self.assertEqual(prometheus.query("min_over_time(up[10m])"), [1])
        self.assertEqual(len(prometheus.query("deskpulse_http_certificate_expiry_timestamp_seconds")), 1)
        self.assertEqual(prometheus.end(), 0)
        self.assertNotIn(PASSWORD, self.daemon.log)
        self.assertEqual(self.daemon.end(), 0)

    def test_a_password_that_no_thread_can_check_now_is_checked_later(self):
        self.start(TraceableDaemon)
        user = ("--user", f"prometheus:{PASSWORD}")

        with FailingCalls(self.daemon, [("clone", "error=EAGAIN"), ("clone3", "error=EAGAIN")], []):
            for _ in range(3):
                self.assertEqual(self.curl(*user)[:2], (0, 503))
            self.assertEqual(self.curl()[:2], (0, 401))

        self.assertEqual(self.curl(*user)[:2], (0, 200))
        self.assertEqual(self.daemon.end(), 0)

    def test_a_new_certificate_is_used_without_a_restart(self):
        self.start()
        old = self.folder / "old.pem"
        old.write_bytes(self.certificate.read_bytes())

        self.make_certificate("listener")

        wait_for("the new certificate", lambda: self.curl()[:2] == (0, 401))
        self.assertEqual(self.curl(authority=old)[0], CURL_UNTRUSTED)
        self.assertEqual(self.daemon.end(), 0)

    def test_a_certificate_that_cannot_be_read_is_a_sentence(self):
        configuration = self.write(
            "bad.toml",
            """[http]
listen = "127.0.0.1:0"
[http.tls_server_config]
cert_file = "/nowhere/cert.pem"
key_file = "/nowhere/key.pem"
""",
        )

        code, said = self.run_to_end("--config", configuration)

        self.assertNotEqual(code, 0)
        self.assertIn("http.tls_server_config.cert_file: cannot read /nowhere/cert.pem", said)
        self.assertEqual(len(said.strip().splitlines()), 1, said)


if __name__ == "__main__":
    programs.main()
