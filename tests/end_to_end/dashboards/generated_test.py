#!/usr/bin/env python3
"""The committed dashboards are what their sources write, and what Grafana's own types allow."""

import filecmp
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from boards import GRAFANA, every, panels

SOURCES = ("package.json", "package-lock.json", ".npmrc", "tsconfig.json", "source")
GENERATED = ("dashboards", "playlists")
# The SDK's module of each kind of panel, and whether it has field options of its own.
KINDS = {
    "bargauge": ("bargauge", False),
    "heatmap": ("heatmap", True),
    "stat": ("stat", False),
    "state-timeline": ("statetimeline", True),
    "table": ("table", True),
    "timeseries": ("timeseries", True),
}
# The types name enumerations where JSON has their values.
WIRE = """
type Wire<T> = unknown extends T ? T
  : T extends string ? `${T}` : T extends number ? T extends infer N extends number ? `${N}` extends `${infer V extends number}` ? V : N : T
  : T extends readonly (infer E)[] ? Wire<E>[]
  : T extends (...parameters: never[]) => unknown ? T
  : T extends object ? { [K in keyof T]: Wire<T[K]> } : T;
type Query = Wire<Omit<prometheus.Dataquery, "_implementsDataqueryVariant">>;
"""


def needed(tool):
    path = shutil.which(tool)
    if path is None:
        raise AssertionError(f"{tool} is not installed; install Debian's packages nodejs and npm.")
    return path


def differing(compared):
    """Files that are only on one side, or not the same, at any depth."""
    yield from (f"{compared.left}: {name}" for name in compared.left_only + compared.right_only)
    for name in compared.common_files:
        left, right = Path(compared.left, name), Path(compared.right, name)
        if left.read_bytes() != right.read_bytes():
            yield str(left)
    for folder in compared.subdirs.values():
        yield from differing(folder)


class Generated(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        for name in SOURCES:
            copy = shutil.copytree if (GRAFANA / name).is_dir() else shutil.copy
            copy(GRAFANA / name, cls.folder / name)
        cls.run_tool(needed("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund")

    @classmethod
    def run_tool(cls, *command):
        environment = {**os.environ, "npm_config_update_notifier": "false"}
        environment.setdefault("HOME", str(cls.folder))  # npm wants one
        run = subprocess.run(
            command,
            cwd=cls.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=250,
        )
        if run.returncode != 0:
            raise AssertionError(f"{' '.join(command)} failed:\n{run.stdout[-5000:]}")

    def test_generating_again_changes_nothing(self):
        self.run_tool(needed("npm"), "run", "generate")

        for name in GENERATED:
            compared = filecmp.dircmp(GRAFANA / name, self.folder / name)
            self.assertEqual(list(differing(compared)), [], "run `npm run generate` in grafana/ and commit")

    def test_the_lock_file_names_no_host(self):
        self.assertNotIn("://", (GRAFANA / "package-lock.json").read_text(encoding="utf-8"))

    def test_every_dashboard_panel_and_query_is_of_grafanas_types(self):
        """Excess, missing and wrong members are errors of the compiler."""
        modules = sorted({module for module, _ in KINDS.values()} | {"dashboard", "prometheus"})
        lines = [f'import type * as {name} from "@grafana/grafana-foundation-sdk/{name}";' for name in modules]
        lines.append(WIRE)
        number = 0

        def hold(value, kind):
            nonlocal number
            number += 1
            lines.append(f"const value{number}: {kind} = {json.dumps(value, ensure_ascii=False)};\nvoid value{number};")

        for _, _, board in every():
            hold({**board, "panels": []}, "Wire<dashboard.Dashboard>")
            for panel in board["panels"]:
                if panel["type"] == "row":
                    hold(panel, "Wire<dashboard.RowPanel>")
            for panel in panels(board):
                module, has_field_options = KINDS[panel["type"]]
                # Its queries are of an open type there; they are held against their own.
                hold({**panel, "targets": []}, "Wire<dashboard.Panel>")
                hold(panel["options"], f"Wire<{module}.Options>")
                custom = panel["fieldConfig"]["defaults"].get("custom")
                if has_field_options and custom is not None:
                    hold(custom, f"Wire<{module}.FieldConfig>")
                else:
                    self.assertIsNone(custom, panel["title"])
                for target in panel["targets"]:
                    hold(target, "Query")
        (self.folder / "source" / "held.ts").write_text("\n".join(lines), encoding="utf-8")

        self.run_tool(needed("node"), "node_modules/typescript/bin/tsc", "--noEmit")


if __name__ == "__main__":
    unittest.main()
