#!/usr/bin/env python3
"""The rules that the dashboards keep, whatever is changed in them."""

import json
import re
import unittest

from boards import GRAFANA, LANGUAGES, NAMES, ROOT, every, load, panels, variables

CJK = re.compile(r"[\u3400-\u9fff]")
# Words that are the same in Chinese.
SAME_IN_BOTH = {"CPU", "P50", "P90", "P99"}
# Legends of values that have their panel's title, and of targets that become colours.
NOT_SHOWN = re.compile(r"[a-z]+|deskpulse_target|target_[a-z]+")
PALETTE = {"#0072B2", "#E69F00", "#D55E00", "#999999", "#56B4E9", "#009E73", "#CC79A7", "#F0E442"}
UNITS = {"none", "locale", "s", "clocks", "percentunit", "bytes", "cps", "reqps", "dtdhms"}
SELECTOR = re.compile(r"([a-z_:][a-z0-9_:]*)\{([^}]*)\}")
MATCHER = re.compile(r'([a-z_]+)(=~|!=|!~|=)"((?:[^"\\]|\\.)*)"')
FAMILY_SUFFIX = re.compile(r"_(bucket|sum|count)$")
BY_PROMETHEUS = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}
# Queries use none of these as the name of anything but themselves.
DISTINCT = ("consulting_customers", "received_customers", "slow_customers", "unanswered_customers")


def documented():
    """What METRICS.md names: series, the label `window` or not, and the targets."""
    text = (ROOT / "proto" / "METRICS.md").read_text(encoding="utf-8")
    series, windowed, counters, targets = set(), set(), set(), set()
    section = ""
    for line in text.splitlines():
        if line.startswith("#"):
            section = line.lstrip("# ")
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        name = re.match(r"`([a-z0-9_]+)`", cells[0].lstrip("| "))
        if not line.startswith("|") or not name:
            continue
        if section.startswith(("Now", "In a window", "Since the start")):
            for scope in ("shop", "agent"):
                if scope in cells[1]:
                    full = f"deskpulse_{scope}_{name[1]}"
                    series.add(full)
                    if section.startswith("In a window"):
                        windowed.add(full)
        elif section.startswith("The daemon about itself"):
            series.add(name[1])
            if cells[2] in ("counter", "summary"):
                counters.add(name[1])
        elif section.startswith("Targets"):
            targets.add(name[1])
    counter = re.compile(r"\w+_total|deskpulse_(shop|agent)_\w+_duration_seconds")
    counters |= {name for name in series if counter.fullmatch(name)}
    return series, windowed, counters, targets


SERIES, WINDOWED, COUNTERS, TARGETS = documented()


def selectors(expr):
    """(name, {label: (operator, value)}, what stands before it, what after it)."""
    return [
        (
            found[1],
            {label: (operator, value) for label, operator, value in MATCHER.findall(found[2])},
            expr[: found.start()],
            expr[found.end() :],
        )
        for found in SELECTOR.finditer(expr)
    ]


def in_brackets(expr, start):
    """The text from an opening bracket to its closing one."""
    depth = 0
    for end in range(start, len(expr)):
        depth += {"(": 1, ")": -1}.get(expr[end], 0)
        if depth == 0:
            return expr[start : end + 1]
    raise AssertionError(f"a bracket is not closed: {expr}")


