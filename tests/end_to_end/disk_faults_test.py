#!/usr/bin/env python3
"""The real daemon on a disk that fails: every system call of a snapshot, by every error, once and for ever.

strace makes the calls fail. Whatever fails, the snapshot before is there, the failure is counted, and the
monitoring goes on. `disk_faults_test.py --all` tries every call with every error; without it each call
and each error comes up, but not every pair.
"""

import argparse
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import programs
from programs import Daemon, ProgramTest, Simulator, samples, total, value, wait_for
from recorded_truth import differences_from_replay

OPTIONS = argparse.Namespace(all=False)
ERRORS = ("ENOSPC", "EIO", "EINTR")
PR_SET_PTRACER = 0x59616D61
ANYBODY = 2**64 - 1

# system call, the file it is about, and the stage that its failure is counted under
SNAPSHOT_CALLS = (
    ("openat", "snapshot.tmp", "create"),
    ("write", "snapshot.tmp", "write"),
    ("fsync", "snapshot.tmp", "sync"),
    ("close", "snapshot.tmp", "close"),
    ("renameat", "snapshot.tmp", "rename"),
    ("fsync", "", "sync_directory"),
)

CONFIGURATION = """
[feed]
url = {url}
start = "floor"
live_lag = "1s"
reconnect = {{ base = "20ms", cap = "100ms" }}
[store]
directory = {directory}
interval = "{interval}"
journal = {journal}
"""


class TraceableDaemon(Daemon):
    """One that strace may attach to, also where only descendants may be traced."""

    def before_it_runs(self):
        super().before_it_runs()
        programs.libc.prctl(PR_SET_PTRACER, ANYBODY, 0, 0, 0)


