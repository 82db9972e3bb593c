#!/usr/bin/env python3
"""Every command of the documents, as it stands there, on a machine that is thrown away afterwards.

The documents are README, CONTRIBUTING, INSTALL.md, PROTOCOL.md, the manuals, the examples of each --help, the runbooks, and those beside
them that tell an operator what to type. A command that does what it says ends with 0; one that goes on for ever says that
it listens, and ends well when it is told to. What takes hours is BY_HAND.

Ends with 77, which is a skipped test, where there can be no such machine.
"""

import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import programs  # noqa: E402
from booted_machine import BootedMachine, refusal  # noqa: E402
from documented_commands import SOURCES, block_of, in_help, in_manual, in_markdown  # noqa: E402

SKIPPED = 77
BUILD = SOURCES / "build/release"
PROGRAMS = {"deskpulsed": "DAEMON", "deskpulse-sim": "SIMULATOR"}
RUNBOOKS = sorted(str(path.relative_to(SOURCES)) for path in SOURCES.glob("deploy/runbooks/*.md"))
CONTRIBUTING = ".github/CONTRIBUTING.md"
OF_TLS = "deploy/runbooks/DeskpulseCertificateExpiring.md"
SERVICE = "http://127.0.0.1:9870"
LISTENS = r"http_port=|on ws://"

# Spoken of, not to be typed: the rest of the sentence is missing.
FRAGMENTS = {"apt-get install", "systemctl restart", "scp -p", "curl -v", "deskpulsed replay"}

# Not run here: why, and by whom.
BY_HAND = {
    "tests/run": "this test is a part of it",
    "tests/run --dev-only": "this test is a part of it",
    "tests/run --dev-only -R Layering": "this test is a part of it",
    "cmake --workflow --preset release": "this test is a part of it",
    "cmake --build --preset dev && ctest --preset dev": "this test is a part of it",
    "deploy/demo": "by in_a_fresh_root: it would build everything anew",
    "cmake --preset release -DBUILD_TESTING=OFF -DDESKPULSE_WARNINGS_AS_ERRORS=OFF && "
    "cmake --build --preset release -t package": "by in_a_fresh_root: it would build everything anew",
    "clang-tidy --quiet -p build/dev proto/*.cpp daemon/engine/*.cpp": "takes minutes",
    "tests/bench/whole_process": "takes minutes",
    "build/release/tests/bench/deskpulse_bench": "takes minutes",
    "build/release/tests/simulation/simulate --seeds 10000": "takes minutes",
    "tests/end_to_end/kill_test.py --kills 300 --rate 1000 --conversations 100000": "takes minutes",
    "tests/end_to_end/kill_test.py Restart --conversations 100000": "takes minutes",
    "tests/end_to_end/soak --hours 2": "takes hours",
    "tests/end_to_end/disk_faults_test.py --all": "takes minutes",
    "DESKPULSE_DAMAGE=all build/release/tests/unit/store/store_damage_test": "takes an hour",
    "tests/fuzz/run --minutes 20": "takes hours",
    "tests/end_to_end/growth_test.py --strangers 5000000 --rate 17000 --limits default --ids 200000": "takes minutes",
    "tests/end_to_end/slow_http_test.py --seconds 60": "takes minutes",
    "sudo tests/end_to_end/in_a_fresh_root trixie": "takes an hour",
    "sudo tests/end_to_end/package_in_a_fresh_root build/release/deskpulse_*.deb": "wants a mirror of Debian",
    "build/release/tests/end_to_end/echo_client --url ws://127.0.0.1:9001": "wants the Autobahn suite",
    "DESKPULSE_HISTORIES=12000 build/release/tests/property/engine_property_test": "takes minutes",
}

# What may end with 1 on a machine that is well.
MAY_FAIL = {
    # The kernel ended nobody.
    "journalctl -k --since -20min --no-pager | grep -i -E 'out of memory|oom'",
    # Nobody has set the clock: here, too, it would be that of whoever runs the tests.
    "journalctl -u deskpulsed -u systemd-timesyncd -u chrony --since -20min --no-pager | grep -i -E 'clock|time|step'",
    # They ask systemd-timesyncd, which is not here: it would set the clock.
    "timedatectl timesync-status",
    "timedatectl status; timedatectl timesync-status",
}
UNKNOWN = re.compile(r"unknown command|unrecognized option|invalid option|command not found", re.IGNORECASE)

