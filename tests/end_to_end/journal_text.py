"""The journal of a state directory, read by other means than the daemon's own."""

import ctypes
import json
import zlib

BATCH = "#batch "


def members(path):
    """The texts of a gzip file's members; what a crash tore off its end is left out."""
    rest = path.read_bytes()
    while rest:
        unpacking = zlib.decompressobj(wbits=31)
        try:
            text = unpacking.decompress(rest)
        except zlib.error:
            return
        if not unpacking.eof:
            return
        yield text.decode("utf-8")
        rest = unpacking.unused_data


def lines(state):
    """The events of all batches, each batch once, in their order, as text; also the moves of time among them."""
    batches = {}
    for path in sorted(state.glob("journal-*.ndjson.gz")):
        for text in members(path):
            batch = text.splitlines()
            if batch and batch[0].startswith(BATCH):
                batches.setdefault(int(batch[0].removeprefix(BATCH).split(" ", 1)[0]), batch)
    for number in sorted(batches):
        yield from (line for line in batches[number] if not line.startswith("#"))


def accepted_events(state):
    for line in lines(state):
        event = json.loads(line)
        if event["type"] != "watermark":
            yield event


def lines_until(state, watermark_ms):
    """Those that a replay may read that is to end at a moment: it goes on to the newest of all."""
    for line in lines(state):
        event = json.loads(line)
        if event["type"] != "watermark" or event["watermark"] <= watermark_ms:
            yield line


class IdHash:
    """What the daemon of a state directory makes of an id: SipHash with the directory's key."""

    def __init__(self, state):
        self._key = bytes.fromhex((state / "id.key").read_text().split(" ")[1])
        self._sodium = ctypes.CDLL("libsodium.so.23")

    def digits(self, shop, text):
        shop, text = shop.encode("utf-8"), text.encode("utf-8")
        message = len(shop).to_bytes(2, "little") + shop + text
        out = ctypes.create_string_buffer(16)
        self._sodium.crypto_shorthash_siphashx24(out, message, ctypes.c_ulonglong(len(message)), self._key)
        return out.raw[7::-1].hex() + out.raw[:7:-1].hex()
