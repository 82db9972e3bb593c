"""What a WebSocket client must do: cases after the Autobahn test suite's chapters 1 to 7 and 10, by its
numbers, and a round trip of compression after 12. A case is what is sent, what must come back, and how
the connection ends."""

import dataclasses
import random
import struct

from hostile_peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

NORMAL, PROTOCOL_ERROR, BAD_UTF8 = 1000, 1002, 1007


@dataclasses.dataclass
class Case:
    name: str
    sent: list  # pieces, each sent on its own
    back: list  # (kind, payload) of messages and pongs, in order
    codes: tuple = (NORMAL,)  # one of them is in its close frame; None: no code
    fails: bool = False  # it is the client who ends the connection
    has_close: bool = False  # our close is part of what is sent; else it follows what came back
    may_miss: bool = False  # it may close before it has sent all
    compressed: bool = False


def close(code, reason=b""):
    return frame(CLOSE, struct.pack(">H", code) + reason)


def octets(*frames, size=1):
    data = b"".join(frames)
    return [data[i : i + size] for i in range(0, len(data), size)]


def fragments(opcode, *parts):
    """A message in as many frames."""
    opcodes = [opcode] + [CONTINUATION] * (len(parts) - 1)
    ends = [False] * (len(parts) - 1) + [True]
    return list(map(frame, opcodes, parts, ends))


def echoes(name, opcode, payload, sent=None):
    return Case(name, sent or [frame(opcode, payload)], [(opcode, payload)])


def fails(name, sent, back=(), codes=(PROTOCOL_ERROR,)):
    return Case(name, sent, list(back), codes, fails=True)


def closes(name, sent, back=(), codes=(NORMAL,), may_miss=False):
    return Case(name, sent, list(back), codes, has_close=True, may_miss=may_miss)


def chapter_1():
    sizes = [0, 125, 126, 127, 128, 65535, 65536]
    for chapter, opcode, byte in ((1, TEXT, b"*"), (2, BINARY, b"\xfe")):
        for number, size in enumerate(sizes, 1):
            yield echoes(f"1.{chapter}.{number}", opcode, byte * size)
        payload = byte * 65536
        yield echoes(f"1.{chapter}.8", opcode, payload, octets(frame(opcode, payload), size=997))


def chapter_2():
    for number, payload in enumerate([b"", b"Hello, world!", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125], 1):
        yield Case(f"2.{number}", [frame(PING, payload)], [(PONG, payload)])
    yield fails("2.5", [frame(PING, b"\xfe" * 126)])
    yield Case("2.6", octets(frame(PING, b"\xfe" * 125)), [(PONG, b"\xfe" * 125)])
    yield Case("2.7", [frame(PONG)], [])
    yield Case("2.8", [frame(PONG, "unsolicited")], [])
    yield Case("2.9", [frame(PONG, "unsolicited"), frame(PING, "ping")], [(PONG, b"ping")])
    pings = [f"payload-{i}".encode() for i in range(10)]
    yield Case("2.10", [frame(PING, each) for each in pings], [(PONG, each) for each in pings])
    yield Case("2.11", octets(*(frame(PING, each) for each in pings)), [(PONG, each) for each in pings])


def chapter_3():
    hello = frame(TEXT, "Hello, world!")
    back = [(TEXT, b"Hello, world!")]
    bad = frame(TEXT, "Hello, world!", reserved=2)
    yield fails("3.1", [frame(TEXT, "Hello, world!", reserved=1)])
    yield fails("3.2", [hello, bad, frame(PING)], back)
    yield fails("3.3", [hello + frame(TEXT, "Hello, world!", reserved=3) + frame(PING)], back)
    yield fails("3.4", octets(hello, frame(TEXT, "Hello, world!", reserved=4), frame(PING)), back)
    yield fails("3.5", [frame(BINARY, b"\x00\xff\xfe", reserved=5)])
    yield fails("3.6", [frame(PING, "Hello, world!", reserved=6)])
    yield fails("3.7", [frame(CLOSE, b"\x03\xe8", reserved=7)])


def chapter_4():
    hello = frame(TEXT, "Hello, world!")
    back = [(TEXT, b"Hello, world!")]
    for chapter, opcodes in ((1, range(3, 8)), (2, range(11, 16))):
        first, second, third, fourth, fifth = opcodes
        yield fails(f"4.{chapter}.1", [frame(first)])
        yield fails(f"4.{chapter}.2", [frame(second, "reserved opcode payload")])
        yield fails(f"4.{chapter}.3", [hello, frame(third), frame(PING)], back)
        yield fails(f"4.{chapter}.4", [hello, frame(fourth, "reserved opcode payload"), frame(PING)], back)
        yield fails(f"4.{chapter}.5", octets(hello, frame(fifth, "reserved opcode payload"), frame(PING)), back)


