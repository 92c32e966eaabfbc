# SPDX-License-Identifier: MIT
"""The programs of docs/sasl.md, each run where its server is."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

from conftest import ROOT

from sspi_async.testing import Realm

PROGRAM = re.compile(r"^```python\n(.*?)^```\n\n```console\n(.*?)^```\n", re.S | re.M)


def assert_runs(
    mark: str, realm: Realm, here: dict[str, str], folder: pathlib.Path | None = None
) -> None:
    """Run the program that holds a word, with names of this machine."""
    programs = PROGRAM.findall((ROOT / "docs/sasl.md").read_text())
    [(code, printed)] = [program for program in programs if mark in program[0]]
    for said, true in {**here, "example.org": "localhost"}.items():
        code = code.replace(said, true)
    code = re.sub(r"\b(ldap|mail)\.localhost", "localhost", code)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "KRB5CCNAME": realm.ccache},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, printed), done.stderr
