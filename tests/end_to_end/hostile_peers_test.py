#!/usr/bin/env python3
"""Peers that break the rules, against the real daemon: each connection ends within its deadline, for
its own reason; the daemon goes on, stays small, and comes back after a pause."""

import concurrent.futures
import dataclasses
import datetime
import re
import ssl
import subprocess
import zlib
from pathlib import Path

import programs
from hostile_peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, ClosedPort, DeafPort, HostilePeer, Peer, frame
from programs import Daemon, ProgramTest, samples, toml_string, wait_for

MAX_FRAME = 1 << 16
BASE_MS, CAP_MS = 20, 80
AT_ONCE = 8  # rows
TWICE = 2  # each row must happen so often: the daemon comes back for more
LONG = "30s"  # a deadline that is not the row's
SHORT = "400ms"
ENDED = "Feed disconnected."
MEMORY_KB = 32 << 10  # more than a daemon needs whose peer is quiet
ANSWER = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"

EXTENSION = "Sec-WebSocket-Extensions: "
DEFLATE = EXTENSION + "permessage-deflate"
READY = '{"op":"ready","epoch":"k","resume":"live","floor":1,"head":5,"heartbeat_ms":60000}'
EVENTS = frame(TEXT, '{"op":"events","seq":6,"events":[{}]}')
HEARTBEAT = frame(TEXT, '{"op":"heartbeat","head":5,"ts":1700000000000}')
LINE = re.compile(r'^ts=(\S+) level=\w+ msg="([^"]*)"(.*)$')


def deflate(data):
    packer = zlib.compressobj(9, wbits=-15)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def then(*behaviours):
    """One after the other."""

    def behave(peer):
        for each in behaviours:
            each(peer)

    return behave


def before_ready(*frames):
    def behave(peer):
        peer.upgrade()
        peer.receive()
        for each in frames:
            peer.send(each)

    return behave


def after_ready(*frames, headers=()):
    def behave(peer):
        peer.open(*headers)
        for each in frames:
            peer.send(each)

    return behave


def for_ever(data, heartbeat_ms=60_000, first=b""):
    def behave(peer):
        peer.open(heartbeat_ms=heartbeat_ms)
        peer.send(first)
        peer.again_and_again(data)

    return behave


