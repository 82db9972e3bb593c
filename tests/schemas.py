"""The published schemas refer to each other by `$id`; this follows them, whatever jsonschema is here."""

import jsonschema

try:
    import referencing
except ImportError:  # jsonschema before 4.18: Debian 12
    referencing = None


def validator(schema, documents):
    """A validator of `schema`, which has an `$id`. Its references go to `documents`."""
    if referencing is None:
        # One that has said no may not find its place again: a resolver of its own for each.
        resolver = jsonschema.RefResolver(schema["$id"], schema, store={each["$id"]: each for each in documents})
        return jsonschema.Draft202012Validator(schema, resolver=resolver)
    registry = referencing.Registry().with_contents((each["$id"], each) for each in documents)
    return jsonschema.Draft202012Validator(schema, registry=registry)