# systemctl edit keeps what is between its comments.
EDITOR = """#!/bin/sh
sed -i '/^### Anything between/r /tmp/typed' "$1"
"""

# What apt-get asks, and what is given to whoever reads a secret.
ANSWER = "y\n"


def goes_on(text):
    words = shlex.split(text)
    if words[0] == "deskpulse-sim":
        return "serve" in words
    return words[0] == "deskpulsed" and not {"replay", "--check-config", "--print-config"} & set(words)


class Commands(programs.ProgramTest):
    @classmethod
    def setUpClass(cls):
        packed = tempfile.TemporaryDirectory()
        cls.addClassCleanup(packed.cleanup)
        subprocess.run(["cpack", "-B", packed.name], cwd=BUILD, check=True, capture_output=True)
        (cls.package,) = Path(packed.name).glob("*.deb")

    def setUp(self):
        super().setUp()
        self.machine = self.run_program(BootedMachine(SOURCES))
        self.left_running = []
        # What a person types is said under the command: in place of an editor, which systemd starts.
        self.must("rm -f /usr/bin/editor")
        self.machine.write("/usr/bin/editor", EDITOR, "0755")
        # On a machine that has no network it has nobody to form a cluster with, and ends.
        self.machine.write("/etc/default/prometheus-alertmanager", 'ARGS="--cluster.listen-address="\n')
        self.must("systemctl start prometheus prometheus-alertmanager")

    def must(self, command, folder="/", typed=""):
        ended = self.machine.run(command, folder, typed)
        self.assertEqual(ended.returncode, 0, f"{command}\n{ended.stdout}")
        return ended.stdout

    def is_so(self, command):
        return lambda: self.machine.run(command).returncode == 0

    # --- what there is before ---

    def install(self):
        """The service, as on a server."""
        self.machine.write("/tmp/deskpulse.deb", self.package.read_bytes())
        self.must("dpkg -i /tmp/deskpulse.deb")

    def configure(self, *settings):
        """As the file says: the # is removed. Each is ("[section]", "name = value")."""
        path = "/etc/deskpulse/deskpulse.toml"
        text = self.machine.read(path)
        for section, setting in settings:
            name = setting.partition(" = ")[0]
            line = rf"(^{re.escape(section)}$(?:(?!^\[).)*?)^#{name} = [^\n]*$"
            text, changed = re.subn(line, lambda match: match[1] + setting, text, count=1, flags=re.M | re.S)
            self.assertTrue(changed, setting)
        self.must(f"cat >{path}", typed=text)  # its owner and mode stay
        self.must("systemctl restart deskpulsed")

    def put_files(self, folder):
        """Those that the examples name."""
        example = (SOURCES / "proto/examples/stream.ndjson").read_text("utf-8")
        for name in ("yesterday.ndjson", "your-events.ndjson", "FILE"):
            self.machine.write(f"{folder}/{name}", example)
        self.machine.write(f"{folder}/shops.toml", block_of("README.md", "toml", "slow_after"))
        self.machine.write("/etc/deskpulse/token", "secret\n")

    def put_certificate(self, folder, name):
        self.must(f"mkdir -p {folder}")
        self.must(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=deskpulse "
            f"-out {name}.pem -keyout {name}.key",
            folder,
        )

    def start_unit(self, name, command):
        """Beside the service, and as long as the machine."""
        self.must(f"systemd-run --unit={name} {command}")

    # --- running them ---

    def run_all(self, document, commands, folder, before=None, after=None):
        """`before` and `after`: what is done around the commands of these texts."""
        before, after = before or {}, after or {}
        self.assertLessEqual({*before, *after}, {command.text for command in commands}, document)
        for command in commands:
            if command.text in FRAGMENTS or command.text in BY_HAND:
                continue
            with self.subTest(document=document, command=command.text):
                before.get(command.text, lambda: None)()
                if goes_on(command.text):
                    self.listens(command, folder)
                else:
                    self.ends(command, folder)
                after.get(command.text, lambda: None)()

    def listens(self, command, folder):
        """One that is left running ends with the next one that goes on."""
        program = self.run_program(self.machine.start(command.text.removesuffix(" &"), folder))
        self.left_running.append(program)
        program.said(LISTENS)
        if not command.is_left_running():
            while self.left_running:
                self.assertEqual(self.left_running.pop().end(), 0)

    def ends(self, command, folder):
        self.machine.write("/tmp/typed", command.typed)
        text = command.text
        if "systemctl edit" in text:
            text = f"script --quiet --return --command {shlex.quote(text)} /dev/null"  # wants a terminal
        ended = self.machine.run(text, folder, ANSWER)

        self.assertNotRegex(ended.stdout, UNKNOWN)
        self.assertIn(ended.returncode, {0, 1} if command.text in MAY_FAIL else {0}, ended.stdout)

    # --- the documents ---

    def test_of_the_readme(self):
        self.install()
        self.must("systemctl stop deskpulsed")
        self.put_files(SOURCES)
        reload = "systemctl reload deskpulsed"
        self.run_all(
            "README.md",
            in_markdown("README.md"),
            SOURCES,
            before={reload: lambda: self.must("systemctl start deskpulsed")},
            after={reload: lambda: self.must("systemctl stop deskpulsed")},
        )

    def test_for_who_contributes(self):
        # Where only what is shipped was built, that; in the machine's own copy.
        self.must("[ -e build/dev/daemon/deskpulsed ] || { rm -rf build/dev && ln -s release build/dev; }", SOURCES)
        self.run_all(CONTRIBUTING, in_markdown(CONTRIBUTING), SOURCES)

    def test_of_the_protocol_and_of_the_stories(self):
        self.install()
        self.put_files(SOURCES)
        for document in ("proto/PROTOCOL.md", "proto/conversations/README.md"):
            self.run_all(document, in_markdown(document), SOURCES)

    def test_of_the_manuals_and_of_each_help(self):
        """Without the service, whose state would be another user's."""
        self.machine.write("/tmp/deskpulse.deb", self.package.read_bytes())
        self.must("dpkg-deb --extract /tmp/deskpulse.deb /")
        self.put_files("/root")
        for name, built in PROGRAMS.items():
            self.run_all(f"{name}.1", in_manual(f"{name}.1"), "/root")
            self.run_all(f"{name} --help", in_help(programs.program(built)), "/root")

    def test_of_the_installation(self):
        place = "/root/sources"
        document = "deploy/INSTALL.md"
        release = self.package.name.split("_")[1].partition("~")[2]

        def put_package():
            self.machine.write(f"{place}/build/release/{self.package.name}", self.package.read_bytes())

        def put_newer():
            self.must(
                f"dpkg-deb --raw-extract build/release/*.deb new && sed -i 's/^Version: .*/Version: 9.0~{release}/' "
                "new/DEBIAN/control && dpkg-deb --build new deskpulse_NEW.deb",
                place,
            )

        def take_over_prometheus():
            example = self.machine.read("/usr/share/deskpulse/prometheus/prometheus.yml")
            rules = block_of(document, "yaml", "rule_files")
            self.machine.write(
                "/etc/prometheus/prometheus.yml", re.sub(r"^rule_files:\n(?:  .*\n)+", rules, example, flags=re.M)
            )
            self.must("cp /usr/share/deskpulse/alertmanager/alertmanager.yml /etc/prometheus/")

        def take_down_what_happens():
            self.start_unit("platform", f"{programs.program('SIMULATOR')} serve")
            self.configure(("[feed]", 'start = "floor"'), ("[store]", "journal = true"))
            programs.wait_for("a journal", self.is_so("ls /var/lib/deskpulse/journal-*"))

        def is_served():
            programs.wait_for("the wall page", self.is_so(f"curl -sf {SERVICE}/wall"))

        self.put_certificate(place, "NEW")
        self.run_all(
            document,
            in_markdown(document),
            place,
            before={
                "sudo apt-get install ./build/release/deskpulse_*.deb": put_package,
                "sudo -u deskpulse deskpulsed --check-config": take_down_what_happens,
                "sudo apt-get install ./deskpulse_NEW.deb": put_newer,
            },
            after={
                "sudo apt-get install ./build/release/deskpulse_*.deb": is_served,
                "sudo systemctl reload deskpulsed": is_served,
                "deskpulsed replay /var/lib/deskpulse": lambda: self.must("systemctl start deskpulsed"),
                "sudo systemctl edit deskpulsed": lambda: self.must(
                    "systemctl restart deskpulsed && grep -q LoadCredentialEncrypted "
                    "/etc/systemd/system/deskpulsed.service.d/override.conf"
                ),
                "sudo apt-get install prometheus prometheus-alertmanager": take_over_prometheus,
                "sudo apt-get install ./deskpulse_NEW.deb": is_served,
                "sudo apt-get remove deskpulse": lambda: self.must("[ ! -e /usr/bin/deskpulsed ] && ls /var/lib/deskpulse/id.key"),
                "sudo apt-get purge deskpulse": lambda: self.must("[ ! -e /var/lib/deskpulse ]"),
            },
        )

    def test_of_the_rules(self):
        self.install()
        document = "deploy/prometheus/README.md"
        self.run_all(document, in_markdown(document), SOURCES / "deploy/prometheus")

    def test_of_the_runbooks(self):
        """On a bad day: the platform starts anew and is late, and the disk is full."""
        self.start_unit("platform", f"{programs.program('SIMULATOR')} serve --at 20:00 --late 20% --restart-after 300")
        self.install()
        self.must("systemctl stop deskpulsed")
        self.must("mount -t tmpfs -o size=64k,mode=0700 none /var/lib/deskpulse && chown deskpulse: /var/lib/deskpulse")
        self.configure(("[feed]", 'allowed_lateness = "10s"'), ("[store]", "journal = true"))
        self.put_certificate("/root", "NEW")
        self.machine.write("/etc/hosts", "127.0.0.1 localhost HOST 主机\n")
        self.start_unit("https", "openssl s_server -www -accept 443 -cert /root/NEW.pem -key /root/NEW.key")
        for words in ("Events rejected", "Events are missing", "Feed disconnected", "Snapshot failed", "Journal"):
            log = f"journalctl -u deskpulsed --no-pager | grep '{words}'"
            programs.wait_for(f"the log to say {words}", self.is_so(log))

        for document in RUNBOOKS:
            if document != OF_TLS:
                self.run_all(document, in_markdown(document), "/root")

    def test_of_the_runbook_of_certificates(self):
        self.install()
        self.put_certificate("/etc/deskpulse", "tls")
        self.must("chown :deskpulse tls.key && chmod 0640 tls.key", "/etc/deskpulse")
        self.configure(
            ("[http.tls_server_config]", 'cert_file = "/etc/deskpulse/tls.pem"'),
            ("[http.tls_server_config]", 'key_file = "/etc/deskpulse/tls.key"'),
        )
        self.must("cp /etc/deskpulse/tls.key /root/NEW.key")

        self.run_all(OF_TLS, in_markdown(OF_TLS), "/root")


class ByHand(unittest.TestCase):
    """What would take too long is at least there, and what it is given it knows."""

    def documented(self):
        documents = ["README.md", CONTRIBUTING, "deploy/INSTALL.md", "proto/PROTOCOL.md", *RUNBOOKS]
        return {command.text for document in documents for command in in_markdown(document)}

    def test_what_is_not_run_stands_in_a_document(self):
        self.assertEqual({*BY_HAND, *FRAGMENTS} - self.documented(), set())

    def test_knows_its_options(self):
        for text in BY_HAND:
            words = [word for word in shlex.split(text) if "=" not in word and word != "sudo"]
            if not re.match("tests/|build/|deploy/", words[0]):
                continue
            with self.subTest(text):
                shown = subprocess.run([SOURCES / words[0], "--help"], capture_output=True, encoding="utf-8")
                for option in (word for word in words if word.startswith("--")):
                    self.assertIn(option, shown.stdout)


def main():
    why = refusal()
    if why:
        print(f"No machine can be booted here: {why}")
        sys.exit(SKIPPED)
    programs.main()


if __name__ == "__main__":
    main()
