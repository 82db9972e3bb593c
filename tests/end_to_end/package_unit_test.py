#!/usr/bin/env python3
"""The systemd unit, as far as it can be judged without a running systemd."""

import re
import subprocess
from pathlib import Path

import programs
from programs import ProgramTest

SYSTEMD = Path(__file__).parents[2] / "deploy" / "systemd"
MOST_EXPOSURE = 15  # of 100; what is left is mostly the network, which the daemon is for


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

    def test_what_a_person_must_mend_is_not_tried_again(self):
        codes = self.setting("RestartPreventExitStatus")[0].split()
        bad = self.write("bad.toml", "[nothing]\n")
        no_token = self.write("no_token.toml", f'[feed]\ntoken_file = "{self.folder}/none"\n')

        for arguments in (["--config", bad], ["--config", no_token], ["--no-such-option"]):
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
