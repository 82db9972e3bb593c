#!/usr/bin/env python3
"""The example configuration that is installed: it knows every setting, with its true default."""

import re
import subprocess
from pathlib import Path

import programs
from programs import PATIENCE, ProgramTest

EXAMPLE = Path(__file__).parents[2] / "deploy" / "deskpulse.toml"
SETTING = re.compile(r"^#?([a-z0-9_]+) = .*$", re.MULTILINE)
LIST_OF_TABLES = re.compile(r"^#(\[\[?[a-z_.]+\]\]?)$", re.MULTILINE)
CHINESE = re.compile("[\u4e00-\u9fff]")


def without_comment_marks(text):
    return LIST_OF_TABLES.sub(r"\1", SETTING.sub(lambda match: match[0].removeprefix("#"), text))


class ExampleConfiguration(ProgramTest):
    def setUp(self):
        super().setUp()
        self.example = EXAMPLE.read_text(encoding="utf-8")
        # The example of a shop, a profile and a user has no defaults.
        self.defaults_end = self.example.index("\n#[profiles.")

    def printed(self, *arguments):
        run = subprocess.run(
            [programs.program("DAEMON"), *map(str, arguments), "--print-config"],
            env=programs.clean_environment(),
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
        )
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stderr, "")
        return run.stdout

    def defaults(self):
        return self.printed("--config", self.write("empty.toml", ""))

    def test_changes_only_where_the_state_is_kept_as_it_is_installed(self):
        kept = self.defaults().replace("# directory is not set\n", 'directory = "/var/lib/deskpulse"\n')

        self.assertEqual(self.printed("--config", EXAMPLE), kept)

    def test_has_every_setting_and_no_other(self):
        known = []
        section = ""
        for line in self.defaults().split("\n"):
            if line.startswith("["):
                section = line
            elif found := re.fullmatch(r"(?:# )?([a-z0-9_]+)(?: = .*| is not set)", line):
                known.append((section, found[1]))

        shown = []
        for line in self.example[: self.defaults_end].split("\n"):
            if line.startswith("["):
                section = line
            elif (found := SETTING.fullmatch(line)) and section != "[http.basic_auth_users]":
                shown.append((section, found[1]))

        self.assertEqual(sorted(shown), sorted(known))

    def test_every_default_is_the_true_one(self):
        unset = re.findall(r"^# ([a-z0-9_]+) is not set$", self.defaults(), re.MULTILINE)
        without_examples = re.sub(
            rf"^#?({'|'.join(unset)}|wall) = .*\n", "", self.example[: self.defaults_end], flags=re.MULTILINE
        )
        path = self.write("explicit.toml", without_comment_marks(without_examples))

        self.assertEqual(self.printed("--config", path), self.defaults())

    def test_every_example_is_accepted(self):
        # The authorities of clients are refused where nothing is done with them.
        text = without_comment_marks(self.example).replace("NoClientCert", "RequireAndVerifyClientCert")
        path = self.write("all.toml", text)

        self.printed("--config", path)  # and not checked, for the files that it names are not there

    def test_explains_every_setting_in_both_languages(self):
        explained = {"en": False, "zh": False}
        for line in self.example.split("\n"):
            if SETTING.fullmatch(line):
                name = line.removeprefix("#").split(" ")[0]
                if name not in ("id", "name", "group", "max_version", "slow_times", "abandon_after", "session_gap"):
                    self.assertEqual(explained, {"en": True, "zh": True}, line)
            elif line.startswith("# "):
                explained["zh" if CHINESE.search(line) else "en"] = True
            elif not line:
                explained = {"en": False, "zh": False}


if __name__ == "__main__":
    programs.main()
