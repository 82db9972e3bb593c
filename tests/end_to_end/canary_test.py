#!/usr/bin/env python3
"""A thousand secrets go in, and none comes out: on no page, in no log, in no file, in no error."""

import base64
import ctypes
import gzip
import http.client
import json
import random
import re
import subprocess
from urllib.parse import quote

import programs
from programs import Daemon, ProgramTest, now_ms, toml_string, total, value, wait_for
from scripted_platform import ScriptedPlatform

SHOP = "shop"
USER = "wall"
FIXED_PAGES = (
    *("/", "/metrics", "/metrics/agents", "/-/healthy", "/-/ready", "/wall", "/api/v1/snapshot"),
    *("/api/v1/waiting", "/api/v1/waiting?limit=1000", f"/api/v1/waiting?shop={SHOP}", f"/api/v1/snapshot?shop={SHOP}"),
)
LINK = re.compile(r"""(?:href|src|from|import)[ =(]*["']([\w./-]+)["']""")


def bcrypt_hash(password):
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    return library.crypt(password.encode(), b"$2y$05$" + b"abcdefghijklmnopqrstuu").decode()


class Secrets:
    """Words that are in nothing else, each for one place."""

    def __init__(self):
        self._random = random.Random()
        self._places = {}

    def new(self, place):
        word = f"zq{self._random.getrandbits(80):020x}"
        self._places[word] = place
        return word

    def __len__(self):
        return len(self._places)

    def of(self, place):
        return [word for word, its in self._places.items() if its == place]

    def found_in(self, content, but=()):
        """The places whose words are in the bytes: as they are, in hexadecimal, in base64."""
        if isinstance(content, str):
            content = content.encode()
        lower = content.lower()
        plain = set(re.findall(rb"zq[0-9a-f]{20}", lower))
        hexadecimal = {bytes.fromhex(h.decode()) for h in re.findall(rb"7a71(?:3[0-9]|6[1-6]){20}", lower)}
        found = {place for word, place in self._places.items() if word.encode() in plain | hexadecimal}
        for word, place in self._places.items():
            encoded = (base64.b64encode(b"x" * shift + word.encode())[4:-4] for shift in range(3))
            if any(piece in content for piece in encoded):
                found.add(place)
        return sorted(found - set(but))


