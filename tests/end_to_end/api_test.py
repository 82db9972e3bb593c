#!/usr/bin/python3
"""The JSON API of the real daemon says what /metrics says, in the form that its schemas promise.

Needs Debian's python3-jsonschema.
"""

import json
import re
import sys
import time
import unittest
import urllib.parse
import urllib.request
from pathlib import Path

import jsonschema

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import programs  # noqa: E402
import schemas  # noqa: E402
from programs import Daemon, ProgramTest, Simulator, get, samples, toml_string, wait_for  # noqa: E402

PROTO = Path(__file__).resolve().parents[2] / "proto"
SCHEMAS = {
    name: json.loads((PROTO / f"{name}.schema.json").read_text(encoding="utf-8"))
    for name in ("snapshot", "waiting")
}

HOSTILE = "<img src=x onerror=alert(1)> \"'\\ \u202eabc " + "长" * 60
CUSTOMER_MASK = re.compile(r"#[0-9a-f]{8}")


def check(name, answer):
    schemas.validator(SCHEMAS[name], SCHEMAS.values()).validate(answer)


def query(**parameters):
    return "?" + urllib.parse.urlencode(parameters) if parameters else ""


class Series:
    """The series of one scrape, without the prefix and with labels by name."""

    def __init__(self, page):
        self.values = samples(page)

    def get(self, name, **labels):
        return self.values.get(("deskpulse_" + name, frozenset(labels.items())))

    def watermark(self):
        return round(self.get("watermark_timestamp_seconds") * 1000)

    def labels(self, name):
        """The labels of every series of that name, in the order of the page."""
        return [dict(pairs) for n, pairs in self.values if n == "deskpulse_" + name]


