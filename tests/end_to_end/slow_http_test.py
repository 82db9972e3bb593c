#!/usr/bin/env python3
"""Slow and many HTTP clients, while events come in: the feed must not notice, and Prometheus is answered.

Idle connections, the three attacks of slowhttptest, hundreds of scrapes a second, and a daemon that may open
few files. All the while somebody scrapes over a new connection each time, and reads from the page how far the
feed is behind the clock, how much memory and how many files there are.

    tests/end_to_end/slow_http_test.py --seconds 60      # of each attack, by hand; ctest's are short
    tests/end_to_end/slow_http_test.py --lag 0.5         # where the machine does other things as well
"""

import argparse
import asyncio
import collections
import contextlib
import hashlib
import http.client
import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time

import programs
from programs import Daemon, ProgramTest, Simulator, samples, total, value, wait_for

IDLE = 1000  # connections that say nothing
ATTACKERS = 1000  # of slowhttptest
SCRAPES = 500  # a second
SCRAPERS = 100  # connections that do them
LOOK = 0.2  # seconds from one look to the next
CONNECTIONS = 256  # the default of [http] max_connections
MEMORY = 384 << 20  # growth that is explained: bodies of slow readers have a limit of 256 MiB
FEW_FILES = 64


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3, help="of each attack (default 3)")
    parser.add_argument("--lag", type=float, default=0.1, help="seconds that the feed may be behind (default 0.1)")
    parser.add_argument("--patience", type=int, default=5, help="seconds of whoever scrapes (default 5)")
    parser.add_argument("--scrape", type=int, metavar="PORT", help=argparse.SUPPRESS)
    return parser.parse_known_args()


class Look:
    """One scrape of somebody who must not notice anything."""

    def __init__(self, port):
        begin = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=given.patience)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics")
            answer = connection.getresponse()
            self.page = answer.read().decode("utf-8")
        self.took = time.monotonic() - begin
        if answer.status != 200:
            raise AssertionError(f"/metrics answered {answer.status}: {self.page}")

    def value(self, name, **labels):
        return value(self.page, name, **labels)


class Watch:
    """Looks again and again until the block ends, and keeps the extremes."""

    def __init__(self, port):
        self.port = port
        self.lag = self.took = self.memory = self.files = self.connections = self.held = 0.0
        self.looks = 0
        self.failure = None
        self.incomplete = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.first = self.last = Look(self.port)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _run(self):
        while not self._end.wait(LOOK):
            try:
                self._take(Look(self.port))
            except (OSError, http.client.HTTPException, AssertionError) as failure:
                self.failure = self.failure or f"{type(failure).__name__} after {self.looks} looks: {failure}"
                return

    def _take(self, look):
        self.looks += 1
        self.last = look
        self.took = max(self.took, look.took)
        self.lag = max(self.lag, look.value("deskpulse_feed_lag_seconds"))
        self.memory = max(self.memory, look.value("process_resident_memory_bytes"))
        self.files = max(self.files, look.value("process_open_fds"))
        self.connections = max(self.connections, look.value("deskpulse_http_connections"))
        self.held = max(self.held, look.value("deskpulse_http_held_bytes"))

    def growth(self):
        return self.memory - self.first.value("process_resident_memory_bytes")

    def events(self):
        return total(self.last.page, "deskpulse_events_total") - total(self.first.page, "deskpulse_events_total")

    def closed(self):
        """Connections that the server has ended meanwhile, by reason."""
        found = collections.Counter()
        for page, sign in ((self.first.page, -1), (self.last.page, 1)):
            for (name, labels), count in samples(page).items():
                if name == "deskpulse_http_closed_connections_total":
                    found[dict(labels)["reason"]] += sign * int(count)
        return {reason: count for reason, count in found.items() if count}

    def show(self, what):
        print(
            f"{what}: {self.looks} scrapes answered, the slowest in {self.took * 1e3:.0f} ms; the feed at most"
            f" {self.lag * 1e3:.0f} ms behind, {self.events():.0f} events; {self.growth() / 1e6:+.1f} MB,"
            f" {self.held / 1e6:.1f} MB in bodies under way, {self.files:.0f} files, {self.connections:.0f} connections;"
            f" closed {self.closed()}",
            file=sys.stderr,
            flush=True,
        )


class FewFiles(Daemon):
    """A daemon that may open few files."""

    def __init__(self, *given):
        super().__init__(*given)
        self.command = ["prlimit", f"--nofile={FEW_FILES}:{FEW_FILES}", *self.command]


