#!/usr/bin/env python3
"""The state directory is removed or replaced under a daemon that runs."""

import shutil
import signal

import programs
from programs import Daemon, ProgramTest, Simulator, total, value, wait_for

SNAPSHOTS = "deskpulse_snapshots_total"


class StateDirectory(ProgramTest):
    def setUp(self):
        super().setUp()
        self.state = self.folder / "there" / "state"
        self.state.parent.mkdir()
        self.platform = self.run_program(Simulator("--rate", 50, "--heartbeat", "200ms"))

    def start(self, journal):
        daemon = self.run_program(
            Daemon(
                self.folder,
                f'[feed]\nurl = "{self.platform.url()}"\n'
                f'[store]\ndirectory = "{self.state}"\ninterval = "100ms"\njournal = {journal}\n',
            )
        )
        daemon.wait_until_ready()
        return daemon

    def wait_for_snapshots(self, daemon):
        before = value(daemon.page(), SNAPSHOTS)
        wait_for("two more snapshots", lambda: value(daemon.page(), SNAPSHOTS) >= before + 2)

    def remove(self):
        """As `rm -rf` does; what the daemon writes meanwhile is removed, too."""

        def is_gone():
            shutil.rmtree(self.state, ignore_errors=True)
            return not self.state.exists()

        wait_for("the directory to be gone", is_gone)

    def empty(self):
        for file in self.state.iterdir():
            file.unlink(missing_ok=True)

    def test_the_state_goes_on_in_a_directory_that_was_made_again(self):
        def remove_and_make():
            self.remove()
            self.state.mkdir(mode=0o700, exist_ok=True)

        def move_away():
            self.state.rename(self.state.with_name(self.state.name + "-away"))

        for journal in ("false", "true"):
            for change in (remove_and_make, self.remove, move_away, self.empty):
                with self.subTest(change.__name__, journal=journal):
                    self.state = self.folder / "there" / f"state-{change.__name__}-{journal}"
                    daemon = self.start(journal)
                    self.wait_for_snapshots(daemon)
                    change()

                    wait_for("a snapshot where it is to be", lambda: list(self.state.glob("snapshot-?")))
                    self.wait_for_snapshots(daemon)
                    if journal == "true":
                        wait_for("a journal", lambda: list(self.state.glob("journal-*")))
                    events = total(daemon.page(), "deskpulse_events_total")
                    daemon.end(signal.SIGKILL)
                    daemon = self.start(journal)
                    self.assertEqual(value(daemon.page(), "deskpulse_snapshot_restored"), 1)
                    wait_for(
                        "what had been counted", lambda: total(daemon.page(), "deskpulse_events_total") >= events
                    )
                    self.assertEqual(value(daemon.page(), "deskpulse_feed_gaps_total"), 0)
                    self.assertEqual(daemon.end(), 0)

    def test_a_directory_that_is_missed_at_the_end_is_made_again(self):
        daemon = self.start("false")
        self.wait_for_snapshots(daemon)
        self.remove()

        self.assertEqual(daemon.end(), 0)

        self.assertTrue(list(self.state.glob("snapshot-?")))

    def test_a_state_that_cannot_be_saved_is_no_good_end(self):
        daemon = self.start("false")
        self.wait_for_snapshots(daemon)
        self.state.parent.rename(self.folder / "away")

        self.assertEqual(daemon.end(), programs.EXIT_IO_ERROR)

        self.assertIn("State not saved", daemon.log)
        self.assertIn("mkdir -p", daemon.log)


if __name__ == "__main__":
    programs.main()
