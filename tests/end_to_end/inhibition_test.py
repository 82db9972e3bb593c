#!/usr/bin/env python3
"""What Alertmanager holds back: Debian's, with our file, is told of alerts with the labels that our rules give them."""

import json
import tempfile
import urllib.request
from pathlib import Path

import programs
from alerts_test import Alertmanager, alerts_of_rules
from programs import PATIENCE, ProgramTest, get, wait_for


def alert(name, **labels):
    return {"alertname": name, **alerts_of_rules()[name]["labels"], **labels}


def of_daemon(name, instance="desk:9870", job="deskpulse"):
    return alert(name, instance=instance, job=job)


def of_shop(name, shop):
    return alert(name, shop=shop)


class Inhibition(ProgramTest):
    def held_back(self, *alerts):
        """Those of the alerts that tell nobody while all of them fire."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        manager = self.run_program(Alertmanager(folder, "http://127.0.0.1:9"))
        url = f"http://{manager.address()}/api/v2/alerts"
        # Alerts are taken in this order, but what holds them back hears of them a moment later: when it knows the
        # last, it knows all.
        last = of_daemon("DeskpulseDown", "last:9870")
        behind_last = of_daemon("DeskpulseFeedGaps", "last:9870")
        sent = [*alerts, behind_last, last]
        body = json.dumps([{"labels": labels} for labels in sent]).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        wait_for("Alertmanager to listen", lambda: get(url)[0] == 200)
        with urllib.request.urlopen(request, timeout=PATIENCE):
            pass

        def known():
            found = json.loads(get(url)[1])
            held = [each["labels"] for each in found if each["status"]["inhibitedBy"]]
            return held if len(found) == len(sent) and behind_last in held else None

        held = wait_for("all alerts", known)
        return [each for each in alerts if each in held]

    def test_a_page_of_agents_that_fails_holds_back_nothing(self):
        of_agents = {"job": "deskpulse-agents"}
        others = [of_daemon("DeskpulseFeedDown"), of_daemon("DeskpulseSnapshotOld")]

        self.assertEqual(self.held_back(of_daemon("DeskpulseAgentsPageDown", **of_agents), *others), [])
        self.assertEqual(self.held_back(of_daemon("DeskpulseDown", **of_agents), *others), [])

    def test_a_daemon_that_is_down_is_told_once_and_others_are_told_of(self):
        of_this = [of_daemon("DeskpulseFeedGaps"), of_daemon("DeskpulseAgentsPageDown", job="deskpulse-agents")]
        of_others = [of_daemon("DeskpulseFeedGaps", "other:9870"),
                     of_daemon("DeskpulseAgentsPageDown", "other:9870", "deskpulse-agents")]

        self.assertEqual(self.held_back(of_daemon("DeskpulseDown"), *of_this, *of_others), of_this)

    def test_without_its_feed_a_daemon_tells_of_the_feed_alone(self):
        of_this = [of_daemon("DeskpulseFeedGaps"), of_daemon("DeskpulseEventsRejected")]
        of_others = [of_daemon("DeskpulseSnapshotOld"), of_daemon("DeskpulseFeedGaps", "other:9870"),
                     of_shop("DeskpulseManyCustomersWaitTooLong", "s1")]  # another daemon has live numbers of it

        self.assertEqual(self.held_back(of_daemon("DeskpulseFeedDown"), *of_this, *of_others), of_this)

    def test_where_nobody_is_online_the_shop_has_one_message(self):
        of_this = [of_shop("DeskpulseWaitingOverTarget", "s1")]
        of_others = [of_shop("DeskpulseWaitingOverTarget", "s2")]

        self.assertEqual(self.held_back(of_shop("DeskpulseNoAgentOnline", "s1"), *of_this, *of_others), of_this)


if __name__ == "__main__":
    programs.main()
