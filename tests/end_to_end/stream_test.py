#!/usr/bin/env python3
"""What the real daemon makes of a real stream with every kind of fault in it."""

import json
import re
import time
from collections import Counter

import programs
from programs import Daemon, ProgramTest, Simulator, now_ms, total, value, wait_for
from scripted_platform import ScriptedPlatform

MARKER = "word-nobody-may-see"


def message(number, **other):
    event = {
        "type": "message",
        "id": f"{MARKER}-{number}",
        "ts": now_ms(),
        "shop": "shop",
        "customer": f"{MARKER}-customer",
        "agent": "amy",
        "from": "customer",
        "text": f"{MARKER} 什么时候发货？",
    }
    event.update(other)
    return json.dumps({k: v for k, v in event.items() if v is not None}, ensure_ascii=False)


class ClocksSetBack(ProgramTest):
    def test_say_in_the_log_that_what_comes_is_missing(self):
        platform = self._stack.enter_context(ScriptedPlatform())
        # The source's clock is five minutes ahead, and then, by its heartbeats, no longer.
        platform.send(json.loads(message(1, ts=now_ms() + 300_000)))
        configuration = '[feed]\nurl = "%s"\nstart = "floor"\nmax_clock_skew = "10m"\nallowed_lateness = "1m"\n'
        daemon = self.run_program(Daemon(self.folder, configuration % platform.url()))
        wait_for("the event", lambda: total(daemon.page(), "deskpulse_events_total") == 1)
        wait_for("numbers that stand still", lambda: value(daemon.page(), "deskpulse_feed_stale") == 1)

        platform.send(json.loads(message(2)))

        daemon.said("Events are missing.*set_back")
        self.assertEqual(value(daemon.page(), "deskpulse_window_incomplete", window="1h"), 1)


class BadInput(ProgramTest):
    def test_is_counted_by_reason_and_the_stream_goes_on(self):
        bad = {
            "not_json": ['{"type":"message","text":"' + MARKER + '" oops}', "[" + MARKER + "]"],
            "not_object": [f'"{MARKER}"', "[]"],
            "malformed": [
                message(1, shop=None),
                message(2, ts=None),
                message(3, customer=None),
                message(4, text=5),
                message(5, **{"from": None}),
            ],
            "bad_id": [
                message(6, customer=""),
                message(7, agent=MARKER + "\n"),
                message(8, customer=MARKER + "x" * 250),
                message("x" * 260),
            ],
            "bad_time": [message(9, ts=0), message(10, ts=-1), message(11, ts=1.5), message(12, ts=253402300800000)],
            "bad_value": [message(13, type="rating", score=6)],
            "too_deep": [message(14, more=json.loads("[" * 40 + "]" * 40))],
            "too_late": [message(15, ts=1)],
            "future": [message(16, ts=4_102_444_800_000)],
            "unknown_type": [message(17, type=MARKER)],
            "unknown_from": [message(18, **{"from": MARKER})],
        }
        good = 0
        lines = []
        for number, line in enumerate(line for lines in bad.values() for line in lines * 50):
            lines += [message(f"good-{number}"), line.replace(f'"{MARKER}-', f'"{MARKER}-{number}-', 1)]
            good += 1
        lines.append(message("last"))
        good += 1
        stream = self.write("stream.ndjson", "\n".join(lines) + "\n")
        platform = self.run_program(Simulator("--flood", stream, "--batch", "1"))
        began = time.monotonic()
        daemon = self.run_program(
            Daemon(self.folder, f'[feed]\nurl = "{platform.url()}"\n[log]\nlevel = "debug"\n')
        )

        def all_is_there():
            page = daemon.page()
            return total(page, "deskpulse_shop_messages_total", **{"from": "customer"}) == good and page

        page = wait_for("the last event", all_is_there)

        for reason, lines in bad.items():
            count = value(page, "deskpulse_rejected_events_total", reason=reason)
            self.assertEqual(count, 50 * len(lines), reason)
        self.assertEqual(value(page, "deskpulse_feed_connected"), 1)
        self.assertEqual(value(page, "deskpulse_feed_reconnects_total"), 0)
        self.assertEqual(daemon.end(), 0)
        elapsed = time.monotonic() - began
        self.assertNotIn(MARKER, daemon.log)
        self.assertNotIn("oops", daemon.log)
        self.assertNotIn("什么", daemon.log)
        for reason in bad:
            said = re.findall(rf"^.*\breason={reason}\b.*$", daemon.log, re.MULTILINE)
            self.assertTrue(said, reason)
            self.assertLessEqual(len(said), 1 + elapsed / 10, said)