def answers(status, body="", headers=""):
    def behave(peer):
        peer.request()
        peer.send(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n{body}")

    return behave


def upgrades(*headers, **how):
    return lambda peer: peer.upgrade(*headers, **how)


def begins_an_answer(peer):
    peer.request()
    peer.send(ANSWER)


def drips_an_answer(peer):
    peer.request()
    peer.drip(ANSWER * 1000)


def pours_headers(peer):
    begins_an_answer(peer)
    peer.again_and_again("X-More: " + "x" * 1000 + "\r\n", pause=0)


def pours_a_body(peer):
    peer.request()
    peer.send("HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.again_and_again("3e8\r\n" + "x" * 1000 + "\r\n", pause=0)


def drips_a_body(peer):
    peer.request()
    peer.send("HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n")
    peer.drip(b"x" * 1000)


def drips_the_end_of_a_chunked_body(peer):
    peer.request()
    peer.send("HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.drip(b"0\r\n\r\n")


def pings_before_ready(peer):
    peer.upgrade()
    peer.again_and_again(frame(PING, "are you there"))


def drips_a_frame(peer):
    peer.open()
    peer.drip(frame(TEXT, '{"op":"events","seq":6,"events":[' + " " * 4000))


def never_reads(peer):
    peer.open(heartbeat_ms=10)
    peer.again_and_again(frame(PING, "x" * 125) * 1000, pause=0)


def closes_and_goes_on(peer):
    peer.open()
    peer.send(frame(CLOSE, b"\x03\xe8"))
    peer.again_and_again(frame(TEXT, "{}"))


def bomb(peer):
    peer.open(DEFLATE)
    peer.send(frame(TEXT, deflate(b" " * (64 << 20)), reserved=4))


def drips_tls(peer, _):
    peer.drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 4000)


def serves(certificate, behaviour=then(), **how):
    """TLS with this certificate; then, if the client likes it, the behaviour."""

    def behave(peer, contexts):
        peer.secure(contexts(certificate, **how))
        peer.open()
        behaviour(peer)

    return behave


@dataclasses.dataclass
class Row:
    name: str
    reason: str
    behaviour: object = None
    handshake: str = LONG
    message: str = LONG
    plain: bool = False
    deflate: bool = False  # offered
    tls: bool = False
    host: str = "localhost"  # with TLS
    rejects: str = ""  # the reason of frames that are counted and passed over
    times: int = TWICE
    peer: type = None


def handshakes():
    """No connection, no answer, or another one."""
    yield Row("nobody listens", "refused", peer=ClosedPort)
    yield Row("a port that takes no connection", "connect_timeout", handshake=SHORT, peer=DeafPort)
    yield Row("silence from the start", "handshake_timeout", then(), handshake=SHORT)
    yield Row("an answer that drips", "handshake_timeout", drips_an_answer, handshake=SHORT)
    yield Row("headers without end", "handshake_malformed", pours_headers)
    yield Row("no HTTP", "handshake_malformed", lambda peer: peer.send("SSH-2.0-OpenSSH_9.2\r\n\r\n"))
    yield Row("another HTTP", "handshake_malformed", lambda peer: peer.send("HTTP/3.7 101 x\r\n\r\n"))
    yield Row("accept, then close", "dropped_by_peer", Peer.drop)
    yield Row("half an answer, then close", "dropped_by_peer", then(begins_an_answer, Peer.half_close))
    yield Row("reset instead of an answer", "connection_lost", then(Peer.request, Peer.reset))
    yield Row("half-closed from the start", "dropped_by_peer", Peer.half_close)
    yield Row("301", "redirected", answers("301 Moved", headers="Location: ws://127.0.0.1:1/\r\n"))
    yield Row("401", "unauthorized", answers("401 Unauthorized", "no"), times=1)
    yield Row("403", "unauthorized", answers("403 Forbidden"), times=1)
    yield Row("404", "handshake_rejected", answers("404 Not Found", "<html>"))
    yield Row("200 with a page", "handshake_rejected", answers("200 OK", "<html>"))
    yield Row("429", "service_unavailable", answers("429 Too Many Requests"))
    yield Row("503", "service_unavailable", answers("503 Busy"))
    yield Row("503 with a body without end", "service_unavailable", pours_a_body)
    yield Row("503 with a body that drips", "service_unavailable", drips_a_body, handshake="3s")
    yield Row("503 whose last chunk drips", "service_unavailable", drips_the_end_of_a_chunked_body)
    yield Row("the wrong key", "accept_key_wrong", upgrades(key="dGhlIHNhbXBsZSBub25jZQ=="))
    yield Row("101 without Upgrade", "handshake_malformed", upgrades(upgrade=False))
    yield Row("no subprotocol", "wrong_subprotocol", upgrades(protocol=""))
    yield Row("another subprotocol", "wrong_subprotocol", upgrades(protocol="mqtt"))
    yield Row("a subprotocol not asked for", "wrong_subprotocol", upgrades(protocol="mqtt"), plain=True)
    yield Row("an extension not offered", "wrong_extension", upgrades(DEFLATE))
    yield Row("another extension", "wrong_extension", upgrades(EXTENSION + "x-webkit"), deflate=True)


def sessions():
    """Rules of deskpulse.v1."""
    bye = '{"op":"bye","code":"%s","resume":true}'
    yield Row("no answer to hello", "handshake_timeout", Peer.upgrade, handshake=SHORT)
    yield Row("pings instead of ready", "handshake_timeout", pings_before_ready, handshake=SHORT)
    yield Row("events before ready", "session_error", before_ready(EVENTS))
    yield Row("a second ready", "session_error", after_ready(frame(TEXT, READY)))
    yield Row("a head behind its events", "session_error", after_ready(EVENTS, HEARTBEAT))
    yield Row("bye at once", "bye", before_ready(frame(TEXT, bye % "restart")))
    yield Row("bye for the token", "unauthorized", before_ready(frame(TEXT, bye % "auth")), times=1)


def silences():
    """Nothing that counts."""
    unknown = for_ever(frame(TEXT, '{"op":"dance"}'), heartbeat_ms=10)
    binary = for_ever(frame(BINARY, b"\xff"), heartbeat_ms=10)
    yield Row("silence", "silence", lambda peer: peer.open(heartbeat_ms=10))
    yield Row("no answer to pings", "silence", upgrades(protocol=""), plain=True, times=1)
    yield Row("pings without end", "silence", for_ever(frame(PING), heartbeat_ms=10))
    yield Row("pings without end, and it never reads", "silence", never_reads)
    yield Row("pongs without end", "silence", for_ever(frame(PONG), heartbeat_ms=10))
    yield Row("unknown frames without end", "silence", unknown, rejects="unknown_op")
    yield Row("binary frames without end", "silence", binary, rejects="not_json")


def messages():
    """Messages without an end, or too large."""
    begun = frame(TEXT, fin=False)
    empty = for_ever(frame(CONTINUATION, fin=False), first=begun)
    pings = for_ever(frame(PING), first=frame(TEXT, "{", fin=False))
    growing = for_ever(frame(CONTINUATION, " " * 1000, fin=False), first=begun)
    yield Row("a frame that drips", "message_timeout", drips_a_frame, message=SHORT)
    yield Row("one byte of a frame", "message_timeout", after_ready(b"\x81"), message=SHORT)
    yield Row("half a frame", "message_timeout", after_ready(frame(TEXT, " " * 200)[:150]), message=SHORT)
    yield Row("empty fragments without end", "message_timeout", empty, message=SHORT)
    yield Row("pings inside a message without end", "message_timeout", pings, message=SHORT)
    for name, behaviour in (
        ("fragments without end", growing),
        ("a message over the limit", after_ready(frame(TEXT, " " * (MAX_FRAME + 1)))),
        ("a length of 2^62", after_ready(b"\x81\x7f\x40" + b"\0" * 7)),
        ("a length of 2^64 - 1", after_ready(b"\x81\x7f" + b"\xff" * 8)),
    ):
        yield Row(name, "message_too_large", behaviour, rejects="too_large")


def frames():
    """Rules of WebSocket."""
    small, large = deflate(b"{}"), deflate(b" " * 10_000_000)
    for name, sent in (
        ("a length in the longer form", b"\x81\x7e\x00\x01x"),
        ("a masked frame", b"\x81\x82\0\0\0\0{}"),
        ("the first reserved bit", frame(TEXT, "{}", reserved=4)),
        ("the third reserved bit", frame(TEXT, "{}", reserved=1)),
        ("a reserved data opcode", frame(3)),
        ("a reserved control opcode", frame(11)),
        ("a ping of 126 bytes", frame(PING, "x" * 126)),
        ("a ping in fragments", frame(PING, fin=False)),
        ("a continuation of nothing", frame(CONTINUATION)),
        ("a message inside another", frame(TEXT, "{", fin=False) + frame(TEXT, "}")),
        ("compressed, though that was not agreed", frame(TEXT, small, reserved=4)),
        ("a bomb, though that was not agreed", frame(TEXT, large, reserved=4)),
        ("close with half a code", frame(CLOSE, b"\x03")),
        ("close with a code that is none", frame(CLOSE, b"\x03\xed")),
    ):
        yield Row(name, "protocol_error", after_ready(sent))
    for name, sent in (
        ("bad UTF-8, and no close", frame(TEXT, b'"\xff\xfe"')),
        ("bad UTF-8 across fragments", frame(TEXT, b"\xe2\x82", fin=False) + frame(CONTINUATION, b"A")),
        ("half a character", frame(TEXT, b"\xe2\x82", fin=False) + frame(CONTINUATION)),
        ("close with bad UTF-8", frame(CLOSE, b"\x03\xe8\xff")),
    ):
        yield Row(name, "bad_utf8", after_ready(sent))
    garbage = after_ready(frame(TEXT, b"\xff" * 20, reserved=4), headers=[DEFLATE])
    yield Row("a bomb", "message_too_large", bomb, deflate=True, rejects="too_large")
    yield Row("what is not deflate", "bad_compression", garbage, deflate=True)


def ends():
    yield Row("close", "closed_by_peer", after_ready(frame(CLOSE, b"\x03\xf0")))
    yield Row("close without a code", "closed_by_peer", after_ready(frame(CLOSE)))
    yield Row("close, and frames without end", "closed_by_peer", closes_and_goes_on)
    yield Row("reset in a frame", "connection_lost", then(after_ready(b"\x81\x7e"), Peer.reset))
    yield Row("half-closed in a frame", "dropped_by_peer", then(after_ready(b"\x81\x7e"), Peer.half_close))
    yield Row("cut without a close frame", "dropped_by_peer", then(Peer.open, Peer.half_close))


def secured():
    """TLS. These behaviours make it themselves."""
    refusal = lambda peer, _: peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")  # noqa: E731
    broken = serves("good", lambda peer: peer.raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32))
    old = serves("good", newest=ssl.TLSVersion.TLSv1_1)
    yield Row("no TLS", "not_tls", refusal, tls=True)
    yield Row("silence instead of TLS", "handshake_timeout", lambda *_: None, tls=True, handshake=SHORT)
    yield Row("a TLS handshake that drips", "handshake_timeout", drips_tls, tls=True, handshake=SHORT)
    yield Row("close instead of TLS", "dropped_by_peer", lambda peer, _: peer.drop(), tls=True)
    yield Row("the certificate of another host", "tls_wrong_name", serves("other"), tls=True)
    yield Row("a certificate for no address", "tls_wrong_name", serves("good"), tls=True, host="127.0.0.1")
    yield Row("a certificate of yesterday", "tls_expired", serves("expired"), tls=True)
    yield Row("a certificate of tomorrow", "tls_expired", serves("early"), tls=True)
    yield Row("a certificate that signs itself", "tls_untrusted", serves("self"), tls=True)
    yield Row("a certificate of another authority", "tls_untrusted", serves("foreign"), tls=True)
    yield Row("TLS 1.1 at most", "tls_version", old, tls=True)
    yield Row("our certificate is asked for", "tls_failed", serves("good", client=True), tls=True)
    yield Row("a broken record", "tls_failed", broken, tls=True)
    yield Row("cut without the end of TLS", "dropped_by_peer", serves("good", Peer.half_close), tls=True)


ROWS = [row for part in (handshakes, sessions, silences, messages, frames, ends, secured) for row in part()]


class Certificates:
    """An authority that the daemon trusts, and what it and others have signed."""

    def __init__(self, folder):
        self._folder = folder
        self._write("authority.cnf", AUTHORITY)
        self._write("index.txt", "")
        self._write("serial", "01")
        for name in ("authority", "stranger"):
            self._sign_itself(name, "/CN=" + name, "basicConstraints=critical,CA:true")
        self._sign_itself("self", "/CN=localhost", "subjectAltName=DNS:localhost")
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        self._sign("good", "localhost", now - day, now + day)
        self._sign("other", "other.example", now - day, now + day)
        self._sign("expired", "localhost", now - 2 * day, now - day)
        self._sign("early", "localhost", now + day, now + 2 * day)
        self._sign("foreign", "localhost", now - day, now + day, by="stranger")

    def authority(self):
        return str(self._folder / "authority.pem")

    def context(self, name, newest=None, client=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        if newest:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
        if client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.authority())
        return context

    def _write(self, name, text):
        (self._folder / name).write_text(text)

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True)

    def _sign_itself(self, name, subject, extension):
        self._openssl(
            "req", "-x509", *NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.pem",
            "-subj", subject, "-addext", extension, "-days", "2",
        )  # fmt: skip

    def _sign(self, name, host, start, end, by="authority"):
        self._openssl(
            "req", *NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr",
            "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{host}",
        )  # fmt: skip
        self._openssl(
            "ca", "-batch", "-config", "authority.cnf", "-cert", f"{by}.pem", "-keyfile", f"{by}.key",
            "-in", f"{name}.csr", "-out", f"{name}.pem", "-notext",
            "-startdate", f"{start:%Y%m%d%H%M%SZ}", "-enddate", f"{end:%Y%m%d%H%M%SZ}",
        )  # fmt: skip


NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
AUTHORITY = """
[ca]
default_ca = authority
[authority]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = policy
copy_extensions = copy
unique_subject = no
[policy]
commonName = supplied
"""


class HostilePeers(ProgramTest):
    def setUp(self):
        super().setUp()
        self.certificates = Certificates(self.folder)

    def test_each_ends_for_its_own_reason_and_the_daemon_goes_on(self):
        calm = self.memory_with_a_calm_peer()
        self.assertEqual(len({row.name for row in ROWS}), len(ROWS))
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for row, run in [(row, pool.submit(self.meet, row, calm)) for row in ROWS]:
                with self.subTest(row.name):
                    run.result()

    def meet(self, row, calm):
        with self.peer_of(row) as peer, self.daemon_for(row, peer.port) as daemon:
            wait_for(f"the end of: {row.name}", lambda: daemon.log.count(ENDED) >= row.times)
            ends = {
                dict(labels)["reason"]: value
                for (name, labels), value in samples(daemon.page()).items()
                if name == "deskpulse_feed_disconnects_total" and value
            }
            self.assertEqual(set(ends), {row.reason}, daemon.log)
            self.assertGreaterEqual(ends[row.reason], row.times)
            if row.rejects:
                rejected = programs.value(daemon.page(), "deskpulse_rejected_events_total", reason=row.rejects)
                self.assertGreaterEqual(rejected, 1)
            if calm:
                self.assertLess(memory_kb(daemon) - calm, MEMORY_KB)
            self.assertEqual(daemon.end(), 0)
            self.assert_paused(daemon.log, slow=row.reason == "unauthorized")

    def peer_of(self, row):
        if row.peer:
            return row.peer()
        if row.tls:
            return HostilePeer(lambda peer: row.behaviour(peer, self.certificates.context))
        return HostilePeer(row.behaviour)

    def daemon_for(self, row, port):
        scheme = "wss" if row.tls else "ws"
        host = row.host if row.tls else "127.0.0.1"
        return Daemon(
            self.folder,
            f"""
            [feed]
            url = "{scheme}://{host}:{port}/stream"
            protocol = "{"plain" if row.plain else "deskpulse.v1"}"
            permessage_deflate = {str(row.deflate).lower()}
            max_frame_bytes = {MAX_FRAME}
            [feed.tls]
            ca_file = {toml_string(self.certificates.authority())}
            [feed.timeouts]
            handshake = "{row.handshake}"
            message = "{row.message}"
            close = "200ms"
            [feed.reconnect]
            base = "{BASE_MS}ms"
            cap = "{CAP_MS}ms"
            [log]
            level = "debug"
            """,
        )

    def assert_paused(self, log, slow):
        """Between two attempts the daemon waited as long as it had said, and that was no longer than
        the back-off allows."""
        lines = [match.groups() for match in map(LINE.match, log.splitlines()) if match]
        told = None
        attempts = 0
        for stamp, sentence, fields in lines:
            at = datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ").timestamp() * 1000
            if sentence == "Feed reconnecting after a pause.":
                wait = int(re.search(r"wait_ms=(\d+)", fields)[1])
                self.assertGreaterEqual(wait, 1)
                if not slow:
                    self.assertLessEqual(wait, min(CAP_MS, BASE_MS << attempts))
                attempts += 1
                told = at + wait
            elif sentence == "Feed connecting." and told is not None:
                self.assertGreaterEqual(at, told - 2)  # of two clocks, cut to milliseconds
                told = None

    def memory_with_a_calm_peer(self):
        """In kB; None where a sanitizer has its own memory."""
        calm = Row("calm", "", lambda peer: peer.open())
        with self.peer_of(calm) as peer, self.daemon_for(calm, peer.port) as daemon:
            daemon.said("Feed connected")
            daemon.page()
            is_sanitized = "libasan" in Path(f"/proc/{daemon.process.pid}/maps").read_text()
            return None if is_sanitized else memory_kb(daemon)


def memory_kb(daemon):
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


if __name__ == "__main__":
    programs.main()