class ApiTest(ProgramTest):
    def start(self, simulator, configuration=""):
        self.platform = self.run_program(Simulator(*simulator.split()))
        feed = f'[feed]\nurl = "{self.platform.url()}"\nstart = "floor"\n'
        self.daemon = self.run_program(Daemon(self.folder, feed + configuration))
        self.daemon.wait_until_ready()

    def ask(self, path, schema=None, **parameters):
        answer = json.loads(self.daemon.page(path + query(**parameters)))
        check(schema or path.rsplit("/", 1)[1], answer)
        return answer

    def stand_still(self):
        """Ends the stream, so that every page from now on is of the same moment."""
        self.platform.end()
        wait_for(
            "the daemon to notice",
            lambda: Series(self.daemon.page()).get("feed_connected") == 0,
        )
        self.shops = Series(self.daemon.page("/metrics"))
        self.agents = Series(self.daemon.page("/metrics/agents"))

    def snapshot(self, **parameters):
        answer = self.ask("/api/v1/snapshot", **parameters)
        self.assertEqual(answer["watermark"], self.shops.watermark())
        return answer

    def wait_for_traffic(self):
        def busy():
            answer = self.ask("/api/v1/snapshot")
            numbers = answer["numbers"]
            focus = numbers["windows"][answer["focus"]]
            return numbers["waiting_customers"] >= 3 and focus["answered_turns"] >= 3

        wait_for("customers who wait and answers", busy)

    # What the numbers of the answer must be, from the two pages.

    def scope_of(self, shops, window):
        def each(name, **labels):
            found = (self.shops.get("shop_" + name, shop=s, window=window, **labels) for s in shops)
            return [value for value in found if value is not None]

        expected = {
            "messages": {
                sender: sum(each("messages", **{"from": sender}))
                for sender in ("customer", "human", "assist", "bot", "auto", "system", "note")
            }
        }
        for name in (
            "consulting_customers received_customers slow_turns slow_customers unanswered_customers "
            "answered_turns response_time_sum_seconds first_responses "
            "first_response_time_sum_seconds judged_turns timely_turns"
        ).split():
            expected[name] = round(sum(each(name)), 3)
        if each("response_time_max_seconds"):
            expected["response_time_max_seconds"] = max(each("response_time_max_seconds"))
        if each("response_time_seconds", quantile="0.5"):
            expected["response_time_seconds"] = {
                q: max(each("response_time_seconds", quantile=q)) for q in ("0.5", "0.9", "0.99")
            }
        if len(shops) == 1:
            (expected["peak_conversations"],) = each("peak_conversations")
        return expected

    def capacity_of(self, shops):
        offline = [
            (labels["shop"], labels["agent"])
            for labels in self.agents.labels("agent_status")
            if labels["status"] == "offline"
        ]
        counted = [
            labels
            for labels in self.agents.labels("agent_capacity")
            if labels["shop"] in shops and (labels["shop"], labels["agent"]) not in offline
        ]
        if not counted:
            return {}
        of_all = lambda name: sum(self.agents.get(name, **labels) for labels in counted)
        return {"capacity": of_all("agent_capacity"), "capacity_used": of_all("agent_open_conversations")}

    def levels_of(self, shops):
        def each(name, **labels):
            found = (self.shops.get("shop_" + name, shop=s, **labels) for s in shops)
            return [value for value in found if value is not None]

        expected = {
            "waiting_customers": sum(each("waiting_customers")),
            "oldest_wait_seconds": max(each("oldest_wait_seconds")),
            "open_conversations": sum(each("open_conversations")),
            **self.capacity_of(shops),
        }
        if each("agents", status="online"):
            expected["agents"] = {
                status: sum(each("agents", status=status)) for status in ("online", "busy", "offline")
            }
        return expected

    def names_of(self, shop):
        (info,) = (one for one in self.shops.labels("shop_info") if one["shop"] == shop)
        names = {"shop": shop, "profile": info["profile"]}
        if info["name"] != shop:
            names["name"] = info["name"]
        return names

    def shop_row(self, shop, focus, shortest, minutes):
        scope = self.scope_of([shop], focus)
        row = {**self.names_of(shop), **self.levels_of([shop])}
        for name in (
            "slow_customers consulting_customers unanswered_customers answered_turns "
            "response_time_sum_seconds"
        ).split():
            row[name] = scope[name]
        if "response_time_seconds" in scope:
            row["response_time_p90_seconds"] = scope["response_time_seconds"]["0.9"]
        row["messages_per_minute"] = sum(self.scope_of([shop], shortest)["messages"].values()) / minutes
        today = self.scope_of([shop], "today")
        row["unanswered_customers_today"] = today["unanswered_customers"]
        row["received_customers_today"] = today["received_customers"]
        return row

    def agent_row(self, info, focus):
        key = {"shop": info["shop"], "agent": info["agent"]}
        row = dict(key)
        if info["name"] != info["agent"]:
            row["name"] = info["name"]
        if info["group"]:
            row["group"] = info["group"]
        for name in ("open_conversations", "waiting_customers", "oldest_wait_seconds"):
            row[name] = self.agents.get("agent_" + name, **key)
        for name in ("slow_customers", "answered_turns", "response_time_sum_seconds"):
            row[name] = self.agents.get("agent_" + name, window=focus, **key)
        if self.agents.get("agent_capacity", **key) is not None:
            row["capacity"] = self.agents.get("agent_capacity", **key)
        for status in ("online", "busy", "offline"):
            if self.agents.get("agent_status", status=status, **key) is not None:
                row["status"] = status

        def has_written(sender):
            return self.agents.get("agent_messages_total", **{"from": sender}, **key)

        if has_written("bot") and not (has_written("human") or has_written("assist")) and "status" not in row:
            row["bot"] = True
        return row

    def expect_equal(self, answer, chosen, focus="5m", shortest="1m", minutes=1):
        windows = ["1m", "5m", "15m", "30m", "1h", "today"]
        self.assertEqual(answer["windows"], windows)
        self.assertEqual(answer["focus"], focus)
        numbers = dict(answer["numbers"])
        self.assertEqual(numbers.pop("windows"), {w: self.scope_of(chosen, w) for w in windows})
        self.assertEqual(numbers, self.levels_of(chosen))
        every_shop = [labels["shop"] for labels in self.shops.labels("shop_info")]
        self.assertEqual(
            answer["shops"], [self.shop_row(shop, focus, shortest, minutes) for shop in every_shop]
        )
        self.assertEqual(
            answer["agents"],
            [
                self.agent_row(info, focus)
                for info in self.agents.labels("agent_info")
                if info["shop"] in chosen
            ],
        )
        targets = {
            labels["number"]: self.shops.get("target", **labels)
            for labels in self.shops.labels("target")
        }
        self.assertEqual(answer["targets"], targets)
        status = answer["status"]
        self.assertEqual(status["stale"], self.shops.get("feed_stale") == 1)
        self.assertEqual(status["connected"], self.shops.get("feed_connected") == 1)
        self.assertEqual(
            status["incomplete"],
            [w for w in windows if self.shops.get("window_incomplete", window=w) == 1],
        )

    def expect_the_list_behind(self, number, **parameters):
        answer = self.ask("/api/v1/waiting", **parameters)
        self.assertEqual(answer["watermark"], self.shops.watermark())
        self.assertEqual(answer["waiting_customers"], number)
        rows = answer["waiting"]
        self.assertEqual(len(rows), number)
        waits = [row["wait_seconds"] for row in rows]
        self.assertEqual(waits, sorted(waits, reverse=True))
        for row in rows:
            self.assertEqual(row["since"] + round(row["wait_seconds"] * 1000), answer["watermark"])
            self.assertEqual(row["slow"], row["wait_seconds"] > 60)
        return rows


