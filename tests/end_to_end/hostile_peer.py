"""A server that breaks the rules to order: raw sockets, as much of WebSocket as that needs."""

import base64
import hashlib
import socket
import ssl
import struct
import threading

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0


def frame(opcode, payload=b"", fin=True, reserved=0):
    """One frame as a server sends it: unmasked."""
    if isinstance(payload, str):
        payload = payload.encode()
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    if len(payload) < 126:
        head = struct.pack(">BB", first, len(payload))
    elif len(payload) < 1 << 16:
        head = struct.pack(">BBH", first, 126, len(payload))
    else:
        head = struct.pack(">BBQ", first, 127, len(payload))
    return head + payload


class Peer:
    """The server's end of one connection. What a behaviour may do to it; any of it may raise OSError."""

    def __init__(self, connection, stopped):
        self.socket = connection
        self.raw = connection.dup()  # below TLS, where there is one
        self.stopped = stopped
        self.fin = self.reserved = None  # of the frame that was received last
        self._input = b""
        self._request = None

    def secure(self, context):
        try:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        except ssl.SSLError:
            # What the client has sent is read: closing over it would be a reset, which could
            # overtake the alert.
            while self.raw.recv(1 << 16):
                pass
            raise

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def request(self):
        """The lines of the request's head."""
        if not self._request:
            while b"\r\n\r\n" not in self._input:
                self._more()
            head, _, self._input = self._input.partition(b"\r\n\r\n")
            self._request = head.decode("latin-1").split("\r\n")
        return self._request

    def target(self):
        return self.request()[0].split(" ")[1]

    def upgrade(self, *headers, protocol="deskpulse.v1", key=None, upgrade=True):
        lines = self.request()
        asked = next(line.split(":", 1)[1].strip() for line in lines if line.lower().startswith("sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1(((key or asked) + GUID).encode()).digest()).decode()
        answer = ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}"]
        answer += ["Upgrade: websocket"] * upgrade
        answer += [f"Sec-WebSocket-Protocol: {protocol}"] * bool(protocol)
        self.send("\r\n".join([*answer, *headers]) + "\r\n\r\n")

    def open(self, *headers, heartbeat_ms=60_000):
        """The whole beginning of a session, as it should be."""
        self.upgrade(*headers)
        self.receive()
        self.say(f'{{"op":"ready","epoch":"k","resume":"live","floor":1,"head":5,"heartbeat_ms":{heartbeat_ms}}}')

    def say(self, text):
        self.send(frame(TEXT, text))

    def receive(self):
        """The kind and the payload of the client's next frame."""
        while len(self._input) < 2:
            self._more()
        self.fin, self.reserved = bool(self._input[0] & 128), self._input[0] >> 4 & 7
        opcode, length, head = self._input[0] & 15, self._input[1] & 127, 2
        if length == 127:
            while len(self._input) < 10:
                self._more()
            length, head = struct.unpack(">Q", self._input[2:10])[0], 10
        if length == 126:
            while len(self._input) < 4:
                self._more()
            length, head = struct.unpack(">H", self._input[2:4])[0], 4
        while len(self._input) < head + 4 + length:
            self._more()
        mask = self._input[head : head + 4]
        masked = self._input[head + 4 : head + 4 + length]
        key = (mask * (length // 4 + 1))[:length]
        payload = (int.from_bytes(masked, "big") ^ int.from_bytes(key, "big")).to_bytes(length, "big")
        self._input = self._input[head + 4 + length :]
        return opcode, payload

    def again_and_again(self, data, pause=0.002):
        """Until the client is gone."""
        while not self.stopped.wait(pause):
            self.send(data)

    def drip(self, data, pause=0.02):
        for byte in data:
            self.send(bytes([byte]))
            if self.stopped.wait(pause):
                return

    def reset(self):
        """Ends the connection with RST."""
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def half_close(self):
        self.raw.shutdown(socket.SHUT_WR)

    def drop(self):
        self.raw.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.raw.close()
        self.socket.close()

    def wait_for_the_end(self):
        while not self.stopped.is_set():
            self._more()

    def _more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the client is gone")
        self._input += data


class HostilePeer:
    """Listens on a free port of the loopback; each connection meets the same behaviour, then a peer
    that says nothing and waits for the client to go."""

    def __init__(self, behaviour):
        self._behaviour = behaviour
        self._stopped = threading.Event()
        self._threads = []

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._meet, args=(connection,), daemon=True).start()

    def _meet(self, connection):
        connection.settimeout(60)
        peer = Peer(connection, self._stopped)
        try:
            self._behaviour(peer)
            peer.wait_for_the_end()
        except (OSError, ssl.SSLError, ValueError):
            pass  # the client has gone, which is what it should do
        finally:
            peer.close()


class DeafPort:
    """A port that takes no connection and refuses none: its queue is full."""

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port = self._listener.getsockname()[1]
        self._queued = []
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", self.port))
            self._queued.append(waiting)
        return self

    def __exit__(self, *_):
        for waiting in self._queued:
            waiting.close()
        self._listener.close()


class ClosedPort:
    """A port on which nobody listens."""

    def __enter__(self):
        self._held = socket.socket()
        self._held.bind(("127.0.0.1", 0))
        self.port = self._held.getsockname()[1]
        return self

    def __exit__(self, *_):
        self._held.close()
