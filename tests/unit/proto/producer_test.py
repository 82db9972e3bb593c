#!/usr/bin/python3
"""The example producer keeps to the protocol that it teaches.

Usage: producer_test.py PROTO_FOLDER
"""

import base64
import hashlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import unittest
from urllib.parse import urlparse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import schemas  # noqa: E402

PROTO = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "proto").resolve()
EVENT = json.loads((PROTO / "event.schema.json").read_text(encoding="utf-8"))
SESSION = json.loads((PROTO / "session.schema.json").read_text(encoding="utf-8"))
VALID = schemas.validator(SESSION, (EVENT, SESSION))
LINES = (PROTO / "examples/stream.ndjson").read_text(encoding="utf-8").splitlines()


PATIENCE = 240  # seconds for anything to happen on a busy machine; a test that passes never waits so long


class Client:
    """A WebSocket client, as much as this test needs."""

    def __init__(self, address, headers=""):
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.file = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            (
                "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
            ).encode()
        )
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()
        magic = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.accept = base64.b64encode(hashlib.sha1(magic.encode()).digest()).decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, payload, opcode=0x1):
        mask = os.urandom(4)
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
        self.socket.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked)

    def receive(self):
        first, size = self.file.read(2)
        if size > 125:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
        return first & 0x0F, self.file.read(size)

    def frame(self):
        opcode, payload = self.receive()
        assert opcode == 0x1, opcode
        frame = json.loads(payload)
        VALID.validate(frame)
        return frame

    def hello(self, **position):
        self.send(json.dumps({"op": "hello", "consumer": "test", **position}).encode())
        return self.frame()

    def events(self, count):
        """The next events with their positions, however they are batched."""
        found = []
        while len(found) < count:
            frame = self.frame()
            if frame["op"] == "events":
                found += list(enumerate(frame["events"], frame["seq"]))
        return found


GRANTED = "Sec-WebSocket-Protocol: deskpulse.v1\r\n"


class Producer(unittest.TestCase):
    def start(self, **environment):
        process = subprocess.Popen(
            [sys.executable, PROTO / "examples/producer.py", "127.0.0.1:0"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", ""), **environment},
        )
        self.addCleanup(lambda: (process.kill(), process.communicate()))
        address = urlparse(process.stderr.readline().decode().strip())
        self.address = (address.hostname, address.port)
        self.process = process

    def write(self, lines):
        self.process.stdin.write("".join(line + "\n" for line in lines).encode())
        self.process.stdin.flush()

    def test_agrees_to_the_handshake(self):
        self.start()
        with Client(self.address, GRANTED) as client:
            self.assertEqual(client.status, 101)
            self.assertEqual(client.headers["sec-websocket-accept"], client.accept)
            self.assertEqual(client.headers["sec-websocket-protocol"], "deskpulse.v1")

    def test_refuses_another_subprotocol(self):
        self.start()
        with Client(self.address) as client:
            self.assertEqual(client.status, 400)

    def test_refuses_a_wrong_token(self):
        self.start(TOKEN="secret")
        with Client(self.address, GRANTED + "Authorization: Bearer wrong\r\n") as client:
            self.assertEqual(client.status, 401)
        with Client(self.address, GRANTED + "Authorization: Bearer secret\r\n") as client:
            self.assertEqual(client.status, 101)

    def test_sends_what_happens_from_the_hello_on(self):
        self.start()
        with Client(self.address, GRANTED) as client:
            ready = client.hello()
            self.assertEqual((ready["resume"], ready["floor"], ready["head"]), ("live", 1, 0))
            self.write(LINES)
            events = client.events(len(LINES))
            self.assertEqual(events, list(enumerate(map(json.loads, LINES), 1)))

    def test_tells_a_client_without_a_history_who_is_there(self):
        self.start()
        told = json.loads(LINES[0]) | {"type": "agent_status", "agent": "amy", "status": "online", "capacity": 9, "id": "p-1"}
        self.write([json.dumps(told | {"status": "busy"}), json.dumps(told)])
        with Client(self.address, GRANTED) as client:
            ready = client.hello(after=0)  # from the floor: it knows all
            self.assertEqual((ready["resume"], len(client.events(2))), ("ok", 2))
        with Client(self.address, GRANTED) as client:
            ready = client.hello()
            self.assertEqual((ready["resume"], ready["head"]), ("live", 2))
            frame = client.frame()
            self.assertEqual((frame["op"], frame.get("seq"), len(frame.get("events", []))), ("events", 3, 1))
            event = frame["events"][0]
            self.assertEqual((event["agent"], event["status"], event["capacity"]), ("amy", "online", 9))
            self.assertGreater(event["ts"], told["ts"])
            self.assertNotIn("id", event)

    def test_goes_on_where_the_client_was(self):
        self.start()
        with Client(self.address, GRANTED) as client:
            epoch = client.hello()["epoch"]
            self.write(LINES[:3])
            client.events(3)
        with Client(self.address, GRANTED) as client:
            self.assertEqual(client.hello(epoch=epoch, after=2)["resume"], "ok")
            self.write(LINES[3:5])
            self.assertEqual([seq for seq, _ in client.events(3)], [3, 4, 5])

    def test_sends_all_it_has_from_the_floor(self):
        self.start()
        with Client(self.address, GRANTED) as client:
            client.hello()
            self.write(LINES)
            client.events(len(LINES))
        with Client(self.address, GRANTED) as client:
            self.assertEqual(client.hello(after=0)["resume"], "ok")
            self.assertEqual(client.events(len(LINES))[0][0], 1)

    def test_tells_a_client_of_another_epoch(self):
        self.start()
        with Client(self.address, GRANTED) as client:
            self.assertEqual(client.hello(epoch="of yesterday", after=7)["resume"], "reset")

    def test_explains_itself_and_an_address_that_is_none(self):
        def run(*arguments):
            command = [sys.executable, PROTO / "examples/producer.py", *arguments]
            return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)

        for flag in ("--help", "-h"):
            told = run(flag)
            self.assertEqual((told.returncode, told.stderr), (0, ""))
            self.assertIn("your-chat-export | ./producer.py", told.stdout)
        for nonsense in (
            ["--port=1"],
            ["nowhere"],
            ["127.0.0.1:http"],
            ["127.0.0.1:65536"],
            ["127.0.0.1:1", "127.0.0.1:2"],
        ):
            with self.subTest(nonsense):
                refused = run(*nonsense)
                self.assertEqual((refused.returncode, refused.stdout), (2, ""))
                self.assertNotIn("Traceback", refused.stderr)
                self.assertIn("HOST:PORT", refused.stderr)

    def test_says_in_a_sentence_that_its_port_is_taken(self):
        self.start()
        second = subprocess.run(
            [sys.executable, PROTO / "examples/producer.py", "{}:{}".format(*self.address)],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        self.assertEqual(second.returncode, 1)
        self.assertRegex(second.stderr, r"\Acannot listen on 127\.0\.0\.1:\d+: .*\n\Z")

    def test_answers_pings_and_takes_acks(self):
        self.start()
        with Client(self.address, GRANTED) as client:
            client.hello()
            client.send(b'{"op":"ack","seq":0}')
            client.send(b"there?", 0x9)
            self.assertEqual(client.receive(), (0xA, b"there?"))


if __name__ == "__main__":
    unittest.main()
