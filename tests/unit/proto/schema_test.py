#!/usr/bin/python3
"""The published schemas, the examples and the AsyncAPI document agree with each other.

decoder_test.cpp runs the same files through the decoder, so decoder and schema agree on them too.
Needs Debian's python3-jsonschema and python3-yaml. Usage: schema_test.py PROTO_FOLDER
"""

import json
import pathlib
import re
import sys
import unittest

import jsonschema
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import schemas  # noqa: E402

PROTO = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "proto").resolve()


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


EVENT = load(PROTO / "event.schema.json")
SESSION = load(PROTO / "session.schema.json")


def validator(schema):
    return schemas.validator(schema, (EVENT, SESSION))


def pointer(document, path):
    for part in filter(None, path.split("/")):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(reference, own):
    file, _, path = reference.partition("#")
    document = own if not file else load(PROTO / file.removeprefix("./"))
    return pointer(document, path)


def some(case, pattern):
    """The files of a pattern; a folder that moved away must not make its test pass."""
    files = sorted(PROTO.glob(pattern))
    case.assertTrue(files, pattern)
    return files


class Schemas(unittest.TestCase):
    def test_are_schemas(self):
        for schema in (EVENT, SESSION):
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_refer_only_to_what_exists(self):
        for schema in (EVENT, SESSION):
            for reference in references(schema):
                resolve(reference, schema)

    def test_accept_the_good_events(self):
        for file in some(self, "examples/good/*.json"):
            with self.subTest(file.name):
                validator(EVENT).validate(load(file))

    def test_refuse_the_bad_events(self):
        for file in some(self, "examples/bad/*.json"):
            with self.subTest(file.name):
                self.assertFalse(validator(EVENT).is_valid(load(file)))

    def test_accept_every_line_of_the_stream(self):
        lines = (PROTO / "examples/stream.ndjson").read_text(encoding="utf-8").splitlines()
        self.assertGreater(len(lines), 10)
        for line in lines:
            validator(EVENT).validate(json.loads(line))

    def test_accept_the_plain_array(self):
        for event in load(PROTO / "examples/plain_array.json"):
            validator(EVENT).validate(event)

    def test_accept_the_events_that_the_protocol_shows(self):
        text = (PROTO / "PROTOCOL.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        self.assertGreaterEqual(len(blocks), 2)
        for block in blocks:
            with self.subTest(block):
                validator(EVENT).validate(json.loads(block))

    def test_accept_the_session_frames(self):
        for file in some(self, "examples/session/*.json"):
            with self.subTest(file.name):
                validator(SESSION).validate(load(file))

    def test_refuse_bad_session_frames(self):
        for frame in (
            {},
            {"op": "wave"},
            {"op": "hello"},
            {"op": "hello", "consumer": "w", "epoch": "k3"},
            {"op": "hello", "consumer": "w", "after": 1},
            {"op": "ack", "seq": -1},
            {"op": "ack", "seq": 2**64},
            {"op": "events", "seq": 0, "events": []},
            {"op": "events", "seq": 1, "events": [{"type": "message"}]},
            {"op": "heartbeat", "head": 1},
            {"op": "bye", "code": "slow"},
        ):
            with self.subTest(frame=frame):
                self.assertFalse(validator(SESSION).is_valid(frame))


class AsyncApi(unittest.TestCase):
    def setUp(self):
        text = (PROTO / "asyncapi.yaml").read_text(encoding="utf-8")
        self.document = yaml.safe_load(text)

    def test_is_version_3(self):
        self.assertEqual(self.document["asyncapi"], "3.0.0")

    def test_refers_only_to_what_exists(self):
        found = list(references(self.document))
        self.assertGreater(len(found), 20)
        for reference in found:
            with self.subTest(reference):
                resolve(reference, self.document)

    def test_has_a_message_for_every_frame(self):
        frames = {one["$ref"].rsplit("/", 1)[1] for one in SESSION["oneOf"]}
        self.assertEqual(set(self.document["components"]["messages"]), frames)

    def test_examples_keep_to_their_schema(self):
        for name, message in self.document["components"]["messages"].items():
            schema = resolve(message["payload"]["schema"]["$ref"], self.document)
            for example in message["examples"]:
                with self.subTest(name, example=example["name"]):
                    part = {**schema, "$id": SESSION["$id"], "$defs": SESSION["$defs"]}
                    validator(part).validate(example["payload"])


if __name__ == "__main__":
    unittest.main()
