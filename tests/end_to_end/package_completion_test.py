#!/usr/bin/env python3
"""What the Tab key offers in bash, by calling the completion as bash does."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import programs

COMPLETION = Path(__file__).parents[2] / "deploy" / "completion" / "deskpulse.bash"
FUNCTION = {"DAEMON": "_deskpulsed", "SIMULATOR": "_deskpulse_sim"}


def offered(program, *words, folder=None):
    """What is offered for the last word."""
    script = f'source {COMPLETION}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); {FUNCTION[program]}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    run = subprocess.run(
        ["bash", "--norc", "-uc", script, "bash", programs.program(program), *words],
        cwd=folder,
        env=programs.clean_environment(),
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    if run.stderr:
        raise AssertionError(run.stderr)
    return [word for word in run.stdout.split("\n") if word]


def options_of_help(program, *command):
    run = subprocess.run(
        [programs.program(program), *command, "--help"], capture_output=True, check=True, encoding="utf-8"
    )
    found = re.findall(r"^ +(?:-\w,)?(--[a-z-]+)", run.stdout.split("\nExamples:")[0], re.MULTILINE)
    return sorted(set(found))


class Completion(unittest.TestCase):
    def test_offers_the_options_of_the_help(self):
        for program, command in [
            ("DAEMON", []),
            ("DAEMON", ["replay"]),
            ("SIMULATOR", []),
            ("SIMULATOR", ["serve"]),
            ("SIMULATOR", ["write"]),
        ]:
            with self.subTest(program=program, command=command):
                self.assertEqual(sorted(offered(program, *command, "--")), options_of_help(program, *command))

    def test_offers_what_begins_as_written(self):
        self.assertEqual(offered("DAEMON", "--check"), ["--check-config"])
        self.assertEqual(offered("DAEMON", "re"), ["replay"])
        self.assertEqual(offered("SIMULATOR", "serve", "--re"), ["--record", "--restart-after"])

    def test_offers_commands(self):
        self.assertEqual(offered("DAEMON", ""), ["replay"])
        self.assertEqual(offered("SIMULATOR", ""), ["serve", "write"])

    def test_offers_the_values_of_an_option(self):
        self.assertEqual(offered("DAEMON", "--log-level", "w"), ["warn"])
        self.assertEqual(offered("SIMULATOR", "serve", "--preset", "="), ["normal", "promo", "extreme"])
        self.assertEqual(offered("SIMULATOR", "serve", "--preset", "=", "p"), ["promo"])
        self.assertEqual(offered("SIMULATOR", "serve", "--seed", ""), [])

    def test_offers_the_keys_that_the_daemon_has(self):
        self.assertEqual(offered("DAEMON", "--set", "rules.slow"), ["rules.slow_after=", "rules.slow_times="])
        self.assertEqual(offered("DAEMON", "--set", "feed.to"), ["feed.token_file="])
        self.assertEqual(offered("DAEMON", "replay", "--set", "feed.timeouts.h"), ["feed.timeouts.handshake="])

    def test_offers_files_where_one_is_wanted(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("shops.toml", "sent.ndjson"):
                open(os.path.join(folder, name), "w").close()

            self.assertEqual(offered("DAEMON", "-c", "sh", folder=folder), ["shops.toml"])
            self.assertEqual(offered("DAEMON", "replay", "sen", folder=folder), ["sent.ndjson"])
            self.assertEqual(
                sorted(offered("SIMULATOR", "serve", "--record", "s", folder=folder)), ["sent.ndjson", "shops.toml"]
            )


if __name__ == "__main__":
    programs.main()
