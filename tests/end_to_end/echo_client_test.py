#!/usr/bin/env python3
"""The feed's WebSocket connection against the rules of RFC 6455, case by case: echo_client against a
server that speaks the control protocol of the Autobahn test suite."""

import re
import struct
import subprocess
import zlib

import echo_cases
import programs
from echo_cases import NORMAL, close
from hostile_peer import CLOSE, CONTINUATION, PONG, TEXT, ClosedPort, HostilePeer, frame
from programs import PATIENCE, ProgramTest, program

DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"


class FuzzingServer:
    """Runs one case a connection and remembers what came of it."""

    def __init__(self, cases):
        self.cases = cases
        self.mistakes = {}  # number of the case, from 1, to what was wrong; None: nothing
        self.reports_updated = False

    def meet(self, peer):
        target = peer.target()
        if target.startswith("/getCaseCount"):
            peer.upgrade(protocol="")
            peer.send(frame(TEXT, str(len(self.cases))) + close(NORMAL))
        elif target.startswith("/updateReports"):
            self.reports_updated = True
            peer.upgrade(protocol="")
            peer.send(close(NORMAL))
        else:
            number = int(re.search(r"case=(\d+)&agent=deskpulse", target)[1])
            case = self.cases[number - 1]
            self.mistakes[number] = "it did not end"
            run = Run(peer, case)
            try:
                self.mistakes[number] = run.mistake()
            except OSError as failure:
                self.mistakes[number] = f"{failure}, after {short(run.back)}"
            peer.drop()
            return
        peer.receive()
        peer.half_close()


class Run:
    def __init__(self, peer, case):
        self._peer = peer
        self._case = case
        self.back = []

    def mistake(self):
        """None when the client did all as it should."""
        case = self._case
        self._peer.upgrade(*([DEFLATE] if case.compressed else []), protocol="")
        if case.compressed:
            self._send_compressed()
        else:
            self._send(case.sent)
        code = self._receive()
        if self.back != case.back and not case.may_miss:
            return f"expected {short(case.back)}, got {short(self.back)}"
        if code not in case.codes:
            return f"expected close with one of {case.codes}, got {code}"
        return None

    def _send(self, pieces):
        try:
            for piece in pieces:
                self._peer.send(piece)
        except OSError:
            pass  # it had enough: what it said is still to be read

    def _send_compressed(self):
        packer = zlib.compressobj(wbits=-15)
        for opcode, payload in self._case.back:
            packed = packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)
            self._peer.send(frame(opcode, packed[:-4], reserved=4))

    def _receive(self):
        """Reads until the client closes; the code, if there is one."""
        unpacker = zlib.decompressobj(wbits=-15)
        is_closed = self._case.has_close
        message = None
        while self.back == self._case.back[: len(self.back)]:
            if not is_closed and not self._case.fails and self.back == self._case.back:
                self._peer.send(close(NORMAL))
                is_closed = True
            opcode, payload = self._peer.receive()
            if opcode == CLOSE:
                return struct.unpack(">H", payload[:2])[0] if payload else None
            if opcode == PONG:
                self.back.append((opcode, payload))
                continue
            if opcode != CONTINUATION:
                message = [opcode, b"", self._peer.reserved]
            message[1] += payload
            if self._peer.fin:
                kind, whole, reserved = message
                if reserved:
                    whole = unpacker.decompress(whole + b"\0\0\xff\xff")
                self.back.append((kind, whole))
        return None


def short(messages):
    return [(kind, payload if len(payload) < 60 else f"{len(payload)} bytes") for kind, payload in messages]


class EchoClient(ProgramTest):
    def run_cases(self, cases, *options):
        server = FuzzingServer(cases)
        with HostilePeer(server.meet) as peer:
            ran = subprocess.run(
                [program("ECHO_CLIENT"), "--url", f"ws://127.0.0.1:{peer.port}", *options],
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertTrue(server.reports_updated)
        for number, case in enumerate(cases, 1):
            with self.subTest(case.name):
                self.assertIsNone(server.mistakes.get(number, "it was not run"))

    def test_keeps_every_rule(self):
        cases = echo_cases.plain_cases()
        self.assertGreater(len(cases), 200)
        self.run_cases(cases)

    def test_keeps_every_rule_when_it_offers_compression_that_nobody_takes(self):
        self.run_cases(echo_cases.plain_cases(), "--permessage-deflate")

    def test_compression_goes_both_ways(self):
        self.run_cases(list(echo_cases.compression()), "--permessage-deflate")

    def test_a_server_that_is_not_there_is_an_error(self):
        with ClosedPort() as peer:
            command = [program("ECHO_CLIENT"), "--url", f"ws://127.0.0.1:{peer.port}"]
            ran = subprocess.run(command, capture_output=True, timeout=PATIENCE)
        self.assertEqual(ran.returncode, 1)
        self.assertIn(b"no number of cases", ran.stderr)


if __name__ == "__main__":
    programs.main()
