"""The network between the daemon and a platform, in the test's hand."""

import asyncio
import random
import socket
import struct
import threading
from urllib.parse import urlsplit

PIECE = 4096  # bytes handed over at once
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s


class Cable:
    """Hands bytes on between a free port of the loopback and the platform, until the block ends.

    What can go wrong with it: it can be cut, with or without new connections being refused; hang, so
    that both ends believe to be connected and hear nothing; be slow.
    """

    def __init__(self, url):
        self._to = urlsplit(url)
        self._links = set()
        self._refusing = False
        self._bytes_per_second = None

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        starting = asyncio.start_server(self._accept, "127.0.0.1", 0, limit=4 * PIECE)
        self._server = self._run(starting)
        return self

    def __exit__(self, *_):
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def url(self):
        return "ws://127.0.0.1:%d%s" % (self._server.sockets[0].getsockname()[1], self._to.path)

    def cut(self, refuse=False):
        """Every connection ends now: some orderly, some with a reset. Until mended, new ones too if so asked."""
        self._refusing = refuse
        self._call(lambda: [link.end() for link in list(self._links)])

    def hang(self):
        """Nothing passes on the connections that exist now, ever again; new ones are good."""
        self._call(lambda: [link.hang() for link in self._links])

    def slow_down(self, bytes_per_second):
        self._bytes_per_second = bytes_per_second

    def mend(self):
        self._refusing = False
        self._bytes_per_second = None
        self._call(lambda: [link.end() for link in list(self._links) if link.hangs])

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _call(self, act):
        async def acting():
            act()

        self._run(acting())

    async def _accept(self, reader, writer):
        if self._refusing:
            writer.transport.abort()
            return
        try:
            to = await asyncio.open_connection(self._to.hostname, self._to.port, limit=4 * PIECE)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(reader, writer, *to)
        self._links.add(link)
        try:
            await link.carry(lambda: self._bytes_per_second)
        finally:
            link.end()
            self._links.discard(link)

    async def _close(self):
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Link:
    """One connection, from the daemon's socket to the platform's."""

    def __init__(self, reader, writer, platform_reader, platform_writer):
        self._ways = ((reader, platform_writer), (platform_reader, writer))
        self._moving = asyncio.Event()
        self._moving.set()

    @property
    def hangs(self):
        return not self._moving.is_set()

    def hang(self):
        self._moving.clear()

    def end(self):
        for _, writer in self._ways:
            if random.random() < 0.5:
                plug = writer.get_extra_info("socket")
                if plug and plug.fileno() >= 0:
                    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            writer.transport.abort()
        self._moving.set()

    async def carry(self, bytes_per_second):
        carrying = [asyncio.ensure_future(self._carry(*way, bytes_per_second)) for way in self._ways]
        await asyncio.wait(carrying, return_when=asyncio.FIRST_COMPLETED)
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)

    async def _carry(self, reader, writer, bytes_per_second):
        try:
            while piece := await reader.read(PIECE):
                await self._moving.wait()
                if rate := bytes_per_second():
                    await asyncio.sleep(len(piece) / rate)
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass  # one of the two ended the connection
