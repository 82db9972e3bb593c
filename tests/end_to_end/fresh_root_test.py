#!/usr/bin/env python3
"""tests/end_to_end/fresh_root.sh ends, whatever is left. Usage: fresh_root_test.py SOURCES"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCES = Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
# The process in the namespaces has ended; what would be slept passes at once.
LEAVE = """
scratch=$1
true & ended=$!
sleep() { SECONDS=$((SECONDS + 60)); }
%s
leave_namespaces "$ended"
"""
HELD = """
rm() {
  [ "$SECONDS" -lt 3600 ] || { echo "would go on for ever" >&2; exit 99; }
  echo "rm: cannot remove '$scratch/root/proc': Device or resource busy" >&2
  return 1
}
"""


class FreshRoot(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.scratch = Path(folder.name, "deskpulse-root.test")
        (self.scratch / "root/proc").mkdir(parents=True)

    def leave(self, meanwhile=""):
        script = f". {SOURCES}/tests/end_to_end/fresh_root.sh\n{LEAVE % meanwhile}"
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script, "in_a_fresh_root", self.scratch], capture_output=True, text=True
        )

    def test_leaves_nothing(self):
        ended = self.leave()

        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertFalse(self.scratch.exists())

    def test_what_does_not_go_away_is_said_once(self):
        ended = self.leave(HELD)

        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertEqual(ended.stderr.count("Device or resource busy"), 1)
        self.assertIn(f"in_a_fresh_root: the above is left of {self.scratch}; ", ended.stderr)


if __name__ == "__main__":
    unittest.main()