def chapter_5():
    two = fragments(TEXT, b"fragment1", b"fragment2")
    whole = (TEXT, b"fragment1fragment2")
    ping, pong = frame(PING, "ping payload"), (PONG, b"ping payload")
    hello, echo = frame(TEXT, "Hello, world!"), (TEXT, b"Hello, world!")
    loose = frame(CONTINUATION, "non-continuation payload")
    loose_open = frame(CONTINUATION, "non-continuation payload", fin=False)
    yield fails("5.1", [frame(PING, "fragment1", fin=False), frame(CONTINUATION, "fragment2")])
    yield fails("5.2", [frame(PONG, "fragment1", fin=False), frame(CONTINUATION, "fragment2")])
    yield Case("5.3", two, [whole])
    yield Case("5.4", [b"".join(two)], [whole])
    yield Case("5.5", octets(*two), [whole])
    yield Case("5.6", [two[0], ping, two[1]], [pong, whole])
    yield Case("5.7", [two[0] + ping + two[1]], [pong, whole])
    yield Case("5.8", octets(two[0], ping, two[1]), [pong, whole])
    for number, start in ((9, loose), (12, loose_open)):
        yield fails(f"5.{number}", [start, hello])
        yield fails(f"5.{number + 1}", [start + hello])
        yield fails(f"5.{number + 2}", octets(start, hello))
    yield fails("5.15", [*two, frame(CONTINUATION, "fragment3", fin=False), frame(TEXT, "fragment4")], [whole])
    for number, fin in ((16, False), (17, True)):
        yield fails(f"5.{number}", [frame(CONTINUATION, "fragment1", fin=fin), frame(TEXT, "fragment2")] * 2)
    yield fails("5.18", [frame(TEXT, "fragment1", fin=False), frame(TEXT, "fragment2")])
    pings = [frame(PING, f"pongme {i}!") for i in (1, 2)]
    pongs = [(PONG, f"pongme {i}!".encode()) for i in (1, 2)]
    five = fragments(TEXT, *(f"fragment{i}".encode() for i in range(1, 6)))
    sent = [five[0], five[1], pings[0], five[2], five[3], pings[1], five[4]]
    back = [*pongs, (TEXT, b"fragment1fragment2fragment3fragment4fragment5")]
    yield Case("5.19", sent, back)
    yield Case("5.20", octets(*sent), back)
    yield Case("5.x", [hello, *two, hello], [echo, whole, echo])


KOSME = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"  # the suite's word
VALID = [
    "Hello-µ@ßöäüàá-UTF-8!!".encode(),
    KOSME,
    # The first and the last of each length.
    *(chr(c).encode() for c in (0x00, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF)),
    # On both sides of the surrogates.
    *(chr(c).encode() for c in (0xD7FF, 0xE000, 0xFFFD)),
    # Places that are no characters, and may be sent.
    *(chr(plane << 16 | end).encode() for plane in range(17) for end in (0xFFFE, 0xFFFF)),
]
INVALID = [
    KOSME + b"\xed\xa0\x80edited",
    # Beginnings of a character, at the end.
    *(KOSME[:n] for n in (1, 3, 4, 6, 8, 10)),
    # Beyond what there is, in four, five and six bytes.
    b"\xf4\x90\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xf8\x88\x80\x80\x80", b"\xfb\xbf\xbf\xbf\xbf",
    b"\xfc\x84\x80\x80\x80\x80", b"\xfd\xbf\xbf\xbf\xbf\xbf",
    # Continuations of nothing.
    b"\x80", b"\xbf", *(b"\x80\xbf" * n for n in (1, 2, 3)), bytes(range(0x80, 0xC0)),
    # Beginnings without a continuation.
    b"".join(bytes([b, 0x20]) for b in range(0xC0, 0xE0)),
    b"".join(bytes([b, 0x20]) for b in range(0xE0, 0xF0)),
    b"".join(bytes([b, 0x20]) for b in range(0xF0, 0xF8)),
    b"".join(bytes([b, 0x20]) for b in range(0xF8, 0xFE)),
    # The last continuation is missing.
    b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf",
    b"\xc0\xe0\x80\xf0\x80\x80",
    # Bytes that there are not.
    b"\xfe", b"\xff", b"\xfe\xfe\xff\xff",
    # Longer than needed.
    b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf",
    b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80",
    # Surrogates, alone and in pairs.
    b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf", b"\xed\xb0\x80", b"\xed\xbe\x80",
    b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80", b"\xed\xaf\xbf\xed\xbf\xbf",
]  # fmt: skip