class OneShop(ApiTest):
    def test_every_field_equals_the_metrics_at_the_same_watermark(self):
        self.start("--preset normal --rate 4 --warm-up 15m --agents 12 --seed 3", "[targets]\nload = 0.8\n")
        self.wait_for_traffic()
        self.stand_still()
        (shop,) = [labels["shop"] for labels in self.shops.labels("shop_info")]

        everything = self.snapshot()
        one = self.snapshot(shop=shop)

        self.expect_equal(everything, [shop])
        self.expect_equal(one, [shop])
        self.assertIsNone(everything["shop"])
        self.assertEqual(one["shop"], self.names_of(shop))
        self.assertEqual(one["status"]["state"], "disconnected")
        self.assertEqual(one["targets"]["load"], 0.8)


class SeveralShops(ApiTest):
    SHOPS = 4

    def test_every_field_and_every_list_equals_the_metrics(self):
        self.start(
            f"--preset extreme --rate 8 --warm-up 15m --shops {self.SHOPS} --agents 12 --seed 5",
            f'[[shop]]\nid = {toml_string(HOSTILE)}\nname = "quiet"\n'
            f"[[shop.agent]]\nid = {toml_string(HOSTILE)}\ngroup = {toml_string(HOSTILE)}\ncapacity = 3\n",
        )
        self.wait_for_traffic()
        self.stand_still()
        shops = [labels["shop"] for labels in self.shops.labels("shop_info")]
        self.assertEqual(len(shops), self.SHOPS + 1)
        self.assertIn(HOSTILE, shops)

        everything = self.snapshot()
        self.expect_equal(everything, shops)
        self.expect_equal(self.snapshot(shop=shops[1]), [shops[1]])

        rows = self.expect_the_list_behind(everything["numbers"]["waiting_customers"])
        self.assertEqual(everything["waiting"], rows[:20])
        limited = self.ask("/api/v1/waiting", limit=2)
        self.assertEqual(limited["waiting"], rows[:2])
        self.assertEqual(limited["waiting_customers"], len(rows))
        for row in rows:
            self.assertRegex(row["customer"], CUSTOMER_MASK)
        for shop in shops:
            number = self.shops.get("shop_waiting_customers", shop=shop)
            own = self.expect_the_list_behind(number, shop=shop)
            self.assertEqual(own, [row for row in rows if row["shop"] == shop])
        for labels in self.agents.labels("agent_waiting_customers"):
            number = self.agents.get("agent_waiting_customers", **labels)
            self.expect_the_list_behind(number, **labels)


class Stream(ApiTest):
    def events(self, are_enough, **parameters):
        """The events of one connection until `are_enough(events)`."""
        url = f"http://{self.daemon.address()}/api/v1/stream{query(**parameters)}"
        found = []
        deadline = time.monotonic() + programs.PATIENCE
        with urllib.request.urlopen(url, timeout=programs.PATIENCE) as answer:
            self.assertEqual(answer.headers["Content-Type"].split(";")[0], "text/event-stream")
            event = {}
            for line in answer:
                name, _, value = line.decode("utf-8").rstrip("\n").partition(": ")
                if name:
                    event[name] = value
                elif event.get("event"):
                    found.append(event)
                    event = {}
                    if are_enough(found):
                        return found
                    self.assertLess(time.monotonic(), deadline, "what the stream should bring does not come")
        raise AssertionError(f"the stream ended after {len(found)} events")

    def test_is_a_snapshot_a_second_of_what_was_chosen(self):
        self.start("--preset promo --rate 2 --warm-up 5m --shops 2 --agents 6 --seed 7")
        wait_for("shops", lambda: self.ask("/api/v1/snapshot")["shops"])
        shop = self.ask("/api/v1/snapshot")["shops"][0]["shop"]

        # A busy machine's simulator may stand still for a while, and its time with it.
        def time_has_passed(events):
            marks = {json.loads(event["data"])["watermark"] for event in events}
            return len(events) >= 3 and len(marks) >= 2

        events = self.events(time_has_passed, shop=shop)

        snapshots = [json.loads(event["data"]) for event in events]
        for snapshot in snapshots:
            check("snapshot", snapshot)
            self.assertEqual(snapshot["shop"]["shop"], shop)
        ids = [int(event["id"]) for event in events]
        self.assertEqual(ids, sorted(set(ids)))
        marks = [snapshot["watermark"] for snapshot in snapshots]
        self.assertEqual(marks, sorted(marks))
        self.assertEqual({event["event"] for event in events}, {"snapshot"})

    def test_says_when_the_daemon_has_lost_its_feed(self):
        self.start("--preset normal --rate 1 --agents 4 --seed 7")
        live = json.loads(self.events(len)[0]["data"])
        self.platform.end()

        def stale():
            snapshot = json.loads(self.events(len)[0]["data"])
            return snapshot["status"]["state"] == "disconnected" and snapshot

        gone = wait_for("the stream to say so", stale)

        self.assertEqual(live["status"]["state"], "live")
        self.assertTrue(gone["status"]["stale"])
        check("snapshot", gone)


