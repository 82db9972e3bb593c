"""A platform on which everybody is a stranger: millions of agents or customers that were never seen before."""

import asyncio
import multiprocessing
import time
from pathlib import Path

from scripted_platform import PRODUCER, load

SHOP = "shop"
KNOWN = 50  # agents that are there from the beginning
KNOWN_EVERY = 100  # of the messages of strange agents, one in so many is one of theirs
BATCH = 200  # events in a frame, at most
STEP = 0.02  # seconds
HEARTBEAT_MS = 60_000  # the most between two, on a slow machine; a daemon connects anew after twice that


def event(number, ts, of, other):
    """The text of one; `number` counts all of them, `other` those of this kind."""
    head = f'{{"type":"message","id":"e{number}","ts":{ts},"shop":"{SHOP}",'
    if of == "agents":
        agent = f"known-{other // KNOWN_EVERY % KNOWN}" if other % KNOWN_EVERY == 0 else f"stranger-{other}"
        return f'{head}"customer":"c{other % 1000}","agent":"{agent}","from":"human"}}'
    if of == "customers":
        return f'{head}"customer":"stranger-{other}","agent":"known-{other % KNOWN}","from":"customer"}}'
    return f'{head}"customer":"c{other}","agent":"known-{other}","from":"human"}}'  # the known ones


class Crowd:
    """A deskpulse.v1 server in a process of its own, because it has to be fast, until the block ends."""

    def __enter__(self):
        context = multiprocessing.get_context("fork")
        self._commands, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        self._port = self._commands.recv()
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.join()

    def url(self):
        return f"ws://127.0.0.1:{self._port}/"

    def send(self, of, first, count, rate):
        """Begins to send so many; they are `of` "known", "agents" or "customers"."""
        self._commands.send((of, first, count, rate))

    def sent(self):
        """Waits until that is done: how many seconds it was late at most, because nobody read."""
        return self._commands.recv()

    def is_sent(self):
        return self._commands.poll()


def _serve(commands):
    asyncio.run(_Server(commands, load(Path(PRODUCER))).run())


class _Server:
    def __init__(self, commands, producer):
        self._commands = commands
        self._producer = producer
        self._head = 0

    async def run(self):
        server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self._commands.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    async def _client(self, reader, writer):
        await self._producer.handshake(reader, writer)
        await self._producer.receive(reader, writer)
        ready = {"op": "ready", "epoch": "crowd", "resume": "live", "floor": self._head + 1, "head": self._head}
        await self._producer.send_json(writer, {**ready, "heartbeat_ms": HEARTBEAT_MS})
        reading = asyncio.ensure_future(self._read(reader, writer))
        beat = 0.0
        while not reading.done():
            if self._commands.poll():
                self._commands.send(await self._send(writer, *self._commands.recv()))
            if time.monotonic() > beat:
                beat = time.monotonic() + 0.5
                heartbeat = {"op": "heartbeat", "head": self._head, "ts": time.time_ns() // 1_000_000}
                await self._producer.send_json(writer, heartbeat)
            await asyncio.sleep(STEP)

    async def _read(self, reader, writer):
        while await self._producer.receive(reader, writer) is not None:
            pass

    async def _send(self, writer, of, first, count, rate):
        began = time.monotonic()
        latest = 0.0
        done = 0
        while done < count:
            due = min(count, int((time.monotonic() - began) * rate) + 1)
            while done < due:
                ts = time.time_ns() // 1_000_000
                batch = range(done, min(done + BATCH, due))
                events = ",".join(event(self._head + 1 + i - done, ts, of, first + i) for i in batch)
                frame = f'{{"op":"events","seq":{self._head + 1},"events":[{events}]}}'
                await self._producer.send(writer, frame.encode())
                self._head += len(batch)
                done += len(batch)
                latest = max(latest, time.monotonic() - began - done / rate)
            await asyncio.sleep(STEP)
        return latest
