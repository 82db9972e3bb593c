"""Who copies a trial out of INSTALL.md, a --help or a manual sees a living screen at once."""

import json
import re
import shlex
import subprocess
import unittest
from pathlib import Path

import programs

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = {"deskpulse-sim": "SIMULATOR", "deskpulsed": "DAEMON"}
# Where the service is installed it has this port, and a configuration and a state of its own.
SERVICE_PORT = ":9870"
# A simulator with a past, and the command after it.
TRIAL = re.compile(r"^\W*(deskpulse-sim serve [^\n]*--warm-up [^\n]*?)( &)?\n\W*(\w[^\n]*)", re.MULTILINE)


def text_of(source):
    if source in PROGRAMS:
        command = [programs.program(PROGRAMS[source]), "--help"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return (ROOT / source).read_text(encoding="utf-8").replace("\n.Dl $ ", "\n")


def trial_in(source):
    """The two commands, as they stand there."""
    found = TRIAL.search(text_of(source).replace("`", ""))
    if not found:
        raise AssertionError(f"{source} has no trial")
    return found[1], found[3]


def start(command, *more):
    """A command as it stands there, with the ports of the test."""
    name, *arguments = shlex.split(re.sub(r"--http-listen \S+", "", command))
    return programs.Program(programs.program(PROGRAMS[name]), *arguments, *more)


class Trial(unittest.TestCase):
    def assert_living(self, source):
        serve, follow = trial_in(source)
        self.assertRegex(follow, r"\Adeskpulsed ", f"{source} says nothing of who follows the simulator")
        self.assertIn("--config /dev/null ", follow, f"{source} takes the service's configuration and state")
        self.assertRegex(follow, r"--http-listen \S+", f"{source} takes the service's port")
        self.assertNotIn(SERVICE_PORT, follow)
        with start(serve, "--listen", "127.0.0.1:0") as simulator:
            url = simulator.said(r"on (ws://127\.0\.0\.1:\d+)")[1] + "/"
            with start(follow, "--feed-url", url, "--http-listen", "127.0.0.1:0") as daemon:
                address = "127.0.0.1:" + daemon.said(r"http_port=(\d+)")[1]

                def look():
                    snapshot = json.loads(programs.get(f"http://{address}/api/v1/snapshot")[1])
                    return snapshot["status"]["state"] == "live" and snapshot

                snapshot = programs.wait_for("the numbers to be live", look)

        self.assertNotIn("1m", snapshot["status"]["incomplete"])
        self.assertNotIn(snapshot["focus"], snapshot["status"]["incomplete"])
        numbers = snapshot["numbers"]
        self.assertGreater(numbers["waiting_customers"], 0)
        self.assertGreater(numbers["capacity"], 0, "without a capacity there is no load")
        self.assertGreater(numbers["windows"][snapshot["focus"]]["answered_turns"], 0)

    def test_of_the_installation(self):
        self.assert_living("deploy/INSTALL.md")

    def test_of_the_helps(self):
        for name in PROGRAMS:
            with self.subTest(name):
                self.assert_living(name)

    def test_of_the_manuals(self):
        for name in PROGRAMS:
            with self.subTest(name):
                self.assert_living(f"deploy/man/{name}.1")


if __name__ == "__main__":
    unittest.main()