class Mistakes(ApiTest):
    def test_are_explained_in_json(self):
        self.start("--preset normal --rate 1 --agents 4 --seed 7")
        for path, status in (
            ("/api/v1/snapshot?shop=nobody", 404),
            ("/api/v1/stream?shop=nobody", 404),
            ("/api/v1/waiting?shop=nobody", 404),
            ("/api/v1/waiting?agent=nobody", 400),
            ("/api/v1/waiting?limit=many", 400),
            ("/api/v1/waiting?limit=1000001", 400),
            ("/api/v1/snapshot?shop=%zz", 400),
        ):
            with self.subTest(path):
                code, text = get(f"http://{self.daemon.address()}{path}")
                self.assertEqual(code, status)
                self.assertEqual(list(json.loads(text)), ["error"])
                self.assertNotIn("nobody", text)


class ShownCustomers(ApiTest):
    def message(self, number, age, **other):
        now = time.time_ns() // 1_000_000
        event = {
            "type": "message",
            "id": f"m{number}",
            "ts": now - age,
            "shop": "tea",
            "customer": f"buyer-{number}",
            "agent": "amy",
            "from": "customer",
        }
        return json.dumps({**event, **other}) + "\n"

    def customers(self, show):
        stream = self.write(
            "stream.ndjson",
            self.message(1, 9000)
            + self.message(2, 8000)
            + self.message(3, 7000)
            + self.message(2, 6000, id="a2", **{"from": "human"}),
        )
        self.start(f"--flood {stream} --batch 1", f"[privacy]\nshow_customers = {show}\n")

        def all_three():
            answer = self.ask("/api/v1/waiting")
            return answer["waiting_customers"] == 2 and answer["waiting"]

        rows = wait_for("the two who wait", all_three)
        self.assertNotIn("buyer", self.daemon.log)
        self.assertNotIn("buyer", self.daemon.page("/metrics") + self.daemon.page("/metrics/agents"))
        return [row["customer"] for row in rows]

    def test_are_masked_at_first(self):
        for mask in self.customers("false"):
            self.assertRegex(mask, CUSTOMER_MASK)

    def test_are_named_when_the_configuration_says_so(self):
        self.assertEqual(self.customers("true"), ["buyer-1", "buyer-3"])


class TheReference(unittest.TestCase):
    """API.md shows what the schemas promise."""

    def test_examples_keep_to_their_schema(self):
        text = (PROTO / "API.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        self.assertEqual(len(blocks), 2)
        for name, block in zip(("snapshot", "waiting"), blocks):
            with self.subTest(name):
                check(name, json.loads(block))

    def test_examples_have_every_field_of_the_schema(self):
        text = (PROTO / "API.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        snapshot, waiting = map(json.loads, blocks)
        parts = SCHEMAS["snapshot"]["$defs"]
        for example, schema in (
            (snapshot, SCHEMAS["snapshot"]),
            (waiting, SCHEMAS["waiting"]),
            (snapshot["shops"][0], parts["shop"]),
            (set().union(*snapshot["agents"]), parts["agent"]),  # nobody has all
            (snapshot["numbers"], SCHEMAS["snapshot"]["properties"]["numbers"]),
            (snapshot["history"], SCHEMAS["snapshot"]["properties"]["history"]),
            (waiting["waiting"][0], SCHEMAS["waiting"]["$defs"]["waiting"]),
            (snapshot["status"], SCHEMAS["waiting"]["$defs"]["status"]),
        ):
            self.assertLessEqual(set(schema["properties"]), set(example))
        window = set(parts["window"]["properties"]) - {"peak_conversations"}  # of one shop only
        self.assertLessEqual(window, set(snapshot["numbers"]["windows"]["5m"]))

    def test_schemas_are_schemas(self):
        for schema in SCHEMAS.values():
            jsonschema.Draft202012Validator.check_schema(schema)


if __name__ == "__main__":
    programs.main()
