#!/usr/bin/env python3
"""What an upstream makes grow is bounded, and ids chosen to collide cost no more than others.

    tests/end_to_end/growth_test.py --strangers 5000000 --rate 17000 --limits default --ids 200000

is the long campaign, ten minutes of it traffic; without options it is short, with small limits.
"""

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import time
from collections import Counter

import programs
from crowd import KNOWN, KNOWN_EVERY, SHOP, Crowd
from programs import Daemon, ProgramTest, total, value, wait_for

OPTIONS = argparse.Namespace(strangers=30_000, rate=10_000, limits="small", ids=50_000)
LIMITS = {
    "small": {"agents": 200, "conversations": 5_000, "remembered_ids": 20_000},
    "default": {},
}
# Of the whole process, everything included.
MEMORY = {"small": 256 << 20, "default": 2 << 30}
AGENT_MESSAGES = re.compile(
    rb'^deskpulse_agent_messages_total\{shop="[^"]*",agent="([^"]*)",from="([a-z]+)"\} (\d+)$', re.MULTILINE
)


class Growth(ProgramTest):
    def scrape(self, path):
        """The bytes: too many for a parser."""
        with programs.urllib.request.urlopen(f"http://{self.daemon.address()}{path}", timeout=programs.PATIENCE) as answer:
            return answer.read()

    def watch(self, crowd):
        """Scrapes while the crowd comes."""
        while not crowd.is_sent():
            page = self.daemon.page()
            self.resident.append(value(page, "process_resident_memory_bytes"))
            self.lags.append(value(page, "deskpulse_feed_lag_seconds"))
            time.sleep(0.5)
        return crowd.sent()

    def send(self, crowd, of, first, count):
        crowd.send(of, first, count, OPTIONS.rate)
        late = self.watch(crowd)
        self.sent += count
        wait_for(
            "the messages",
            lambda: total(self.daemon.page(), "deskpulse_shop_messages_total") >= self.sent,
        )
        # On a slow machine it may have been stale meanwhile: the lag that is shown says so.
        wait_for("live numbers", lambda: value(self.daemon.page(), "deskpulse_feed_stale") == 0)
        return late

    def assert_right(self, agents_from_strangers, customers):
        page = self.daemon.page()
        self.assertEqual(total(page, "deskpulse_events_total"), self.sent)
        self.assertEqual(total(page, "deskpulse_rejected_events_total"), 0)
        self.assertEqual(total(page, "deskpulse_shop_messages_total"), self.sent)
        self.assertEqual(total(page, "deskpulse_shop_messages_total", shop=SHOP), self.sent)
        for name in ("agents", "conversations", "remembered_ids", "shops", "buffered_events", "buffered_bytes"):
            most = value(page, "deskpulse_limit", limit=name)
            self.assertLessEqual(value(page, "deskpulse_limit_used", limit=name), most, name)

        agents = self.scrape("/metrics/agents")
        counts = {(a.decode(), f.decode()): int(n) for a, f, n in AGENT_MESSAGES.findall(agents)}
        self.assertEqual(sum(counts.values()), self.sent)
        answers = Counter(i // KNOWN_EVERY % KNOWN for i in range(0, agents_from_strangers, KNOWN_EVERY))
        for i in range(KNOWN):
            self.assertEqual(counts[f"known-{i}", "human"], 1 + answers[i])
            self.assertEqual(counts[f"known-{i}", "customer"], len(range(i, customers, KNOWN)))
        shown = {agent for agent, _ in counts}
        self.assertLessEqual(len(shown), value(page, "deskpulse_limit", limit="agents") + 2)
        return len(agents), counts.get(("_other", "human"), 0)

    def test_of_strangers_is_bounded(self):
        self.sent, self.resident, self.lags = 0, [], []
        limits = LIMITS[OPTIONS.limits]
        crowd = self._stack.enter_context(Crowd())
        self.daemon = self.run_program(
            Daemon(
                self.folder,
                f'[feed]\nurl = "{crowd.url()}"\n[limits]\nmemory_bytes = {MEMORY[OPTIONS.limits]}\n'
                + "".join(f"{name} = {most}\n" for name, most in limits.items()),
            )
        )
        self.daemon.wait_until_ready()
        for name, most in limits.items():
            self.assertEqual(value(self.daemon.page(), "deskpulse_limit", limit=name), most)
        half = OPTIONS.strangers // 2
        began = time.monotonic()
        self.send(crowd, "known", 0, KNOWN)
        late = [self.send(crowd, "agents", 0, half)]
        small, others = self.assert_right(half, 0)
        late.append(self.send(crowd, "agents", half, half))
        page_bytes, more_others = self.assert_right(2 * half, 0)
        self.assertGreater(more_others, others)
        late.append(self.send(crowd, "customers", 0, half))
        late.append(self.send(crowd, "customers", half, half))
        final_bytes, _ = self.assert_right(2 * half, 2 * half)

        page = self.daemon.page()
        self.assertGreater(value(page, "deskpulse_limit_exceeded_total", limit="agents"), 0)
        self.assertGreater(value(page, "deskpulse_limit_exceeded_total", limit="conversations"), 0)
        self.assertLess(page_bytes, 1.1 * small)
        self.assertLess(final_bytes, 1.3 * small)
        self.assertLess(max(self.resident), MEMORY[OPTIONS.limits])
        self.assertEqual(value(page, "deskpulse_feed_gaps_total"), 0)
        self.assertEqual(value(page, "deskpulse_feed_reconnects_total"), 0)
        used = {
            name: value(page, "deskpulse_limit_used", limit=name)
            for name in ("agents", "conversations", "remembered_ids")
        }
        print(
            f"\n{self.sent} events in {time.monotonic() - began:.0f} s: at most {max(self.resident) / 2**20:.0f} MiB "
            f"of {MEMORY[OPTIONS.limits] / 2**20:.0f}, lag {max(self.lags):.2f} s, sender late {max(late):.2f} s; "
            f"/metrics/agents {small} to {final_bytes} bytes; used {used}"
        )


# --- ids that collide

MASK = 2**64 - 1
MURMUR = 0xC6A4A7935BD1E995
UNMURMUR = pow(MURMUR, -1, 2**64)
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/+=~"


def mix(block):
    """What MurmurHash64A, which std::hash of g++ is, makes of eight bytes."""
    k = block * MURMUR & MASK
    return (k ^ k >> 47) * MURMUR & MASK


def unmix(mixed):
    k = mixed * UNMURMUR & MASK
    return (k ^ k >> 47) * UNMURMUR & MASK


def murmur_collisions(count, seed=0xC70F6907, choices=4):
    """Ids of one length, all of which have the same 64 bits in std::hash<std::string>.

    Two blocks of eight bytes can be changed so that the second undoes the first, in any state; so
    `choices` pairs for each of some places give choices ** places ids.
    """
    randoms = random.Random(1)
    places = 1
    while choices**places < count:
        places += 1
    state = (seed ^ 16 * places * MURMUR) & MASK
    pieces = []
    allowed = set(ALPHABET.encode())

    def words():
        while True:
            yield "".join(randoms.choices(ALPHABET, k=8)).encode()

    for _ in range(places):
        first, second = next(words()), next(words())
        middle = (state ^ mix(int.from_bytes(first, "little"))) * MURMUR & MASK
        after = middle ^ mix(int.from_bytes(second, "little"))
        found = [first + second]
        for other in words():
            its_middle = (state ^ mix(int.from_bytes(other, "little"))) * MURMUR & MASK
            undone = unmix(its_middle ^ after).to_bytes(8, "little")
            if allowed.issuperset(undone):
                found.append(other + undone)
                if len(found) == choices:
                    break
        pieces.append([piece.decode() for piece in found])
        state = after * MURMUR & MASK
    return combinations(pieces, count)


def fnv_low_bits(text, state=0xCBF29CE484222325, bits=24):
    for byte in text.encode():
        state = (state ^ byte) * 0x100000001B3
    return state & (1 << bits) - 1


def fnv_collisions(count):
    """Ids of one length whose FNV-1a hashes have the same 24 low bits: in one bucket of any table here."""
    randoms = random.Random(2)
    places = (count - 1).bit_length()
    state = fnv_low_bits("")
    pieces = []
    for _ in range(places):
        seen = {}
        while True:
            piece = "".join(randoms.choices(ALPHABET, k=8))
            its = fnv_low_bits(piece, state)
            if seen.setdefault(its, piece) != piece:
                pieces.append([seen[its], piece])
                state = its
                break
    return combinations(pieces, count)


def combinations(pieces, count):
    ids = []
    for number in range(count):
        parts = []
        for choices in pieces:
            number, choice = divmod(number, len(choices))
            parts.append(choices[choice])
        ids.append("".join(parts))
    return ids


class Collisions(ProgramTest):
    def stream_of(self, ids, name):
        """Each id is a customer's and an event's."""
        start = 1_763_712_000_000
        lines = "".join(
            f'{{"type":"message","id":{json.dumps(text)},"ts":{start + i},"shop":"s",'
            f'"customer":{json.dumps(text)},"agent":"amy","from":"customer"}}\n'
            for i, text in enumerate(ids)
        )
        return self.write(name, lines)

    def cpu_seconds(self, path):
        """Of one replay."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = subprocess.run(
            [programs.program("DAEMON"), "replay", str(path)],
            env=programs.clean_environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertEqual(value(run.stdout, "deskpulse_events_total", type="message"), OPTIONS.ids)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def test_in_an_unkeyed_hash_cost_no_more_than_twice_what_others_do(self):
        for name, make in (("std_hash", murmur_collisions), ("fnv", fnv_collisions)):
            with self.subTest(name):
                colliding = make(OPTIONS.ids)
                self.assertEqual(len(set(colliding)), OPTIONS.ids)
                randoms = random.Random(3)
                length = len(colliding[0])
                others = ["".join(randoms.choices(ALPHABET, k=length)) for _ in range(OPTIONS.ids)]

                streams = self.stream_of(colliding, name), self.stream_of(others, "others")
                # The fastest of three each, in turn, so that a neighbour slows down both.
                took, usual = map(min, zip(*(map(self.cpu_seconds, streams) for _ in range(3))))

                print(f"\n{name}: {OPTIONS.ids / took:.0f} events/s of CPU time, others {OPTIONS.ids / usual:.0f}")
                self.assertLess(took, 2 * usual)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strangers", type=int, default=OPTIONS.strangers, help="agents, and then customers")
    parser.add_argument("--rate", type=int, default=OPTIONS.rate, help="events a second")
    parser.add_argument("--ids", type=int, default=OPTIONS.ids, help="that collide")
    parser.add_argument("--limits", choices=LIMITS, default=OPTIONS.limits)
    _, others = parser.parse_known_args(namespace=OPTIONS)
    sys.argv[1:] = others
    programs.main()


if __name__ == "__main__":
    main()
