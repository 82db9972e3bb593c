#!/usr/bin/env python3
"""The systemd unit, as far as it can be judged without a running systemd."""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

import programs
from programs import PATIENCE, Program, ProgramTest, Simulator, get, toml_string, wait_for

SYSTEMD = Path(__file__).parents[2] / "deploy" / "systemd"
MOST_EXPOSURE = 15  # of 100; what is left is mostly the network, which the daemon is for


# Refused by the unit without harm: to be nicer than others, and to know the CPUs.
MAY_FAIL = {"setpriority", "sched_setaffinity"}


class TracedDaemon(Program):
    """deskpulsed under strace, which lists the system calls that it makes.

    strace keeps signals to itself, and when it is killed the daemon goes on.
    """

    def __init__(self, trace, *arguments):
        # The sanitizers' search for leaks wants to trace the program itself.
        super().__init__(
            "env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-qq", "-e", "signal=none", "-o", trace,
            programs.program("DAEMON"), *arguments,
        )

    def __exit__(self, *exception):
        self.signal_daemon(signal.SIGKILL)
        super().__exit__(*exception)

    def signal_daemon(self, number):
        """Nothing where it has ended."""
        pid = self.process.pid
        with contextlib.suppress(FileNotFoundError):
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
                os.kill(int(child), number)

    def end_daemon(self):
        """The exit code, which strace takes over."""
        self.asked_to_end = True
        self.signal_daemon(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)


class Unit(ProgramTest):
    def setUp(self):
        super().setUp()
        self.text = (SYSTEMD / "deskpulsed.service").read_text(encoding="utf-8")
        # verify wants to see the program and looks for it where the unit says.
        self.unit = self.write(
            "deskpulsed.service", self.text.replace("/usr/bin/deskpulsed", programs.program("DAEMON"))
        )

    def setting(self, name):
        return re.findall(rf"^{name}=(.*)$", self.text, re.MULTILINE)

    def analyze(self, *arguments):
        run = subprocess.run(
            ["systemd-analyze", *map(str, arguments)], capture_output=True, encoding="utf-8", env={"PATH": "/usr/bin:/bin"}
        )
        return run.returncode, run.stdout + run.stderr

    def test_verifies_without_a_word(self):
        self.assertEqual(self.analyze("verify", "--man=no", self.unit), (0, ""))

    def test_a_misspelt_setting_would_be_seen(self):
        self.unit.write_text(self.text.replace("ProtectClock=", "ProtectClocks="), encoding="utf-8")

        self.assertIn("ProtectClocks", self.analyze("verify", "--man=no", self.unit)[1])

    def test_exposes_little(self):
        code, said = self.analyze("security", "--offline=true", f"--threshold={MOST_EXPOSURE}", self.unit)

        self.assertEqual(code, 0, said)

    def allowed_calls(self):
        """The system calls that SystemCallFilter= lets through."""
        sets, name = {}, ""
        for line in self.analyze("syscall-filter")[1].split("\n"):
            if line.startswith("@"):
                name = line.strip()
                sets[name] = []
            elif line.startswith("    ") and not line.strip().startswith("#"):
                sets[name].append(line.strip())

        def calls(name):
            return set().union(*(calls(each) for each in sets[name])) if name.startswith("@") else {name}

        allowed = set()
        for line in self.setting("SystemCallFilter"):
            named = set().union(*(calls(each) for each in line.removeprefix("~").split()))
            allowed = allowed - named if line.startswith("~") else allowed | named
        return allowed

    def test_every_system_call_of_a_daemon_at_work_is_allowed(self):
        trace = self.folder / "trace"
        simulator = self.run_program(Simulator("--preset", "normal", "--at", "20:00", "--warm-up", "1m"))
        configuration = self.write("daemon.toml", f"""[feed]
url = "{simulator.url()}"
[http]
listen = "127.0.0.1:0"
[store]
directory = {toml_string(str(self.folder / "state"))}
interval = "100ms"
journal = true
""")
        daemon = self.run_program(TracedDaemon(trace, "--config", str(configuration)))
        page = f"http://127.0.0.1:{daemon.said(r'http_port=([0-9]+)')[1]}/metrics"
        wait_for("snapshots", lambda: programs.value(get(page)[1], "deskpulse_snapshots_total") >= 3)
        self.assertEqual(daemon.end_daemon(), 0)

        made = set(re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)", trace.read_text("utf-8"), re.MULTILINE))

        self.assertLess({"fsync", "renameat", "accept", "clone"}, made)
        self.assertEqual(made - self.allowed_calls() - MAY_FAIL, set())

    def test_what_a_person_must_mend_is_not_tried_again(self):
        codes = self.setting("RestartPreventExitStatus")[0].split()
        bad = self.write("bad.toml", "[nothing]\n")
        no_token = self.write("no_token.toml", f'[feed]\ntoken_file = "{self.folder}/none"\n')
        no_directory = self.write("no_directory.toml", f'[store]\ndirectory = "{bad}"\n')

        for arguments in (
            ["--config", bad], ["--config", no_token], ["--config", no_directory], ["--no-such-option"]
        ):
            self.assertIn(str(self.run_to_end(*arguments)[0]), codes)

    def test_a_reload_checks_first_what_the_daemon_reads(self):
        check, signal = self.setting("ExecReload")

        self.assertEqual(check, self.setting("ExecStart")[0] + " --check-config")
        self.assertEqual(signal, "/bin/kill -HUP $MAINPID")

    def test_its_user_is_the_one_that_is_made(self):
        made = (SYSTEMD / "deskpulse.sysusers.conf").read_text(encoding="utf-8")

        self.assertRegex(made, rf"(?m)^u {self.setting('User')[0]} - ")
        self.assertEqual(self.setting("Group"), self.setting("User"))


if __name__ == "__main__":
    programs.main()
