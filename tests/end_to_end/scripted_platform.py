"""A chat platform in the test's hand: it sends what it is told, and its faults are made to order."""

import asyncio
import importlib.util
import itertools
import sys
import threading
import time
from pathlib import Path

from programs import now_ms

PRODUCER = Path(__file__).resolve().parents[2] / "proto/examples/producer.py"
HEARTBEAT_MS = 1_000
PAUSE = 0.2  # seconds between two looks at what there is to send, each with a heartbeat
BATCH = 1_000  # events in a frame, at most


def load(path):
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class ScriptedPlatform:
    """A deskpulse.v1 server on a free port of the loopback, until the block ends.

    It keeps all events, so a client that comes back goes on where it was. The WebSocket is that of
    proto/examples/producer.py.
    """

    def __init__(self):
        self._producer = load(PRODUCER)
        self._log = []  # (number, event)
        self._next = 1
        self._behind_ms = 0
        self._repeated = None
        self._flapping = 0
        self._lock = threading.Lock()

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def url(self):
        return "ws://127.0.0.1:%d/" % self._server.sockets[0].getsockname()[1]

    def send(self, *events):
        with self._lock:
            for event in events:
                self._log.append((self._next, event))
                self._next += 1

    def lose(self, count):
        """That many events happen and can never be sent."""
        with self._lock:
            self._next += count

    def set_clock_behind(self, seconds):
        """What the heartbeats say."""
        self._behind_ms = round(seconds * 1000)

    def set_flapping(self, seconds):
        """Every other so many seconds nobody is served; 0: no more."""
        self._flapping = seconds

    def _is_away(self):
        return self._flapping and time.monotonic() // self._flapping % 2

    def keep_sending(self, event):
        """The same event again and again, or those that a function makes each time; None: no more."""
        self._repeated = event

    def _after(self, number):
        """The events behind a number, up to the next hole, and the number of the first."""
        with self._lock:
            later = itertools.dropwhile(lambda entry: entry[0] <= number, self._log)
            batch = list(itertools.islice(later, BATCH))
        run = [event for i, (n, event) in enumerate(batch) if n == batch[0][0] + i]
        return (batch[0][0] if batch else None), run

    def _head(self):
        with self._lock:
            return self._next - 1

    async def _serve(self, reader, writer):
        try:
            if self._is_away() or not await self._producer.handshake(reader, writer):
                return
            hello = await self._producer.receive(reader, writer)
            number = hello.get("after", self._head())
            ready = {"op": "ready", "epoch": "scripted", "resume": "ok" if "after" in hello else "live"}
            await self._send(writer, {**ready, "floor": 1, "head": self._head(), "heartbeat_ms": HEARTBEAT_MS})
            reading = asyncio.ensure_future(self._read(reader, writer))
            while not reading.done() and not self._is_away():
                if callable(repeated := self._repeated):
                    self.send(*repeated())
                elif repeated:
                    self.send(repeated)
                first, events = self._after(number)
                if events:
                    await self._send(writer, {"op": "events", "seq": first, "events": events})
                    number = first + len(events) - 1
                clock = now_ms() - self._behind_ms
                await self._send(writer, {"op": "heartbeat", "head": self._head(), "ts": clock})
                await asyncio.sleep(PAUSE)
        except (ConnectionError, EOFError, asyncio.CancelledError):
            pass  # the daemon went away, or the test ends
        finally:
            writer.close()

    async def _send(self, writer, frame):
        await self._producer.send_json(writer, frame)

    async def _read(self, reader, writer):
        try:
            while await self._producer.receive(reader, writer) is not None:
                pass
        except (ConnectionError, EOFError):
            pass

    async def _close(self):
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