class FailingCalls:
    """While the block lasts, a system call of the daemon and its snapshot processes fails on some paths."""

    def __init__(self, daemon, calls, paths):
        """`calls` are pairs: the call and how it fails, in the words of strace."""
        self.daemon = daemon
        self.command = ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(daemon.process.pid)]
        self.command += ["-e", "trace=" + ",".join(call for call, _ in calls)]
        for call, how in calls:
            self.command += ["-e", f"inject={call}:{how}"]
        for path in paths:
            self.command += ["-P", str(path)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        status = Path("/proc") / str(self.daemon.process.pid) / "status"

        def attached():
            if self.process.poll() is not None:
                raise AssertionError(f"strace ended: {self.process.stderr.read()}")
            return "TracerPid:\t0\n" not in status.read_text()

        wait_for("strace to attach", attached)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()


class DiskFaultTest(ProgramTest):
    def setUp(self):
        super().setUp()
        if not shutil.which("strace"):
            raise AssertionError("strace is not installed")
        self.state = self.folder / "state"
        self.record = self.folder / "sent.ndjson"
        self.platform = self.run_program(
            Simulator(
                *("--preset", "promo", "--steady", "--rate", 300, "--agents", 20, "--warm-up", "5m"),
                *("--backlog", 20_000, "--heartbeat", "1s", "--forget-acked", "--record", self.record),
            )
        )

    def start(self, interval="150ms", journal=False):
        return self.run_program(
            TraceableDaemon(
                self.folder,
                CONFIGURATION.format(
                    url=programs.toml_string(self.platform.url()),
                    directory=programs.toml_string(str(self.state)),
                    interval=interval,
                    journal="true" if journal else "false",
                ),
            )
        )

    def wait_for_more(self, daemon, series, more=1, **labels):
        before = total(daemon.page(), series, **labels)
        wait_for(f"{more} more {series}", lambda: total(daemon.page(), series, **labels) >= before + more)

    def assert_monitoring_goes_on(self, daemon):
        self.wait_for_more(daemon, "deskpulse_events_total", 20)
        daemon.wait_until_ready()

    def restart_after_a_kill(self, daemon):
        daemon.end(signal.SIGKILL)
        daemon = self.start()
        daemon.wait_until_ready()
        self.assertEqual(value(daemon.page(), "deskpulse_snapshot_restored"), 1)
        return daemon

    def assert_nothing_is_lost(self, daemon):
        """Also of a platform that forgets what was acknowledged."""
        self.platform.process.send_signal(signal.SIGUSR1)
        self.platform.said("The traffic has ended")
        newest = max(event["ts"] for event in programs.lines_of(self.record)) / 1000
        wait_for(
            "time to pass the last event",
            lambda: value(daemon.page(), "deskpulse_watermark_timestamp_seconds") > newest,
        )
        self.platform.end()
        wait_for("the end of the stream", lambda: value(daemon.page(), "deskpulse_feed_connected") == 0)
        self.assertEqual(value(daemon.page(), "deskpulse_feed_gaps_total"), 0)
        self.assertEqual(differences_from_replay(daemon, self.record, daemon.path), [])

    def paths(self, name):
        return [self.state / name, name] if name else [self.state]

    def segments(self):
        """Those there are and, because strace wants to know their names, those that may come."""
        newest = max(int(path.name[8:24]) for path in self.state.glob("journal-*"))
        names = [f"journal-{number:016}.ndjson.gz" for number in range(newest, newest + 1500)]
        return names + [self.state / name for name in names]


class CallOfASnapshot(DiskFaultTest):
    def cases(self, step):
        for i, call in enumerate(SNAPSHOT_CALLS):
            for error in ERRORS if OPTIONS.all else (ERRORS[(i + step) % len(ERRORS)],):
                yield (*call, error)

    def test_that_fails_once_is_made_up_for_by_the_next(self):
        daemon = self.start()
        for call, name, stage, error in self.cases(0):
            with self.subTest(call=call, name=name, error=error):
                self.wait_for_more(daemon, "deskpulse_snapshots_total")
                with FailingCalls(daemon, [(call, f"error={error}:when=1")], self.paths(name)):
                    # One that is interrupted is made again, and nothing has failed.
                    counter = "snapshots_total" if error == "EINTR" else "snapshot_failures_total"
                    self.wait_for_more(daemon, f"deskpulse_{counter}")
                failures = samples(daemon.page())
                self.wait_for_more(daemon, "deskpulse_snapshots_total", 2)
                if error != "EINTR":
                    self.assertGreaterEqual(
                        failures["deskpulse_snapshot_failures_total", frozenset({("stage", stage)})], 1
                    )
        self.assert_nothing_is_lost(self.restart_after_a_kill(daemon))

    def test_that_fails_for_ever_leaves_the_one_before(self):
        daemon = self.start()
        for call, name, stage, error in self.cases(1):
            with self.subTest(call=call, name=name, error=error):
                self.wait_for_more(daemon, "deskpulse_snapshots_total", 2)
                with FailingCalls(daemon, [(call, f"error={error}")], self.paths(name)):
                    if not (call == "close" and error == "EINTR"):  # Linux has closed it then
                        self.wait_for_more(daemon, "deskpulse_snapshot_failures_total", 2, stage=stage)
                    self.assert_monitoring_goes_on(daemon)
                    daemon.end(signal.SIGKILL)
                daemon = self.start()
                daemon.wait_until_ready()
                self.assertEqual(value(daemon.page(), "deskpulse_snapshot_restored"), 1)
        self.assert_nothing_is_lost(daemon)


class ProcessOfASnapshot(DiskFaultTest):
    def test_that_is_killed_at_any_call_is_counted(self):
        daemon = self.start()
        for call, name, _ in SNAPSHOT_CALLS:
            with self.subTest(call=call, name=name):
                self.wait_for_more(daemon, "deskpulse_snapshots_total", 2)
                with FailingCalls(daemon, [(call, "signal=SIGKILL")], self.paths(name)):
                    self.wait_for_more(daemon, "deskpulse_snapshot_failures_total", 2, stage="died")
                    self.assert_monitoring_goes_on(daemon)
                daemon = self.restart_after_a_kill(daemon)
        self.assert_nothing_is_lost(daemon)

    def test_that_is_the_daemon_itself_may_be_killed_at_any_call(self):
        for call, name, _ in SNAPSHOT_CALLS:
            with self.subTest(call=call, name=name):
                daemon = self.start()
                self.wait_for_more(daemon, "deskpulse_snapshots_total", 2)
                with FailingCalls(daemon, [(call, "signal=SIGKILL")], self.paths(name)):
                    self.assertEqual(daemon.end(signal.SIGTERM), -signal.SIGKILL)
        daemon = self.start()
        self.assertEqual(value(daemon.page(), "deskpulse_snapshot_restored"), 1)
        self.assert_nothing_is_lost(daemon)

    def test_that_cannot_be_made_is_counted(self):
        daemon = self.start()
        self.wait_for_more(daemon, "deskpulse_snapshots_total")
        with FailingCalls(daemon, [("clone", "error=EAGAIN")], []):
            self.wait_for_more(daemon, "deskpulse_snapshot_failures_total", 2, stage="fork")
            self.assert_monitoring_goes_on(daemon)
        self.wait_for_more(daemon, "deskpulse_snapshots_total")
        self.assert_nothing_is_lost(self.restart_after_a_kill(daemon))

    def test_whose_end_cannot_be_watched_is_counted(self):
        daemon = self.start()
        self.wait_for_more(daemon, "deskpulse_snapshots_total")
        with FailingCalls(daemon, [("epoll_ctl", "error=ENOSPC")], []):
            daemon.said('"?stage"?[=:]"?fork')  # nobody can be accepted meanwhile to see the page
        self.wait_for_more(daemon, "deskpulse_snapshots_total")
        self.assertGreater(total(daemon.page(), "deskpulse_snapshot_failures_total", stage="fork"), 0)
        self.assert_monitoring_goes_on(daemon)
        self.assertEqual(daemon.end(), 0)


class FileOfASnapshot(DiskFaultTest):
    def test_that_the_disk_only_claims_to_have_written_is_a_failed_one(self):
        daemon = self.start()
        self.wait_for_more(daemon, "deskpulse_snapshots_total", 2)
        # The first of these bytes never reach the file.
        with FailingCalls(daemon, [("write", "retval=10:when=1")], self.paths("snapshot.tmp")):
            self.wait_for_more(daemon, "deskpulse_snapshot_failures_total", 2, stage="write")
        self.assert_nothing_is_lost(self.restart_after_a_kill(daemon))

    def test_that_is_damaged_is_refused_for_the_one_before(self):
        daemon = self.start()
        self.wait_for_more(daemon, "deskpulse_snapshots_total", 2)
        daemon.end(signal.SIGKILL)
        newest = max(self.state.glob("snapshot-[ab]"), key=lambda path: path.stat().st_mtime_ns)
        content = bytearray(newest.read_bytes())
        content[len(content) // 2] ^= 1
        newest.write_bytes(content)

        daemon = self.start()
        daemon.wait_until_ready()

        self.assertEqual(total(daemon.page(), "deskpulse_snapshot_refused_total"), 1)
        self.assertEqual(value(daemon.page(), "deskpulse_snapshot_restored"), 1)
        self.assertIn("Snapshot refused.", daemon.log)
        self.assert_nothing_is_lost(daemon)

    def test_on_a_full_disk_leaves_the_one_before_also_at_the_end(self):
        daemon = self.start()
        self.wait_for_more(daemon, "deskpulse_snapshots_total", 2)
        _, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (1000, hard))  # a short write, then EFBIG
        self.wait_for_more(daemon, "deskpulse_snapshot_failures_total", 2, stage="write")
        self.assert_monitoring_goes_on(daemon)
        self.assertEqual(daemon.end(signal.SIGTERM), 74)  # not saved
        daemon = self.start()
        self.assertEqual(value(daemon.page(), "deskpulse_snapshot_restored"), 1)
        self.assert_nothing_is_lost(daemon)


class Journal(DiskFaultTest):
    """Of a stream with positions, so that what the journal lacks comes again."""

    CALLS = (("write", "write"), ("fsync", "sync"), ("openat", "create"))

    def test_that_fails_is_counted_and_the_monitoring_goes_on(self):
        for call, stage in self.CALLS:
            with self.subTest(call=call):
                daemon = self.start(journal=True)
                self.wait_for_more(daemon, "deskpulse_journal_events_total", 20)
                # A new segment is begun after a failure only: for openat to be called one must fail.
                calls = {call: "error=EIO"}
                if call == "openat":
                    calls["write"] = "error=EIO"
                with FailingCalls(daemon, calls.items(), self.segments()):
                    self.wait_for_more(daemon, "deskpulse_journal_failures_total", 2, stage=stage)
                    self.wait_for_more(daemon, "deskpulse_journal_dropped_batches_total")
                    self.assert_monitoring_goes_on(daemon)
                self.wait_for_more(daemon, "deskpulse_journal_events_total", 20)
                daemon.end(signal.SIGKILL)
        daemon = self.start(journal=True)
        daemon.wait_until_ready()
        self.assertEqual(value(daemon.page(), "deskpulse_snapshot_restored"), 1)
        self.assert_nothing_is_lost(daemon)

    def test_on_a_full_disk_goes_on_where_there_is_room_again(self):
        daemon = self.start(journal=True)
        self.wait_for_more(daemon, "deskpulse_journal_events_total", 20)
        _, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (100, hard))
        self.wait_for_more(daemon, "deskpulse_journal_failures_total", 2, stage="write")
        daemon.said("Journal failed.*File too large")
        self.assert_monitoring_goes_on(daemon)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        self.wait_for_more(daemon, "deskpulse_journal_events_total", 20)
        daemon.said("Journal is written again")
        self.assertEqual(daemon.log.count("Journal failed"), 1)
        daemon.end(signal.SIGKILL)
        daemon = self.start(journal=True)
        daemon.wait_until_ready()
        self.assert_nothing_is_lost(daemon)