def chapter_6():
    yield echoes("6.1.1", TEXT, b"")
    yield echoes("6.1.2", TEXT, b"", fragments(TEXT, b"", b"", b""))
    yield echoes("6.1.3", TEXT, b"middle frame payload", fragments(TEXT, b"", b"middle frame payload", b""))
    hello = VALID[0]
    yield echoes("6.2.2", TEXT, hello, fragments(TEXT, hello[:12], hello[12:]))
    bytes_apart = [hello[i : i + 1] for i in range(len(hello))]
    yield echoes("6.2.3", TEXT, hello, fragments(TEXT, *bytes_apart))
    yield echoes("6.2.4", TEXT, VALID[1], fragments(TEXT, *(VALID[1][i : i + 1] for i in range(len(VALID[1])))))
    bad = INVALID[0]
    yield fails("6.3.2", fragments(TEXT, *(bad[i : i + 1] for i in range(len(bad)))), codes=[BAD_UTF8])
    # The end of the message never comes: it fails as soon as it is known that it will.
    for number, (begun, rest) in enumerate([(b"", b"\xf4\x90\x80\x80"), (b"\xf4", b"\x90")], 1):
        sent = [frame(TEXT, KOSME + begun, fin=False), frame(CONTINUATION, rest, fin=False)]
        yield fails(f"6.4.{number}", sent, codes=[BAD_UTF8])
    for number, payload in enumerate(VALID, 1):
        yield echoes(f"6.5.{number}", TEXT, payload)
        yield echoes(f"6.5.{number}, by the byte", TEXT, payload, octets(frame(TEXT, payload)))
    for number, payload in enumerate(INVALID, 1):
        yield fails(f"6.6.{number}", [frame(TEXT, payload)], codes=[BAD_UTF8])
        yield fails(f"6.6.{number}, in fragments", fragments(TEXT, payload[:1], payload[1:]), codes=[BAD_UTF8])


def chapter_7():
    hello, echo = frame(TEXT, "Hello World!"), (TEXT, b"Hello World!")
    normal = close(NORMAL)
    fragment, rest = frame(TEXT, "fragment1", fin=False), frame(CONTINUATION, "fragment2")
    large = b"BAsd7&jh23" * 26214
    yield closes("7.1.1", [hello, normal], [echo])
    yield closes("7.1.2", [normal, normal])
    yield closes("7.1.3", [normal, frame(PING)])
    yield closes("7.1.4", [normal, hello])
    yield closes("7.1.5", [fragment, normal, rest])
    yield closes("7.1.6", [frame(TEXT, large), normal, frame(PING)], [(TEXT, large)], may_miss=True)
    yield closes("7.3.1", [frame(CLOSE)], codes=[None, NORMAL])
    yield fails("7.3.2", [frame(CLOSE, b"a")])
    yield closes("7.3.3", [normal])
    yield closes("7.3.4", [close(NORMAL, b"Hello World!")])
    yield closes("7.3.5", [close(NORMAL, b"*" * 123)])
    yield fails("7.3.6", [close(NORMAL, b"*" * 124)])
    yield fails("7.5.1", [close(NORMAL, INVALID[0])], codes=[BAD_UTF8, PROTOCOL_ERROR])
    codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
    for number, code in enumerate(codes, 1):
        yield closes(f"7.7.{number}", [close(code)], codes=[code])
    for number, code in enumerate([0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999], 1):
        yield fails(f"7.9.{number}", [close(code)])


def chapter_10():
    payload = b"*" * 65536
    parts = [payload[i : i + 1300] for i in range(0, len(payload), 1300)]
    yield echoes("10.1.1", TEXT, payload, fragments(TEXT, *parts))


def compression():
    """Like 12.1 and 12.2: messages of all sizes, one after the other."""
    values = random.Random(12)
    words = [b"order", b"refund", "退款".encode(), b"size", b"colour", b" ", b"0123456789"]
    for number, size in enumerate([0, 16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072], 1):
        text = b"".join(values.choice(words) for _ in range(size // 4))
        messages = [(TEXT, text), (BINARY, values.randbytes(size)), (TEXT, text)]
        yield Case(f"12.1.{number}", [], messages, compressed=True)


def plain_cases():
    chapters = (chapter_1, chapter_2, chapter_3, chapter_4, chapter_5, chapter_6, chapter_7, chapter_10)
    return [case for chapter in chapters for case in chapter()]