class FaultyPlatform(ProgramTest):
    """deskpulse-sim on a bad day: an hour of it, sixty times as fast as it was."""

    def counts_of(self, page):
        counters = Counter()
        for (name, labels), count in programs.samples(page).items():
            of = dict(labels)
            if name == "deskpulse_events_total" and count:
                counters["event", of["type"]] = count
            elif name == "deskpulse_duplicate_events_total" and count:
                counters["duplicate", ""] = count
            elif name == "deskpulse_shop_messages_total" and count:
                counters[of["shop"], of["from"]] = count
        return counters

    def recount(self, events, watermark):
        """The same numbers from what was sent: each id once, applied when the watermark is there."""
        counters = Counter()
        ids = set()
        for event in events:
            if (event["shop"], event["id"]) in ids:
                counters["duplicate", ""] += 1
                continue
            ids.add((event["shop"], event["id"]))
            counters["event", event["type"]] += 1
            if event["type"] == "message" and event["ts"] <= watermark:
                counters[event["shop"], event["from"]] += 1
        return counters

    def test_numbers_equal_a_recount_of_what_was_sent(self):
        record = self.folder / "sent.ndjson"
        faults = "--duplicates 3% --disorder 5% --late 2% --disconnects-per-hour 120"
        platform = self.run_program(
            Simulator(
                *"--preset promo --at 20:00 --rate 3 --agents 20 --seed 4711 --start -1h --speed 120".split(),
                *faults.split(),
                *("--epoch", "one", "--record", record),
            )
        )
        daemon = self.run_program(
            Daemon(
                self.folder,
                f'[feed]\nurl = "{platform.url()}"\nstart = "floor"\n'
                'reconnect = { base = "20ms", cap = "100ms" }\n',
            )
        )

        def enough(events, reconnects):
            page = daemon.page()
            return (
                total(page, "deskpulse_events_total") >= events
                and value(page, "deskpulse_feed_reconnects_total") >= reconnects
                and page
            )

        for wanted in ((300, 1), (1000, 2), (2000, 4), (3000, 6)):
            page = wait_for(f"{wanted[0]} events", lambda: enough(*wanted))
            self.assertEqual(total(page, "deskpulse_rejected_events_total"), 0)
            self.assertEqual(value(page, "deskpulse_feed_gaps_total"), 0)
            self.assertEqual(value(page, "deskpulse_window_incomplete", window="1h"), 0)
            # Delivered is what was sent, from its beginning to some place, in the same order.
            delivered = total(page, "deskpulse_events_total") + value(page, "deskpulse_duplicate_events_total")
            sent = record.read_text(encoding="utf-8").split("\n")[: int(delivered)]
            watermark = round(value(page, "deskpulse_watermark_timestamp_seconds") * 1000)
            self.assertEqual(self.counts_of(page), self.recount(map(json.loads, sent), watermark))

        self.assertGreater(value(page, "deskpulse_duplicate_events_total"), 20)
        self.assertGreater(value(page, "deskpulse_late_events_total"), 20)

    def test_without_resume_the_gap_is_counted_and_the_windows_are_marked(self):
        platform = self.run_program(
            Simulator(*"--at 20:00 --rate 20 --agents 20 --start -2h --speed 60 --restart-after 500".split())
        )
        daemon = self.run_program(
            Daemon(self.folder, f'[feed]\nurl = "{platform.url()}"\nreconnect = {{ base = "20ms" }}\n')
        )

        # Midnight may fall between a gap and the look at it: the next gap marks the new day.
        def marked():
            page = daemon.page()
            windows = [value(page, "deskpulse_window_incomplete", window=window) for window in ("1h", "today")]
            return value(page, "deskpulse_feed_gaps_total") >= 2 and windows == [1, 1] and page

        page = wait_for("two gaps that mark the windows", marked)

        self.assertGreaterEqual(value(page, "deskpulse_feed_disconnects_total", reason="bye"), 2)


if __name__ == "__main__":
    programs.main()
