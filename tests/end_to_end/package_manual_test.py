#!/usr/bin/env python3
"""The manual pages say what the programs take: no option more, no option less."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

import programs

DEPLOY = Path(__file__).parents[2] / "deploy"
MANUALS = DEPLOY / "man"
# Options of which --help of each command has its own.
EVERYWHERE = {"help", "version"}


def output(*command, stdin=None):
    return subprocess.run(
        list(map(str, command)), stdin=stdin, capture_output=True, check=True, encoding="utf-8"
    ).stdout


def offered(program, *command):
    text = output(programs.program(program), *command, "--help").split("\nExamples:")[0]
    return set(re.findall(r"^ +(?:-\w,)?--([a-z-]+)", text, re.MULTILINE))


def documented(page):
    """Section to the options listed in it."""
    found = {}
    section = ""
    for line in (MANUALS / page).read_text(encoding="utf-8").split("\n"):
        if line.startswith((".Sh ", ".Ss ")):
            section = line[4:]
        elif line.startswith(".It Fl "):
            found.setdefault(section, set()).update(re.findall(r"Fl -([a-z-]+)", line))
    return found


class Manual(unittest.TestCase):
    def test_pages_are_well_formed(self):
        for page in MANUALS.glob("*.[1-9]"):
            with self.subTest(page.name):
                lint = subprocess.run(
                    ["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, encoding="utf-8"
                )
                self.assertEqual((lint.returncode, lint.stdout + lint.stderr), (0, ""))

    def test_deskpulsed_has_the_options_of_its_help(self):
        options = set().union(*documented("deskpulsed.1").values())

        self.assertEqual(options, offered("DAEMON") | offered("DAEMON", "replay"))

    def test_deskpulse_sim_has_the_options_of_its_help_under_the_right_command(self):
        page = documented("deskpulse-sim.1")
        serve = offered("SIMULATOR", "serve") - EVERYWHERE
        write = offered("SIMULATOR", "write") - EVERYWHERE

        self.assertEqual(page["Serve only"] | page["Traffic"] | page["Faults"], serve)
        self.assertEqual(page["Write only"], write - serve)
        self.assertEqual(page["Serve only"] & write, set())
        self.assertLessEqual(page["Traffic"], write)
        self.assertEqual(page["Other"], offered("SIMULATOR"))

    def test_every_exit_code_of_the_help_is_explained(self):
        codes = re.search(r"Exit codes: (.*)\.$", output(programs.program("DAEMON"), "--help"), re.DOTALL)[1]
        page = (MANUALS / "deskpulsed.1").read_text(encoding="utf-8")

        for code in re.findall(r"\d+", codes):
            self.assertIn(f"\n.It {code}\n", page)

    def test_the_page_of_the_configuration_is_made_of_the_example(self):
        with open(DEPLOY / "deskpulse.toml", encoding="utf-8") as example:
            made = output(sys.executable, MANUALS / "deskpulse_toml.py", stdin=example)

        self.assertEqual((MANUALS / "deskpulse.toml.5").read_text(encoding="utf-8"), made)


if __name__ == "__main__":
    programs.main()
