#!/usr/bin/python3
"""The decoder and Python's json agree on what is JSON, and the decoder and the published schemas on
what is an event and a frame, for every file of the fuzzer's corpus.

Where they may differ is said here and nowhere else; each difference has its reason. Needs Debian's
python3-jsonschema. Usage: decoder_differential_test.py DECODER_VERDICTS PROTO_FOLDER FOLDER...
"""

import json
import math
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import schemas  # noqa: E402

DEEPEST = 32
LONGEST_ID = 256


class NotJson(Exception):
    pass


def refuse(text):
    raise NotJson(text)


def whole(text):
    value = int(text)
    if not -(2**63) <= value < 2**64:
        raise NotJson("a whole number beyond 64 bits")
    return value


class Pointed(float):
    """A number that was written with a point or an exponent: no whole number to the decoder."""

    text = ""


def pointed(text):
    value = Pointed(text)
    if math.isinf(value):
        raise NotJson("a number beyond a double")
    value.text = text
    return value


def first_of_each(pairs):
    members = {}
    for key, value in pairs:
        members.setdefault(key, value)
    return members


def read(data):
    """The value, by RFC 8259 and the limits of 64 bits and a double; or NotJson."""
    try:
        text = data.decode("utf-8")
        if text.startswith("\ufeff"):
            raise NotJson("a byte order mark")
        value = json.loads(
            text,
            parse_constant=refuse,
            parse_int=whole,
            parse_float=pointed,
            object_pairs_hook=first_of_each,
        )
        # Half of a pair alone is no character; Python keeps it.
        json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
        return value
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def depth(data):
    deepest = now = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', data, re.DOTALL):
        if token[0] in b"[{" and len(token[0]) == 1:
            now += 1
            deepest = max(deepest, now)
        elif token[0] in b"]}" and len(token[0]) == 1:
            now -= 1
    return deepest


def values(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from values(child)


def is_beyond_schema(value):
    """What the schema says of itself that it cannot see (event.schema.json, description)."""
    for each in values(value):
        if isinstance(each, str) and len(each.encode()) > LONGEST_ID:
            return True
        if isinstance(each, Pointed):
            return True
    return False


class Schema:
    def __init__(self, proto, name):
        names = ("event.schema.json", "session.schema.json")
        documents = {each: json.loads((proto / each).read_text(encoding="utf-8")) for each in names}
        self.document = documents[name]
        self.documents = list(documents.values())

    def is_valid(self, value):
        return schemas.validator(self.document, self.documents).is_valid(value)


def is_frame_of_bad_events(value, session_schema):
    """A bad event is rejected alone: it does not spoil its frame."""
    events = value.get("events") if isinstance(value, dict) else None
    return isinstance(events, list) and session_schema.is_valid({**value, "events": []})


def main():
    program, proto, *folders = sys.argv[1:]
    event_schema = Schema(pathlib.Path(proto), "event.schema.json")
    session_schema = Schema(pathlib.Path(proto), "session.schema.json")
    answer = subprocess.run([program, *folders], check=True, stdout=subprocess.PIPE)
    files = disagreements = events = 0

    def disagree(path, what):
        nonlocal disagreements
        disagreements += 1
        print(f"{path}: {what}\n  {pathlib.Path(path).read_bytes()[:300]!r}")

    for line in answer.stdout.decode().splitlines():
        path, as_event, as_server, as_client = line.split("\t")
        files += 1
        data = pathlib.Path(path).read_bytes()
        verdict = as_event.split(" ")[0]
        try:
            value = read(data)
        except NotJson as error:
            # Too deep is said before the end has been seen.
            if verdict not in ("not_json", "too_deep"):
                disagree(path, f"Python: {error}; decoder: {as_event}")
            continue
        if depth(data) > DEEPEST:
            if verdict != "too_deep":
                disagree(path, f"{depth(data)} levels; decoder: {as_event}")
            continue
        if verdict in ("not_json", "too_deep", "too_large"):
            disagree(path, f"Python: JSON; decoder: {as_event}")
            continue

        takes = verdict == "ok"
        events += takes
        fits = event_schema.is_valid(value)
        if takes != fits and not (fits and is_beyond_schema(value)):
            disagree(path, f"schema of events: {fits}; decoder: {as_event}")
        takes = "ok" in (as_server, as_client)
        fits = session_schema.is_valid(value) or is_frame_of_bad_events(value, session_schema)
        if takes != fits and not (fits and is_beyond_schema(value)):
            disagree(path, f"schema of frames: {fits}; decoder: {as_server}, {as_client}")

    print(f"{files} files, {events} events, {disagreements} disagreements")
    return 0 if files > 0 and disagreements == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
