"""proto/METRICS.md names what the daemon serves: the same series, of the same kind, with the same
Chinese term, and nothing else.

usage: metrics_reference_test.py ROOT_OF_THE_REPOSITORY
"""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(".")
STRING = r'"((?:[^"\\]|\\.)*)"'
CHINESE = re.compile(r"\(([^()]*[\u4e00-\u9fff][^()]*)\)")


def terms_of(help_text):
    return CHINESE.findall(help_text)


def joined(literals):
    """Neighbouring string literals are one string."""
    return "".join(re.findall(STRING, literals))


def served_by(source):
    """{name: (kind, help)} of the families that C++ text defines."""
    families = {}
    number = re.compile(
        r"Kind::(\w+),\s*DESKPULSE_(SHOP_NAME|AGENT_NAME|NAMES)\(\"(\w+)\"\),\s*((?:" + STRING + r"\s*)+)")
    for match in number.finditer(source):
        kind, macro, name, text = match.group(1), match.group(2), match.group(3), joined(match.group(4))
        for whose in {"SHOP_NAME": ["shop"], "AGENT_NAME": ["agent"], "NAMES": ["shop", "agent"]}[macro]:
            families[f"deskpulse_{whose}_{name}"] = (kind, text)
    literal = re.compile(r'"((?:deskpulse|process)_\w*[a-z])",\s*((?:' + STRING + r"\s*)+)")
    for match in literal.finditer(source):
        before = source[max(0, match.start() - 40):match.start()]
        kind = "counter" if re.search(r"\b(counter_family|count)\(\s*$", before) else "gauge"
        if re.search(r"MetricType::Summary", source[match.end():match.end() + 60]):
            kind = "summary"
        families[match.group(1)] = (kind, joined(match.group(2)))
    return families


def documented_in(text):
    """{name: (kind, set of terms)} of the tables; their first cell is the name."""
    families = {}
    columns = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            columns = []
            continue
        if not columns:
            columns = cells
            continue
        row = dict(zip(columns, cells))
        if columns[0] not in ("number", "series") or not cells[0].startswith("`"):
            continue
        name = re.match(r"`(\w+)`", cells[0]).group(1)
        # A table without the column is of gauges, where a row does not say otherwise.
        kind = row.get("kind", "summary" if "a summary" in row["meaning"] else "gauge")
        names = [name]
        if columns[0] == "number":
            names = [f"deskpulse_{whose.strip()}_{name}" for whose in row["of"].split(",")]
        for full in names:
            terms = families.get(full, (None, set()))[1] | {row["中文"]}
            families[full] = (kind, terms | set(terms_of(row["meaning"])))
    return families


def differences(served, documented):
    """One sentence for each way in which the two do not say the same."""
    found = [f"{name} is served and not documented" for name in served.keys() - documented.keys()]
    found += [f"{name} is documented and not served" for name in documented.keys() - served.keys()]
    for name in served.keys() & documented.keys():
        kind, text = served[name]
        said_kind, said_terms = documented[name]
        if kind != said_kind:
            found.append(f"{name} is a {kind}, documented as a {said_kind}")
        if not terms_of(text):
            found.append(f"{name} has no Chinese term in its HELP text")
        elif said_terms.isdisjoint(terms_of(text)):
            found.append(f"{name} is {terms_of(text)} on the page, documented as {said_terms}")
    return sorted(found)


SOURCE = """
constexpr Number slow_turns{
    Kind::gauge, DESKPULSE_NAMES("slow_turns"),
    "Turns that "
    "became slow (慢响应次数)."};
  families.push_back(count("deskpulse_gaps_total",
                           "Gaps (缺口).", status_.gaps));
"""
TABLE = """
| number | of | 中文 | meaning |
|---|---|---|---|
| `slow_turns` | shop, agent | 慢响应次数 | slow |

| series | kind | 中文 | meaning |
|---|---|---|---|
| `deskpulse_gaps_total` | counter | 缺口 | gaps |
"""


class MetricsReference(unittest.TestCase):
    def test_names_what_the_daemon_serves(self):
        source = "".join(
            path.read_text("utf-8") for path in sorted((ROOT / "daemon/metrics").glob("*.cpp")))
        served = served_by(source)
        self.assertGreater(len(served), 60)
        self.assertEqual(differences(served, documented_in((ROOT / "proto/METRICS.md").read_text("utf-8"))), [])

    def test_reads_sources_and_tables(self):
        self.assertEqual(set(served_by(SOURCE)), {
            "deskpulse_shop_slow_turns", "deskpulse_agent_slow_turns", "deskpulse_gaps_total"})
        self.assertEqual(differences(served_by(SOURCE), documented_in(TABLE)), [])

    def test_finds_each_kind_of_difference(self):
        for old, new, complaint in [
                ("`deskpulse_gaps_total`", "`deskpulse_gap_total`", "not documented"),
                ("| shop, agent |", "| shop |", "deskpulse_agent_slow_turns is served and not"),
                ("| counter |", "| gauge |", "documented as a gauge"),
                ("| 缺口 |", "| 断口 |", "documented as {'断口'}")]:
            found = differences(served_by(SOURCE), documented_in(TABLE.replace(old, new)))
            self.assertTrue(any(complaint in each for each in found), (complaint, found))


if __name__ == "__main__":
    ROOT = pathlib.Path(sys.argv.pop(1))
    unittest.main()
