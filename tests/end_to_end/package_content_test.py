#!/usr/bin/env python3
"""The Debian package that cpack makes of this build: what is in it, and that lintian is content."""

import os
import platform
import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import programs

SOURCES = Path(__file__).parents[2]
BUILD = os.environ.get("BUILD_DIRECTORY")
INSTALLED = """
/etc/deskpulse/deskpulse.toml
/usr/lib/systemd/system/deskpulsed.service
/usr/bin/deskpulse-sim
/usr/bin/deskpulsed
/usr/lib/sysusers.d/deskpulse.conf
/usr/share/bash-completion/completions/deskpulse-sim
/usr/share/bash-completion/completions/deskpulsed
/usr/share/doc/deskpulse/API.md
/usr/share/doc/deskpulse/METRICS.md
/usr/share/doc/deskpulse/PROTOCOL.md
/usr/share/doc/deskpulse/README.Debian
/usr/share/doc/deskpulse/changelog.gz
/usr/share/doc/deskpulse/copyright
/usr/share/man/man1/deskpulse-sim.1.gz
/usr/share/man/man1/deskpulsed.1.gz
/usr/share/man/man5/deskpulse.toml.5.gz
""".split()
# Folders of the sources whose files are all there, by where they are.
WHOLE_FOLDERS = {
    "/usr/share/deskpulse/prometheus": "deploy/prometheus/*.yml",
    "/usr/share/deskpulse/alertmanager": "deploy/alertmanager/*",
    "/usr/share/deskpulse/runbooks": "deploy/runbooks/*.md",
    "/usr/share/deskpulse/grafana/dashboards": "grafana/dashboards/*/*.json",
}
# As the releases of Debian name them.
LIBRARIES = {
    "12": ("libfmt9", "libsimdjson14", "libspdlog1.10", "libssl3"),
    "13": ("libfmt10", "libsimdjson25", "libspdlog1.15", "libssl3t64"),
}


def output(*command, **options):
    run = subprocess.run(list(map(str, command)), capture_output=True, encoding="utf-8", **options)
    if run.returncode != 0:
        raise AssertionError(f"{command} ended with {run.returncode}:\n{run.stdout}{run.stderr}")
    return run.stdout


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not BUILD:
            raise SystemExit("Set BUILD_DIRECTORY to a build of the shipped kind; ctest does.")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.package = cls.packed("first")
        cls.root = cls.folder / "root"
        output("dpkg-deb", "--raw-extract", cls.package, cls.root)
        described = platform.freedesktop_os_release()
        cls.release = described.get("VERSION_ID") or described["VERSION_CODENAME"]

    @classmethod
    def packed(cls, name):
        output("cpack", "-B", cls.folder / name, cwd=BUILD)
        (package,) = (cls.folder / name).glob("*.deb")
        return package

    def files(self):
        """Path to kind and permissions, owner."""
        found = {}
        for line in output("dpkg-deb", "--contents", self.package).splitlines():
            mode, owner, _, _, _, path = line.split(None, 5)
            found[path[1:]] = mode, owner
        return found

    def test_holds_what_an_operator_needs(self):
        files = self.files()
        wanted = list(INSTALLED)
        for folder, pattern in WHOLE_FOLDERS.items():
            sources = list(SOURCES.glob(pattern))
            self.assertTrue(sources, pattern)
            start = SOURCES / pattern.split("/*")[0]
            wanted += [f"{folder}/{path.relative_to(start)}" for path in sources]

        self.assertEqual([path for path in wanted if path not in files], [])

    def test_holds_nothing_of_the_workshop(self):
        strange = re.compile(r"node_modules|_test|/tests?/|\.py$|package(-lock)?\.json|\.(o|a|h|hpp|ts|cmake)$")

        self.assertEqual([path for path in self.files() if strange.search(path)], [])

    def test_everything_is_roots_and_readable_by_all(self):
        for path, (mode, owner) in self.files().items():
            program = path.endswith("/") or path.startswith("/usr/bin/")
            kind = "d" if path.endswith("/") else "-"
            self.assertEqual((mode, owner), (kind + ("rwxr-xr-x" if program else "rw-r--r--"), "root/root"), path)

    def test_the_configuration_is_the_administrators(self):
        self.assertEqual((self.root / "DEBIAN/conffiles").read_text(), "/etc/deskpulse/deskpulse.toml\n")

    def test_its_version_is_that_of_program_and_changelog(self):
        version, release = output("dpkg-deb", "--field", self.package, "Version").strip().split("~deb")

        self.assertEqual(release, self.release)
        self.assertEqual(output(self.root / "usr/bin/deskpulsed", "--version"), f"deskpulsed {version}\n")
        self.assertEqual(
            output("dpkg-parsechangelog", "-S", "Version", "-l", SOURCES / "deploy/debian/changelog").strip(), version
        )

    def test_each_release_has_a_file_of_its_own(self):
        self.assertRegex(self.package.name, f"^deskpulse_.*~deb{self.release}_[a-z0-9]+\\.deb$")

    def test_names_the_libraries_that_it_needs(self):
        depends = output("dpkg-deb", "--field", self.package, "Depends")

        for library in ("libc6", "systemd-sysusers", "tzdata", *LIBRARIES[self.release]):
            self.assertIn(library, depends)

    def test_programs_name_no_folder_of_the_build_machine(self):
        for program in (self.root / "usr/bin").iterdir():
            for folder in (str(SOURCES), BUILD):
                self.assertNotIn(folder.encode(), program.read_bytes(), program.name)

    def test_is_the_same_when_packed_again_later(self):
        packed_in = int(time.time())
        programs.wait_for("the next second", lambda: int(time.time()) > packed_in)

        self.assertEqual(self.packed("again").read_bytes(), self.package.read_bytes())

    def test_lintian_is_content(self):
        lintian = subprocess.run(
            ["lintian", "--no-cfg", "--allow-root", "--fail-on", "error,warning", self.package],
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )

        self.assertEqual((lintian.returncode, lintian.stdout + lintian.stderr), (0, ""))


if __name__ == "__main__":
    programs.main()