class Canary(ProgramTest):
    def setUp(self):
        super().setUp()
        self.secrets = Secrets()
        self.state = self.folder / "state"
        self.platform = self._stack.enter_context(ScriptedPlatform())

    def start(self, show_customers=False):
        self.password = self.secrets.new("password")
        token = self.write("token", self.secrets.new("token") + "\n")
        self.daemon = self.run_program(
            Daemon(
                self.folder,
                f"""
[feed]
url = {toml_string(self.platform.url() + "stream?key=" + self.secrets.new("address"))}
start = "floor"
token_file = {toml_string(str(token))}
[http.basic_auth_users]
{USER} = {toml_string(bcrypt_hash(self.password))}
[store]
directory = {toml_string(str(self.state))}
interval = "200ms"
journal = true
[privacy]
show_customers = {json.dumps(show_customers)}
[log]
level = "debug"
""",
            )
        )
        wait_for("the feed", lambda: value(self.page("/metrics"), "deskpulse_feed_connected") == 1)

    def ask(self, path, method="GET", body=None, **headers):
        """Head and body of the answer, as text."""
        connection = http.client.HTTPConnection(self.daemon.address(), timeout=programs.PATIENCE)
        try:
            credentials = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
            headers = {"Authorization": f"Basic {credentials}", **headers}
            connection.request(method, path, body, {k: v for k, v in headers.items() if v is not None})
            answer = connection.getresponse()
            if answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                read = b"".join(answer.fp.readline() for _ in range(6))
            else:
                read = answer.read()
            return f"{answer.status}\n{answer.headers}\n{read.decode('utf-8', 'replace')}"
        finally:
            connection.close()

    def page(self, path):
        return self.ask(path).split("\n\n", 1)[1]

    def messages(self, count):
        """Customers who wait, with words of theirs."""
        return [
            {
                "type": "message",
                "id": self.secrets.new("event id"),
                "ts": now_ms(),
                "shop": SHOP,
                "customer": self.secrets.new("customer"),
                "agent": "amy",
                "from": "customer",
                "text": "何时发货 " + self.secrets.new("text"),
            }
            for _ in range(count)
        ]

    def orders(self, count):
        return [
            {
                "type": "order",
                "id": self.secrets.new("event id"),
                "ts": now_ms(),
                "shop": SHOP,
                "customer": self.secrets.new("customer"),
                "order": self.secrets.new("order"),
                "status": "created",
                "amount": "1.00",
                "items": 1,
            }
            for _ in range(count)
        ]

    def mistakes(self):
        """Events that are refused or not understood, each for its own reason."""
        secret = lambda: self.secrets.new("mistake")  # noqa: E731
        good = {"type": "message", "ts": now_ms(), "shop": SHOP, "customer": "c", "agent": "amy", "from": "customer"}
        return [
            {**good, "id": secret(), "ts": secret()},
            {**good, "id": secret() + "\n"},
            {**good, "customer": secret() + "x" * 300},
            {**good, "customer": [secret()]},
            {**good, "type": secret()},
            {**good, "from": secret()},
            {**good, "kind": secret(), "id": secret()},
            {**good, "type": "rating", "score": 9, "comment": secret()},
            {**good, "type": "order", "order": secret(), "status": secret(), "amount": secret(), "items": 1},
            {**good, "id": secret(), "ts": 1},
            {**good, "id": secret(), "ts": now_ms() + 10**7},
            {secret(): secret()},
            [secret()],
            secret(),
        ]

    def send_and_wait(self, events):
        """All of them, some twice, and what is wrong between them."""
        mistakes = self.mistakes()
        accepted = total(self.page("/metrics"), "deskpulse_events_total")
        self.platform.send(*events[: len(events) // 2], *mistakes, *events[len(events) // 2 :], *events[:10])

        def all_is_there():
            page = self.page("/metrics")
            if total(page, "deskpulse_events_total") < accepted + len(events):
                return False
            waiting = total(page, "deskpulse_shop_waiting_customers")
            return waiting >= len(events) / 2 and value(page, "deskpulse_duplicate_events_total") >= 10

        wait_for("the events", all_is_there)

    def every_page(self):
        """Each page and what it links to, by its path."""
        pages = {}
        todo = list(FIXED_PAGES)
        while todo:
            path = todo.pop()
            if path in pages or path == "/api/v1/stream":
                continue
            pages[path] = self.ask(path)
            if "/api/" in path or "/metrics" in path:
                continue
            folder = path.rsplit("/", 1)[0]
            for link in LINK.findall(pages[path]):
                todo.append(link if link.startswith("/") else f"{folder}/{link.removeprefix('./')}")
        pages["/api/v1/stream"] = self.ask("/api/v1/stream")
        self.assertGreater(len(pages), len(FIXED_PAGES) + 5)  # the wall and its parts
        return pages

    def every_error(self):
        secret = lambda: self.secrets.new("request")  # noqa: E731
        wrong = base64.b64encode(f"{USER}:{secret()}".encode()).decode()
        return [
            self.ask("/" + secret()),
            self.ask("/api/v1/" + secret()),
            self.ask(f"/api/v1/snapshot?shop={secret()}"),
            self.ask(f"/api/v1/waiting?shop={secret()}"),
            self.ask(f"/api/v1/waiting?shop={SHOP}&agent={secret()}"),
            self.ask(f"/api/v1/waiting?agent={secret()}"),
            self.ask(f"/api/v1/waiting?limit={secret()}"),
            self.ask(f"/api/v1/waiting?{secret()}=%zz"),
            self.ask(f"/api/v1/waiting?shop={quote(secret() * 20)}"),
            self.ask("/metrics", method="POST", body=secret()),
            self.ask("/metrics", method=secret().upper()),
            self.ask("/metrics", Host=secret() + ".example"),
            self.ask("/metrics", Authorization=secret()),
            self.ask("/metrics", Authorization="Basic " + secret()),
            self.ask("/metrics", Authorization="Basic " + wrong),
            self.ask("/api/v1/stream", Origin=f"http://{secret()}.example"),
            self.ask("/metrics", **{"X-" + secret(): secret()}),
        ]

    def files(self):
        """What the daemon wrote to its directory, packed and unpacked."""
        for path in sorted(self.state.rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                yield path.name, content
                if path.suffix == ".gz":
                    unpacked = gzip.decompress(content)
                    self.assertIn(b'"type":"message"', unpacked)
                    yield path.name + ", unpacked", unpacked

    def assert_kept_off_the_disk(self):
        names = []
        for name, content in self.files():
            names.append(name)
            self.assertEqual(self.secrets.found_in(content), [], name)
        self.assertTrue([name for name in names if name.startswith("snapshot-")], names)
        self.assertTrue([name for name in names if name.startswith("journal-")], names)

    def assert_process_says_nothing(self):
        process = f"/proc/{self.daemon.process.pid}"
        for name in ("cmdline", "environ", "comm"):
            with open(f"{process}/{name}", "rb") as file:
                self.assertEqual(self.secrets.found_in(file.read()), [], name)
        with open(f"{process}/limits", encoding="utf-8") as file:
            self.assertRegex(file.read(), r"Max core file size +0 +0 ")
        with open(f"{process}/coredump_filter", encoding="utf-8") as file:
            self.assertEqual(int(file.read(), 16), 0)

    def wait_for_the_disk(self):
        """A snapshot and a journal with everything that has been sent."""
        before = value(self.page("/metrics"), "deskpulse_snapshots_total")
        wait_for(
            "two snapshots",
            lambda: value(self.page("/metrics"), "deskpulse_snapshots_total") >= before + 2,
        )
        wait_for("the journal", lambda: value(self.page("/metrics"), "deskpulse_journal_events_total") > 0)

    def test_a_thousand_secrets_stay_inside(self):
        self.start()
        self.send_and_wait(self.messages(220) + self.orders(120))
        self.wait_for_the_disk()
        self.assertGreater(len(self.secrets), 1000)

        for path, answer in self.every_page().items():
            self.assertEqual(self.secrets.found_in(answer), [], path)
        for answer in self.every_error():
            self.assertEqual(self.secrets.found_in(answer), [], answer)
        self.assert_process_says_nothing()
        self.assert_kept_off_the_disk()

        self.assertEqual(self.daemon.end(), 0)
        self.assert_kept_off_the_disk()
        self.assertEqual(self.secrets.found_in(self.daemon.log), [], self.daemon.log)

    def test_shown_customers_are_in_the_list_of_who_waits_and_nowhere_else(self):
        self.start(show_customers=True)
        self.send_and_wait(self.messages(50) + self.orders(20))
        self.wait_for_the_disk()
        waiting = self.ask("/api/v1/waiting")
        self.assertTrue(all(word in waiting for word in self.secrets.of("customer")[:50]))
        self.assertEqual(self.secrets.found_in(waiting), ["customer"])  # so they are found where they are

        showing = ("/api/v1/waiting", "/api/v1/snapshot", "/api/v1/stream")
        for path, answer in self.every_page().items():
            shown = ("customer",) if path.startswith(showing) else ()
            self.assertEqual(self.secrets.found_in(answer, but=shown), [], path)
        for answer in self.every_error():
            self.assertEqual(self.secrets.found_in(answer), [], answer)
        self.assert_process_says_nothing()
        self.assertEqual(self.daemon.end(), 0)
        self.assert_kept_off_the_disk()
        self.assertEqual(self.secrets.found_in(self.daemon.log), [], self.daemon.log)

    def test_a_replay_and_a_bad_configuration_repeat_nothing(self):
        lines = [json.dumps(event) for event in self.messages(20) + self.orders(20) + self.mistakes()]
        lines.append('{"type":"message","text":"' + self.secrets.new("mistake") + '" oops}')
        events = self.write("events.ndjson", "\n".join(lines) + "\n")

        run = subprocess.run(
            [programs.program("DAEMON"), "replay", "--agents", str(events)],
            env=programs.clean_environment(),
            capture_output=True,
            check=True,
        )
        self.assertEqual(self.secrets.found_in(run.stdout + run.stderr), [])

        bad = self.write(
            "bad.toml",
            f'[feed]\nurl = "ws://127.0.0.1:1/{self.secrets.new("address")}"\ntoken_file = 5\n'
            f'[http.basic_auth_users]\n{USER} = "{self.secrets.new("password")}"\n',
        )
        code, said = self.run_to_end("--config", bad)
        self.assertEqual(code, 78)
        self.assertEqual(self.secrets.found_in(said), [], said)


if __name__ == "__main__":
    programs.main()