def texts(node, path=""):
    """(path, text) of everything that a person reads."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("title", "description", "label", "tooltip", "noValue", "text") and isinstance(value, str):
                yield f"{path}.{key}", value
            elif key == "legendFormat" and "{{" not in value and not NOT_SHOWN.fullmatch(value):
                yield f"{path}.{key}", value
            elif key == "renameByName":
                yield from ((f"{path}.{key}", title) for title in value.values())
            elif key not in ("options", "current") or "templating" not in path:
                yield from texts(value, f"{path}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from texts(value, f"{path}[{index}]")


def all_panels():
    return [
        (f"{language} {name}: {panel.get('title')}", panel)
        for language, name, dashboard in every()
        for panel in panels(dashboard)
    ]


def all_queries():
    return [
        (f"{where}: {target['refId']}", target["expr"]) for where, panel in all_panels() for target in panel["targets"]
    ]


def for_each(things):
    """Makes a test of one thing a test of all of them, and says which one failed."""

    def decorate(check):
        def test(self):
            for where, thing in things():
                with self.subTest(where):
                    check(self, thing)

        return test

    return decorate


class Dashboards(unittest.TestCase):
    def test_the_folders_hold_these_dashboards_and_no_others(self):
        for language in LANGUAGES:
            files = sorted(path.name for path in (GRAFANA / "dashboards" / language).iterdir())
            self.assertEqual(files, [f"{name}.json" for name in NAMES])

    def test_every_dashboard_has_data_source_job_and_instance_as_variables(self):
        for language, _, dashboard in every():
            found = variables(dashboard)
            self.assertEqual(list(found)[:3], ["datasource", "job", "instance"])
            self.assertEqual((found["datasource"]["type"], found["datasource"]["query"]), ("datasource", "prometheus"))
            if language == "en":
                labels = [found[name]["label"] for name in ("datasource", "job", "instance")]
                self.assertEqual(labels, ["Data source", "Job", "Instance"])
            for name, variable in found.items():
                if name == "datasource":
                    continue
                self.assertEqual(variable["type"], "query")
                self.assertEqual(variable["datasource"], {"type": "prometheus", "uid": "${datasource}"})
                self.assertTrue(variable["multi"] and variable["includeAll"], name)
                self.assertEqual((variable["allValue"], variable["refresh"]), (".+", 2))
                self.assertRegex(variable["query"], r"^(label_values|query_result)\(.+\)$")

    def test_shops_can_be_chosen_where_shops_are_shown(self):
        for _, _, dashboard in every():
            shown = json.dumps(panels(dashboard))
            for name in ("shop", "agent"):
                self.assertEqual(f"${name}\\\"" in shown, name in variables(dashboard), name)

    @for_each(all_panels)
    def test_every_panel_has_title_description_unit_thresholds_and_the_chosen_data_source(self, panel):
        self.assertTrue(panel["title"].strip())
        self.assertGreater(len(panel["description"].strip()), 5)
        self.assertIn(panel["fieldConfig"]["defaults"]["unit"], UNITS)
        self.assertTrue(panel["fieldConfig"]["defaults"]["noValue"])
        self.assertTrue(panel["fieldConfig"]["defaults"]["thresholds"]["steps"])
        self.assertEqual(panel["datasource"], {"type": "prometheus", "uid": "${datasource}"})
        self.assertTrue(panel["targets"])
        for target in panel["targets"]:
            self.assertEqual(target["datasource"], panel["datasource"])
        ids = [target["refId"] for target in panel["targets"]]
        self.assertEqual(len(set(ids)), len(ids))

    @for_each(all_panels)
    def test_thresholds_are_numbers_that_rise(self, panel):
        def steps(node):
            if isinstance(node, dict):
                if "steps" in node and "mode" in node and isinstance(node["steps"], list):
                    yield [step["value"] for step in node["steps"]]
                for value in node.values():
                    yield from steps(value)
            elif isinstance(node, list):
                for value in node:
                    yield from steps(value)

        for values in steps(panel["fieldConfig"]):
            self.assertEqual(values, sorted(values))

    def test_chosen_colours_are_told_apart_by_everybody(self):
        for _, _, dashboard in every():
            self.assertLessEqual(set(re.findall(r"#[0-9A-Fa-f]{6}\b", json.dumps(dashboard))), PALETTE)
            self.assertNotRegex(json.dumps(dashboard), r'"(fixedColor|color)": "(red|green|yellow|orange|blue)')

    @for_each(all_queries)
    def test_every_series_is_of_the_chosen_job_and_instance(self, expr):
        for name, labels, _, _ in selectors(expr):
            self.assertEqual(labels.get("job"), ("=~", "$job"), name)
            self.assertEqual(labels.get("instance"), ("=~", "$instance"), name)

    @for_each(all_queries)
    def test_every_series_exists(self, expr):
        found = selectors(expr)
        self.assertTrue(found)
        for name, labels, _, _ in found:
            if name not in BY_PROMETHEUS:
                self.assertIn(name if name in SERIES else FAMILY_SUFFIX.sub("", name), SERIES)
            if name == "deskpulse_target":
                self.assertIn(labels["number"][1], TARGETS)

    @for_each(all_queries)
    def test_no_selector_is_hidden_from_these_rules(self, expr):
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", expr)
        self.assertEqual(len(re.findall(r"\{", bare)), len(selectors(expr)), expr)
        self.assertEqual(
            re.findall(r"\b(?:deskpulse|process|scrape)_\w+(?!\w*\{)", bare), [], "a series without labels"
        )

    @for_each(all_queries)
    def test_counters_are_only_ever_rates_and_increases(self, expr):
        for name, _, before, after in selectors(expr):
            counter = name in COUNTERS or (
                FAMILY_SUFFIX.search(name) and FAMILY_SUFFIX.sub("", name) in COUNTERS
            )
            if counter:
                self.assertRegex(before, r"\b(rate|increase)\($", name)
                self.assertRegex(after, r"^\[", name)
            else:
                self.assertNotRegex(after, r"^\[", name)

    @for_each(all_queries)
    def test_rates_are_over_the_rate_interval(self, expr):
        self.assertNotRegex(expr, r"\birate\(")
        for function, span in re.findall(r"\b(rate|increase)\([^\[]*\[([^\]]*)\]", expr):
            self.assertIn(span, ("$__rate_interval",) if function == "rate" else ("$__rate_interval", "$__range"))

    @for_each(all_queries)
    def test_numbers_of_several_windows_are_never_mixed_up(self, expr):
        for name, labels, _, _ in selectors(expr):
            if name in WINDOWED:
                self.assertEqual(labels.get("window", ("", ""))[0], "=", name)
            elif name != "deskpulse_window_incomplete":
                self.assertNotIn("window", labels, name)
            if name == "deskpulse_shop_response_time_seconds":
                self.assertEqual(labels.get("quantile", ("", ""))[0], "=", name)

    @for_each(all_queries)
    def test_quantiles_and_maxima_are_never_added_up(self, expr):
        for name, _, before, _ in selectors(expr):
            if name in ("deskpulse_shop_response_time_seconds", "deskpulse_shop_oldest_wait_seconds"):
                self.assertRegex(before, r"max\($|max by \(shop\) \($", name)

    @for_each(all_queries)
    def test_means_are_sums_over_sums(self, expr):
        counts = {"response_time_sum_seconds": "answered_turns", "first_response_time_sum_seconds": "first_responses"}
        self.assertNotRegex(expr, r"\bavg\b")
        for name, labels, _, after in selectors(expr):
            number = re.sub(r"^deskpulse_(shop|agent)_", "", name)
            if number in counts:
                count = name.replace(number, counts[number])
                self.assertRegex(after, rf'/ \((?:sum\()?max by \([a-z, ]+\) \({count}\{{[^}}]*window="{labels["window"][1]}"')

    @for_each(all_queries)
    def test_a_division_by_nothing_is_no_data(self, expr):
        for start in re.finditer(r"/ (?=\()", expr):
            self.assertRegex(in_brackets(expr, start.end()), r"> 0\)$")

    @for_each(all_queries)
    def test_what_a_daemon_says_that_is_stale_is_left_out_where_another_is_live(self, expr):
        for name, _, _, after in selectors(expr):
            if name.startswith(("deskpulse_shop_", "deskpulse_agent_")) and not name.endswith("_info"):
                self.assertRegex(
                    after, r"^(?:\[[^]]*\]\)| offset 1d| @ end\(\))? unless on \(instance, shop\) \(deskpulse_shop_info\{", name
                )

    @for_each(all_queries)
    def test_customers_of_a_shop_are_never_the_sum_of_its_agents(self, expr):
        for name, _, _, _ in selectors(expr):
            if name.startswith("deskpulse_agent_") and name.endswith(DISTINCT):
                self.assertNotRegex(expr, r"\bsum\b")

    @for_each(all_panels)
    def test_numbers_with_a_target_take_their_colours_from_it(self, panel):
        by_id = {target["refId"]: target for target in panel["targets"]}
        moved = [t for t in panel.get("transformations", []) if t["id"] == "configFromData"]
        for transformation in moved:
            options = transformation["options"]
            target = by_id[options["configRefId"]]
            self.assertIn("deskpulse_target", target["expr"])
            self.assertEqual(
                options["mappings"], [{"fieldName": target["legendFormat"], "handlerKey": "max"}]
            )
            self.assertIn(options["applyTo"]["options"], by_id)
        colour_by_target = [
            target
            for name, target in by_id.items()
            if "deskpulse_target" in target["expr"] and name.startswith("target") and target.get("instant")
        ]
        self.assertEqual(len(colour_by_target), len(moved))
        if moved and panel["type"] != "table":
            defaults = panel["fieldConfig"]["defaults"]
            self.assertEqual((defaults["min"], defaults["thresholds"]["mode"]), (0, "percentage"))
            self.assertGreater(defaults["max"], 0)

    @for_each(all_panels)
    def test_overrides_are_of_series_or_columns_that_there_are(self, panel):
        """And of the form that Grafana's published schema allows: objects."""
        names = {target["legendFormat"] for target in panel["targets"]}
        for transformation in panel.get("transformations", []):
            names |= set(transformation["options"].get("renameByName", {}).values())
        for override in panel["fieldConfig"]["overrides"]:
            self.assertEqual(override["matcher"]["id"], "byNames")
            self.assertLessEqual(set(override["matcher"]["options"]["names"]), names)
            for each in override["properties"]:
                self.assertIsInstance(each["value"], dict)

    def test_panels_neither_overlap_nor_leave_the_grid(self):
        for _, _, dashboard in every():
            taken = set()
            for panel in dashboard["panels"]:
                place = panel["gridPos"]
                self.assertLessEqual(place["x"] + place["w"], 24)
                cells = {
                    (x, y)
                    for x in range(place["x"], place["x"] + place["w"])
                    for y in range(place["y"], place["y"] + place["h"])
                }
                self.assertFalse(cells & taken, panel["title"])
                taken |= cells
            identities = [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(set(identities)), len(identities))

    def test_the_big_screen_fits_on_one(self):
        # 30 pixels a row and 8 between them: 26 rows are 988 of 1080.
        for language in LANGUAGES:
            places = [panel["gridPos"] for panel in load(language, "big-screen")["panels"]]
            self.assertLessEqual(max(place["y"] + place["h"] for place in places), 26)

    def test_nothing_refreshes_sooner_than_grafana_allows(self):
        for _, _, dashboard in every():
            self.assertIn(dashboard["refresh"], ("5s", "10s", "30s"))
            self.assertFalse(dashboard["editable"])

    def test_languages_ask_the_same_and_look_the_same(self):
        def without_texts(node):
            if isinstance(node, dict):
                return {
                    key: without_texts(value)
                    for key, value in node.items()
                    if key not in ("title", "description", "label", "tooltip", "noValue", "text", "uid", "tags", "url")
                    and key not in ("legendFormat", "renameByName", "displayName", "names")
                }
            if isinstance(node, list):
                return [without_texts(value) for value in node]
            return node

        for name in NAMES:
            with self.subTest(dashboard=name):
                self.assertEqual(*(without_texts(load(language, name)) for language in LANGUAGES))

    def test_every_text_is_in_the_language_of_its_dashboard(self):
        for language, name, dashboard in every():
            for path, text in texts(dashboard, "dashboard"):
                if text in SAME_IN_BOTH or not re.search(r"[^\W\d_]", text):
                    continue
                with self.subTest(f"{language} {name}: {path}", text=text):
                    self.assertEqual(bool(CJK.search(text)), language == "zh-CN")

    def test_addresses_are_unique_and_links_lead_to_them(self):
        uids = {dashboard["uid"] for _, _, dashboard in every()}
        self.assertEqual(len(uids), len(LANGUAGES) * len(NAMES))
        self.assertLessEqual(max(map(len, uids)), 40)
        for language, _, dashboard in every():
            for uid in re.findall(r'"/d/([^?"/]+)', json.dumps(dashboard)):
                self.assertIn(uid, uids)
                self.assertTrue(uid.endswith("zh" if language == "zh-CN" else "en"))
        for language in LANGUAGES:
            playlist = json.loads((GRAFANA / "playlists" / f"{language}.json").read_text(encoding="utf-8"))
            titles = {dashboard["uid"]: dashboard["title"] for lang, _, dashboard in every() if lang == language}
            for item in playlist["items"]:
                self.assertEqual(item["title"], titles[item["value"]])


if __name__ == "__main__":
    unittest.main()
