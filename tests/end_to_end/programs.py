"""The real programs as child processes that end with the test, however it ends."""

import contextlib
import ctypes
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

PATIENCE = 240  # seconds for anything to happen on a busy machine; a test that passes never waits so long
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')
ESCAPED = re.compile(r"\\(.)")
EXIT_IO_ERROR = 74
PR_SET_PDEATHSIG = 1
RELEASE = Path(__file__).resolve().parents[2] / "build/release"
BUILT = {
    "DAEMON": "daemon/deskpulsed",
    "SIMULATOR": "daemon/simulator/deskpulse-sim",
    "ECHO_CLIENT": "tests/end_to_end/echo_client",
    "EXPOSITION_CHECK": "tests/unit/metrics/exposition_check",
}
libc = ctypes.CDLL(None)


def program(name):
    """The path of a program: ctest names those of its build, and by hand it is the release build's."""
    built = RELEASE / BUILT[name]
    path = os.environ.get(f"PROGRAM_{name}", built)
    if not os.access(path, os.X_OK):
        raise SystemExit(f"There is no program {path}. Build the release (tests/run), or set PROGRAM_{name}.")
    return str(path)


def clean_environment():
    return {k: v for k, v in os.environ.items() if not k.startswith("DESKPULSE_")}


def wait_for(what, condition, patience=PATIENCE):
    """The first true value of the condition."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {patience} s for {what}")


class Program:
    """A child whose standard error is kept; killed when the block ends or this process dies.

    That it had ended before without being asked to is a failure of the test.
    """

    def __init__(self, *command):
        self.command = [str(part) for part in command]
        self.log = ""
        self.asked_to_end = False
        self._lock = threading.Lock()

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            preexec_fn=self.before_it_runs,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def before_it_runs(self):
        """In the child."""
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def __exit__(self, *_):
        ended_by_itself = self.process.poll() is not None and not self.asked_to_end
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stderr.close()
        if ended_by_itself:
            raise AssertionError(
                f"{self.command[0]} ended with {self.process.returncode} and said:\n{self.log[-5000:]}"
            )

    def _read(self):
        for line in self.process.stderr:
            with self._lock:
                self.log += line

    def said(self, pattern):
        """Waits for a line of the log."""

        def look():
            found = re.search(pattern, self.log)
            if not found and self.process.poll() is not None:
                self._reader.join()
                found = re.search(pattern, self.log)
                if not found:
                    raise AssertionError(
                        f"{self.command[0]} ended with {self.process.returncode} and said:\n{self.log}"
                    )
            return found

        return wait_for(f"{pattern!r} from {self.command[0]}", look)

    def end(self, with_signal=signal.SIGTERM, within=PATIENCE):
        """Returns the exit code."""
        self.asked_to_end = True
        self.process.send_signal(with_signal)
        code = self.process.wait(timeout=within)
        self._reader.join()
        return code


def get(url):
    """Status and body."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode("utf-8")
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode("utf-8")


def name_of_option(argument):
    return str(argument).partition("=")[0]


class Simulator(Program):
    """A chat platform on a free port. Its shops are in the rush of the evening, with everybody at work, whatever
    the hour is: what it sends does not depend on when the test runs."""

    def __init__(self, *arguments):
        at = () if "--at" in map(name_of_option, arguments) else ("--at", "20:00")
        super().__init__(program("SIMULATOR"), "serve", "--listen", "127.0.0.1:0", *at, *arguments)

    def url(self):
        return self.said(r"on (ws://127\.0\.0\.1:\d+)")[1] + "/"


class Daemon(Program):
    """deskpulsed on a free port."""

    def __init__(self, folder, configuration, *arguments):
        handle, self.path = tempfile.mkstemp(".toml", "daemon-", folder)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(configuration)
        super().__init__(
            program("DAEMON"), "--config", self.path, "--set", "http.listen=127.0.0.1:0", *arguments
        )

    def address(self):
        return "127.0.0.1:" + self.said(r"http_port=(\d+)")[1]

    def page(self, path="/metrics"):
        status, text = get(f"http://{self.address()}{path}")
        if status != 200:
            raise AssertionError(f"{path} answered {status}: {text}")
        return text

    def ready(self):
        status, text = get(f"http://{self.address()}/-/ready")
        return status == 200, json.loads(text)

    def wait_until_ready(self):
        wait_for("the daemon to be ready", lambda: self.ready()[0])


def unescape(value):
    return ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], value)


def samples(page):
    """(name, frozenset of labels) to value."""
    found = {}
    for line in page.split("\n"):
        if line and not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            pairs = frozenset((k, unescape(v)) for k, v in LABEL.findall(labels or ""))
            found[name, pairs] = float(value)
    return found


def value(page, name, **labels):
    """The value of one series, or None."""
    return samples(page).get((name, frozenset(labels.items())))


def total(page, name, **labels):
    """The sum over all series that have these labels."""
    wanted = set(labels.items())
    return sum(v for (n, pairs), v in samples(page).items() if n == name and wanted <= pairs)


def lines_of(path):
    """The values of a file of JSON lines."""
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def toml_string(text):
    return json.dumps(text, ensure_ascii=False)


def now_ms():
    return time.time_ns() // 1_000_000


class ProgramTest(unittest.TestCase):
    """A folder of its own, and programs that end with the test."""

    def setUp(self):
        self._stack = contextlib.ExitStack()
        self.addCleanup(self._stack.close)
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))

    def run_program(self, child):
        return self._stack.enter_context(child)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def run_to_end(self, *arguments):
        """deskpulsed that is expected to end by itself: (exit code, what it said)."""
        run = subprocess.run(
            [program("DAEMON"), *map(str, arguments)],
            env=clean_environment(),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
        )
        return run.returncode, run.stderr


def main():
    unittest.main(module="__main__", verbosity=2)
