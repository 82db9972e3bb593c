#!/usr/bin/env python3
"""Golden conversations: replays proto/conversations/ and compares every number that they name.

    conversations.py DESKPULSED [NAME...]   all of them, or those named
    conversations.py --index                is the folder in order and its README's table up to date?
    conversations.py --write-index          writes that table

NAME.events.ndjson is one conversation: its first line says what it shows, `# until: MS` sets the time
at which the numbers are read, other lines that begin with `#` explain. NAME.expected.prom holds the
series that matter, and `# absent: SERIES` for what must not be there. NAME.toml is its configuration,
where it needs one. The host's zone is Los Angeles throughout: no number may depend on it.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "proto" / "conversations"
INDEX_BEGIN = "<!-- index: tests/end_to_end/conversations.py --write-index -->\n"
ABSENT = "# absent: "
UNTIL = "# until: "
QUANTILE_TOLERANCE = 0.05
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')


def key_of(name, labels):
    """A series whatever the order of its labels."""
    return name, tuple(sorted(LABEL.findall(labels or "")))


def parse_sample(line):
    """'name{labels} value' as (key, value, text of the series)."""
    match = SAMPLE.fullmatch(line)
    if match is None:
        raise ValueError(f"not a sample: {line}")
    return key_of(match[1], match[2]), float(match[3]), line[: match.start(3) - 1]


def parse_page(text):
    page = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        key, value, series = parse_sample(line)
        if key in page:
            raise ValueError(f"twice on the page: {series}")
        page[key] = value
    return page


def read_expected(path):
    """What is expected: a list of (series, key, value), where an absent series has no value."""
    expected = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(ABSENT):
            series = line[len(ABSENT) :]
            key, _, _ = parse_sample(series + " 0")
            expected.append((series, key, None))
        else:
            key, value, series = parse_sample(line)
            expected.append((series, key, value))
    return expected


def equal(key, actual, expected):
    if "quantile" in dict(key[1]):
        return abs(actual - expected) <= QUANTILE_TOLERANCE * abs(expected)
    # Whole milliseconds as seconds: less than half of one apart is the same number.
    return abs(actual - expected) < 0.0005


def names():
    return sorted(path.name.removesuffix(".events.ndjson") for path in FOLDER.glob("*.events.ndjson"))


def first_lines(name):
    return (FOLDER / f"{name}.events.ndjson").read_text(encoding="utf-8").splitlines()[:2]


def sentence_of(name):
    return first_lines(name)[0].removeprefix("# ")


def replay(daemon, name):
    command = [daemon, "replay", "--agents"]
    config = FOLDER / f"{name}.toml"
    if config.exists():
        command += ["--config", str(config)]
    second = first_lines(name)[1]
    if second.startswith(UNTIL):
        command += ["--until", second.removeprefix(UNTIL)]
    command.append(str(FOLDER / f"{name}.events.ndjson"))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DESKPULSE_")}
    environment["TZ"] = "America/Los_Angeles"
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=240
    )


def differences(daemon, name):
    run = replay(daemon, name)
    if run.returncode != 0:
        return [f"exit {run.returncode}: {run.stderr.strip() or 'no message'}"]
    try:
        page = parse_page(run.stdout)
    except ValueError as failure:
        return [str(failure)]
    found = []
    for series, key, value in read_expected(FOLDER / f"{name}.expected.prom"):
        actual = page.get(key)
        if value is None:
            if actual is not None:
                found.append(f"{series}\n        expected none, got {actual:.12g}")
        elif actual is None:
            found.append(f"{series}\n        expected {value:.12g}, got none")
        elif not equal(key, actual, value):
            found.append(f"{series}\n        expected {value:.12g}, got {actual:.12g}")
    return found


def run_all(daemon, wanted):
    unknown = [name for name in wanted if name not in names()]
    if unknown:
        print(f"no such conversation: {', '.join(unknown)}", file=sys.stderr)
        return 2
    failed = 0
    chosen = wanted or names()
    for name in chosen:
        found = differences(daemon, name)
        if found:
            failed += 1
            print(f"FAILED {name}: {sentence_of(name)}")
            for difference in found:
                print(f"    {difference}")
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


def index_table():
    rows = ["| conversation | what it shows |", "|---|---|"]
    for name in names():
        rows.append(f"| [`{name}`]({name}.events.ndjson) | {sentence_of(name)} |")
    return "\n".join(rows) + "\n"


def disorder():
    """What is wrong with the folder itself."""
    found = []
    known = set(names())
    for path in sorted(FOLDER.iterdir()):
        for ending in (".expected.prom", ".toml"):
            if path.name.endswith(ending) and path.name.removesuffix(ending) not in known:
                found.append(f"{path.name} belongs to no conversation")
    for name in sorted(known):
        if not first_lines(name)[0].startswith("# ") or not first_lines(name)[0].endswith("."):
            found.append(f"{name}: the first line is no sentence behind '# '")
        expected = FOLDER / f"{name}.expected.prom"
        if not expected.exists():
            found.append(f"{name}: no {expected.name}")
            continue
        lines = expected.read_text(encoding="utf-8").splitlines()
        values = [line for line in lines if not line.startswith(ABSENT)]
        absent = [line for line in lines if line.startswith(ABSENT)]
        if not values or lines != sorted(values) + sorted(absent):
            found.append(f"{expected.name}: series sorted first, absent ones sorted after them")
        keys = [key for _, key, _ in read_expected(expected)]
        if len(set(keys)) != len(keys):
            found.append(f"{expected.name}: a series stands there twice")
    return found


def check_index():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    found = disorder()
    if not readme.endswith(INDEX_BEGIN + index_table()):
        found.append("README.md: the table is out of date; run conversations.py --write-index")
    for line in found:
        print(line)
    print(f"{len(names())} conversations, {len(found)} complaints")
    return 1 if found else 0


def write_index():
    path = FOLDER / "README.md"
    head, mark, _ = path.read_text(encoding="utf-8").partition(INDEX_BEGIN)
    if not mark:
        print(f"README.md has no line {INDEX_BEGIN.strip()}", file=sys.stderr)
        return 1
    path.write_text(head + INDEX_BEGIN + index_table(), encoding="utf-8")
    return 0


def main(arguments):
    if arguments == ["--index"]:
        return check_index()
    if arguments == ["--write-index"]:
        return write_index()
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    return run_all(arguments[0], arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
