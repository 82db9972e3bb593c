#!/usr/bin/env python3
"""A complete deskpulse.v1 server: events on standard input, one JSON object a line.

    your-chat-export | ./producer.py 127.0.0.1:9871

Python's standard library only. It keeps the newest events in memory, so a client that lost its
connection goes on where it was. TOKEN in the environment, when set, is the bearer token asked for.
../PROTOCOL.md explains every frame.
"""
import argparse
import asyncio
import base64
import collections
import hashlib
import json
import os
import sys
import threading
import time

BACKLOG = 100_000  # events kept for clients that come back
BATCH = 100  # events in one frame, at most
HEARTBEAT_MS = 5_000
# Numbers begin anew with each start of this program, and so does their name.
EPOCH = format(time.time_ns(), "x")


class Log:
    """The newest events. events[0] has the number `floor`, the last one `head`."""

    def __init__(self):
        self.events = collections.deque()
        self.floor = 1
        self.presence = {}  # the newest agent_status of each agent
        self.changed = asyncio.Event()

    @property
    def head(self):
        return self.floor + len(self.events) - 1

    def append(self, event):
        if event.get("type") == "agent_status":
            self.presence[event.get("shop"), event.get("agent")] = event
        self.events.append(event)
        if len(self.events) > BACKLOG:
            self.events.popleft()
            self.floor += 1
        self.changed.set()
        self.changed = asyncio.Event()

    def repeat_presence(self):
        """Else a client without a history knows of those only who change theirs."""
        now = time.time_ns() // 1_000_000
        for event in list(self.presence.values()):
            self.append({name: value for name, value in event.items() if name != "id"} | {"ts": now})

    def after(self, seq):
        first = seq + 1 - self.floor
        last = min(first + BATCH, len(self.events))
        return [self.events[i] for i in range(first, last)]


def resume(log, hello):
    """What `ready` says, and the position behind which to go on."""
    epoch, after = hello.get("epoch"), hello.get("after")
    if after is None:
        return "live", log.head
    if epoch is None:
        return "ok", log.floor - 1
    if epoch != EPOCH or after > log.head:
        return "reset", log.floor - 1
    if after + 1 < log.floor:
        return "gap", log.floor - 1
    return "ok", after


# --- WebSocket, as much of RFC 6455 as a server of this protocol needs ---


async def handshake(reader, writer):
    request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = [line.partition(":") for line in request.split("\r\n")[1:]]
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    token = os.environ.get("TOKEN")
    if token and headers.get("authorization") != f"Bearer {token}":
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return False
    offered = [name.strip() for name in headers.get("sec-websocket-protocol", "").split(",")]
    if "deskpulse.v1" not in offered or "sec-websocket-key" not in headers:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return False
    magic = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(magic.encode()).digest()).decode()
    writer.write(
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: deskpulse.v1\r\n\r\n"
        ).encode()
    )
    return True


async def send(writer, payload, opcode=0x1):
    """One frame, text unless said otherwise. Waits while the client reads more slowly."""
    size = len(payload)
    if size < 126:
        header = bytes([0x80 | opcode, size])
    elif size < 1 << 16:
        header = bytes([0x80 | opcode, 126]) + size.to_bytes(2, "big")
    else:
        header = bytes([0x80 | opcode, 127]) + size.to_bytes(8, "big")
    writer.write(header + payload)
    await writer.drain()


async def send_json(writer, frame):
    await send(writer, json.dumps(frame, ensure_ascii=False).encode())


async def receive(reader, writer):
    """The next text frame of the client, or None at its end. Its frames here are never split."""
    while True:
        first, second = await reader.readexactly(2)
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
        if size > 1 << 20 or not second & 0x80:
            return None
        mask = await reader.readexactly(4)
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(await reader.readexactly(size)))
        opcode = first & 0x0F
        if opcode == 0x1:
            return json.loads(payload)
        if opcode == 0x8:
            await send(writer, payload[:2], 0x8)
            return None
        if opcode == 0x9:
            await send(writer, payload, 0xA)


# --- one client ---


async def send_events(writer, log, seq):
    while True:
        if seq + 1 < log.floor:  # it fell out of the backlog
            await send_json(writer, {"op": "bye", "code": "slow", "resume": True})
            await send(writer, (1000).to_bytes(2, "big"), 0x8)
            return
        batch = log.after(seq)
        if batch:
            await send_json(writer, {"op": "events", "seq": seq + 1, "events": batch})
            seq += len(batch)
            continue
        try:
            await asyncio.wait_for(log.changed.wait(), HEARTBEAT_MS / 1000)
        except asyncio.TimeoutError:
            now = time.time_ns() // 1_000_000
            await send_json(writer, {"op": "heartbeat", "head": log.head, "ts": now})


async def read_acks(reader, writer):
    while await receive(reader, writer) is not None:
        pass  # an ack: nothing to do, the backlog forgets by itself


async def serve(log, reader, writer):
    try:
        if not await handshake(reader, writer):
            return
        hello = await receive(reader, writer)
        if not hello or hello.get("op") != "hello":
            return
        how, seq = resume(log, hello)
        now = time.time_ns() // 1_000_000
        ready = {"op": "ready", "epoch": EPOCH, "resume": how, "floor": log.floor, "ts": now}
        await send_json(writer, {**ready, "head": log.head, "heartbeat_ms": HEARTBEAT_MS})
        if how != "ok":
            log.repeat_presence()
        tasks = [
            asyncio.ensure_future(send_events(writer, log, seq)),
            asyncio.ensure_future(read_acks(reader, writer)),
        ]
        _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    except (ConnectionError, EOFError, ValueError, asyncio.LimitOverrunError):
        pass  # the client went away or is none; it will come again
    finally:
        writer.close()


def read_events(log, loop):
    for line in sys.stdin.buffer:
        if line.strip():
            loop.call_soon_threadsafe(log.append, json.loads(line))


def address_of(text):
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "listen",
        metavar="HOST:PORT",
        nargs="?",
        type=address_of,
        default="127.0.0.1:9871",
        help="where to listen; default %(default)s, port 0 takes a free one",
    )
    return parser.parse_args()


async def main(host, port):
    log = Log()
    try:
        server = await asyncio.start_server(lambda r, w: serve(log, r, w), host, port)
    except OSError as error:
        sys.exit(f"cannot listen on {host}:{port}: {error}")
    address = server.sockets[0].getsockname()
    print(f"ws://{address[0]}:{address[1]}/", file=sys.stderr, flush=True)
    threading.Thread(
        target=read_events, args=(log, asyncio.get_running_loop()), daemon=True
    ).start()
    await asyncio.Event().wait()  # also without more input: clients may still want what there was


if __name__ == "__main__":
    try:
        asyncio.run(main(*arguments().listen))
    except KeyboardInterrupt:
        pass