class SlowHttp(ProgramTest):
    def start(self, kind=Daemon):
        platform = self.run_program(
            Simulator("--shops=3", "--agents=300", "--rate=1000", "--at=20:00", "--seed=5")
        )
        self.daemon = self.run_program(kind(self.folder, f'[feed]\nurl = "{platform.url()}"\n'))
        self.port = int(self.daemon.address().rpartition(":")[2])
        self.daemon.wait_until_ready()
        # What is needed once, such as the buffers of the pages, is no growth.
        wait_for("events", lambda: total(Look(self.port).page, "deskpulse_events_total") > 1000)

    def check(self, watch, what, files=CONNECTIONS + 40):
        watch.show(what)
        self.assertIsNone(watch.failure)
        self.assertGreater(watch.looks, 0)
        self.assertGreater(watch.events(), 0)
        self.assertLess(watch.lag, given.lag)
        self.assertLess(watch.growth(), MEMORY)
        self.assertLessEqual(watch.files, files)
        self.assertLessEqual(watch.connections, CONNECTIONS)
        self.assertEqual(watch.last.value("deskpulse_http_refused_connections_total"), 0)

    def test_a_feed_that_nobody_attacks(self):
        self.start()  # for comparison: the machine may be slow by itself
        with Watch(self.port) as watch:
            time.sleep(given.seconds)
        self.check(watch, "nobody")
        self.assertEqual(self.daemon.end(), 0)

    def test_a_thousand_idle_connections(self):
        self.start()
        with contextlib.ExitStack() as stack, Watch(self.port) as watch:
            idle = [
                stack.enter_context(socket.create_connection(("127.0.0.1", self.port))) for _ in range(IDLE)
            ]
            time.sleep(given.seconds)
            self.assertEqual(len(idle), IDLE)
        self.check(watch, f"{IDLE} idle connections")
        self.assertGreaterEqual(watch.closed()["evicted"], IDLE - CONNECTIONS)
        self.assertEqual(self.daemon.end(), 0)

    def attack(self, what, *options, path="/metrics"):
        self.start()
        seconds = max(2, round(given.seconds))
        with Watch(self.port) as watch:
            run = subprocess.run(
                ["slowhttptest", "-c", str(ATTACKERS), "-r", "500", "-l", str(seconds), "-p", str(given.patience)]
                + ["-v", "1", *options, "-u", f"http://127.0.0.1:{self.port}{path}"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=seconds + programs.PATIENCE,
            )
        said = re.sub(r"\x1b\[[0-9;]*[a-zA-Z]", "", run.stdout)
        self.assertEqual(run.returncode, 0, said)
        # Its own probe: a connection that is to be answered within -p seconds.
        available = re.findall(r"service available:\s*(YES|NO)", said)
        self.assertNotIn("NO", available, said)
        self.assertTrue(available, said)
        self.check(watch, what)
        self.assertEqual(self.daemon.end(), 0)
        return watch

    def test_slowhttptest_slow_headers(self):
        self.attack("slow headers", "-H", "-i", "1", "-x", "24")

    def test_slowhttptest_slow_bodies(self):
        self.attack("slow bodies", "-B", "-i", "1", "-s", "8192", "-x", "10")

    def test_slowhttptest_slow_reading(self):
        self.attack("slow reading", "-X", "-w", "1", "-y", "64", "-n", "1", "-z", "8", "-k", "3", path="/metrics/agents")

    def test_five_hundred_scrapes_a_second_are_few_renderings(self):
        self.start()
        with Watch(self.port) as watch:
            run = subprocess.run(
                [sys.executable, __file__, "--seconds", str(given.seconds), "--scrape", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                timeout=given.seconds + programs.PATIENCE,
            )
        self.assertEqual(run.returncode, 0)
        answered, renderings, elapsed, slowest = map(float, run.stdout.split())
        self.check(watch, f"{answered / elapsed:.0f} scrapes/s, the slowest in {slowest * 1e3:.0f} ms")
        self.assertGreaterEqual(answered, SCRAPES * given.seconds)
        # Ten moments a second at most, each in one coding.
        self.assertLessEqual(renderings, 10 * elapsed + 2)
        self.assertEqual(self.daemon.end(), 0)

    def test_a_daemon_that_may_open_few_files(self):
        self.start(FewFiles)
        with contextlib.ExitStack() as stack, Watch(self.port) as watch:
            for _ in range(4 * FEW_FILES):
                stack.enter_context(socket.create_connection(("127.0.0.1", self.port)))
            time.sleep(given.seconds)
        self.check(watch, f"{FEW_FILES} files", files=FEW_FILES)
        self.assertLess(watch.last.value("deskpulse_http_connections_limit"), FEW_FILES)
        self.assertEqual(self.daemon.end(), 0)


class Scrapes:
    """SCRAPES a second over SCRAPERS connections that are kept, for so many seconds."""

    def __init__(self, port, seconds):
        self.port = port
        self.left = int(SCRAPES * seconds)
        self.bodies = set()
        self.answered = 0
        self.slowest = 0.0

    async def run(self):
        begin = time.monotonic()
        due = asyncio.Queue()
        readers = [asyncio.ensure_future(self.read(due)) for _ in range(SCRAPERS)]
        for i in range(self.left):
            await asyncio.sleep(max(0.0, begin + i / SCRAPES - time.monotonic()))
            due.put_nowait(time.monotonic())
        for _ in readers:
            due.put_nowait(None)
        await asyncio.gather(*readers)
        print(self.answered, len(self.bodies), time.monotonic() - begin, self.slowest)

    async def read(self, due):
        answers, questions = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)
        while (asked := await due.get()) is not None:
            questions.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n")
            head = await answers.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise AssertionError(head)
            body = await answers.readexactly(int(re.search(rb"Content-Length: (\d+)", head)[1]))
            self.bodies.add(hashlib.sha256(body).digest())  # the process says other things each time
            self.answered += 1
            self.slowest = max(self.slowest, time.monotonic() - asked)
        questions.close()


if __name__ == "__main__":
    given, rest = arguments()
    sys.argv[1:] = rest
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # slowhttptest's, too
    if given.scrape:
        asyncio.run(Scrapes(given.scrape, given.seconds).run())
    else:
        programs.main()
