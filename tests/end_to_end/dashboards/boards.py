"""The committed dashboards, as the tests read them."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
GRAFANA = ROOT / "grafana"
LANGUAGES = ("zh-CN", "en")
NAMES = ("agents", "big-screen", "deskpulse-itself", "service-quality")


def load(language, name):
    return json.loads((GRAFANA / "dashboards" / language / f"{name}.json").read_text(encoding="utf-8"))


def every():
    """(language, name, dashboard) of all that there are."""
    return [(language, name, load(language, name)) for language in LANGUAGES for name in NAMES]


def panels(dashboard):
    """All but the headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def variables(dashboard):
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def with_variables(query, values):
    """The query with $name and ${name} replaced; a variable without a value is an error."""

    def value(match):
        return values[match[1] or match[2]]

    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", value, query)