class DiskThatHangs(DiskFaultTest):
    """Neither the numbers nor the daemon's end wait for it for ever."""

    HANGS = "delay_enter=300000000"  # microseconds

    def assert_it_ends(self, daemon, hanging):
        daemon.asked_to_end = True
        daemon.process.send_signal(signal.SIGTERM)
        daemon.said("Daemon stopped")
        # Its threads are held by strace. Had it not ended by itself it would go on now, and end well.
        hanging.process.kill()
        self.assertEqual(daemon.process.wait(timeout=programs.PATIENCE), programs.EXIT_IO_ERROR)

    def test_in_a_sync_of_the_journal(self):
        daemon = self.start(journal=True)
        self.wait_for_more(daemon, "deskpulse_journal_events_total", 20)
        with FailingCalls(daemon, [("fsync", self.HANGS)], self.segments()) as hanging:
            self.assert_monitoring_goes_on(daemon)
            self.assert_it_ends(daemon, hanging)
        self.assertIn("The end of the journal is not written: the disk does not answer.", daemon.log)
        self.assertIn("State saved.", daemon.log)
        daemon = self.start(journal=True)
        daemon.wait_until_ready()
        self.assert_nothing_is_lost(daemon)

    def test_in_a_sync_of_a_snapshot(self):
        daemon = self.start()
        self.wait_for_more(daemon, "deskpulse_snapshots_total", 2)
        with FailingCalls(daemon, [("fsync", self.HANGS)], self.paths("snapshot.tmp")) as hanging:
            self.assert_monitoring_goes_on(daemon)
            self.assert_it_ends(daemon, hanging)
        self.assertIn("State not saved: the disk does not answer;", daemon.log)
        daemon = self.start()
        daemon.wait_until_ready()
        self.assertEqual(value(daemon.page(), "deskpulse_snapshot_restored"), 1)
        self.assert_nothing_is_lost(daemon)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every call with every error")
    _, others = parser.parse_known_args(namespace=OPTIONS)
    sys.argv[1:] = others
    programs.main()


if __name__ == "__main__":
    main()
