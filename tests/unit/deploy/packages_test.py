#!/usr/bin/env python3
"""deploy/packages.sh names the packages of each release of Debian. Usage: packages_test.py SOURCES"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCES = Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
SCRIPT = (SOURCES / "deploy/packages.sh").read_text(encoding="utf-8")
LISTS = ("packages_to_build", "packages_to_test", "packages_to_demo")
TESTING = "ID=debian\nVERSION_CODENAME=forky\n"  # has no number


def release(number):
    return f'ID=debian\nVERSION_ID="{number}"\n'


class FromSource(unittest.TestCase):
    def test_no_warning_of_a_newer_compiler_stops_who_builds_for_use(self):
        for path in ("deploy/INSTALL.md", "deploy/demo"):
            configures = re.findall(r"cmake --preset .*", (SOURCES / path).read_text(encoding="utf-8"))

            self.assertTrue(configures, path)
            for command in configures:
                self.assertIn(" -DDESKPULSE_WARNINGS_AS_ERRORS=OFF ", command)


class Packages(unittest.TestCase):
    def lists(self, os_release):
        """Each list's packages with their reasons, on a machine of that description."""
        with tempfile.TemporaryDirectory() as folder:
            described = Path(folder, "os-release")
            described.write_text(os_release, encoding="utf-8")
            script = SCRIPT.replace("/etc/os-release", str(described))
            shown = "\n".join(f'printf "%s\\0" "${name}"' for name in LISTS)
            run = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", f"{script}\n{shown}"], capture_output=True, check=True, text=True
            )
        texts = run.stdout.split("\0")
        return [[line.split(None, 1) for line in text.strip().split("\n")] for text in texts[: len(LISTS)]]

    def test_every_package_is_named_with_its_reason(self):
        for os_release in (release(12), release(13), TESTING):
            for packages in self.lists(os_release):
                self.assertGreater(len(packages), 1)
                for name, *reason in packages:
                    self.assertRegex(name, r"^[a-z0-9][a-z0-9.+-]+$")
                    self.assertTrue(reason, name)

    def test_boost_is_the_one_of_the_release(self):
        for os_release, boost in (
            (release(12), "libboost1.81-dev"),
            (release(13), "libboost-dev"),
            (TESTING, "libboost-dev"),
        ):
            to_build = [name for name, _ in self.lists(os_release)[0]]
            self.assertEqual([name for name in to_build if re.match("libboost", name)], [boost])

    def test_nothing_else_differs(self):
        twelve, thirteen = (
            {name for packages in self.lists(release(number)) for name, _ in packages} for number in (12, 13)
        )

        self.assertEqual(twelve ^ thirteen, {"libboost1.81-dev", "libboost-dev"})


class Version(unittest.TestCase):
    def version(self, os_release, version="1.0"):
        """Of a package that is built on a machine of that description."""
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "etc").mkdir()
            Path(folder, "etc/os-release").write_text(os_release, encoding="utf-8")
            script = Path(folder, "version.cmake")
            script.write_text(
                f'include({SOURCES}/deploy/debian/release.cmake)\nmessage("{version}~deb${{release}}")\n', "utf-8"
            )
            run = subprocess.run(
                ["cmake", f"-DCMAKE_SYSROOT={folder}", "-P", script], capture_output=True, check=True, text=True
            )
        return run.stderr.strip()

    def assert_ascending(self, *versions):
        for less, more in zip(versions, versions[1:]):
            self.assertEqual(subprocess.run(["dpkg", "--compare-versions", less, "lt", more]).returncode, 0, versions)

    def test_says_the_release_by_number_or_else_by_name(self):
        self.assertEqual(self.version(release(13)), "1.0~deb13")
        self.assertEqual(self.version(TESTING), "1.0~debforky")
        self.assertEqual(self.version("ID=other\n"), "1.0~debunknown")

    def test_an_upgrade_of_the_machine_or_of_deskpulse_is_one_of_the_package(self):
        each = [self.version(described) for described in (release(12), release(13), TESTING)]

        self.assert_ascending(*each, self.version(release(12), "1.1"))

    def test_is_above_what_was_handed_out_without_a_release(self):
        [ours] = re.findall(r"project\(deskpulse VERSION (\S+)", (SOURCES / "CMakeLists.txt").read_text("utf-8"))

        self.assert_ascending("0.1.0", self.version(release(12), ours))


if __name__ == "__main__":
    unittest.main()
