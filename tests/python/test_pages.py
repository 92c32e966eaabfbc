# SPDX-License-Identifier: MIT
"""Every program on a page of docs/ runs, and prints what the page says."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

import sspi_async
from sspi_async.testing import Realm

PAGES = ("index.md", "tutorial.md", "deadlines.md", "testing.md", "event-loops.md")
PROGRAM = re.compile(
    r"^```(python|c)\n(?P<code>.*?)^```\n(?:\n```console\n(?P<printed>.*?)^```\n)?", re.S | re.M
)


def programs() -> list[object]:
    """Each with the page and its number there for a name."""
    found: list[object] = []
    for page in PAGES:
        text = (ROOT / "docs" / page).read_text()
        for number, match in enumerate(PROGRAM.finditer(text), 1):
            found.append(
                pytest.param(
                    match[1], match["code"], match["printed"], id=f"{page}-{number}-{match[1]}"
                )
            )
    # Of the README what a test of one's own looks like; test_docs.py has the rest.
    for match in PROGRAM.finditer((ROOT / "README.md").read_text()):
        if "\ndef test_" in match["code"]:
            found.append(pytest.param(match[1], match["code"], None, id="README.md"))
    return found


def command_for(language: str, code: str, folder: pathlib.Path) -> list[str]:
    """What runs a program; one in C is built first."""
    if language == "python" and "\ndef test_" in code:
        (folder / "test_it.py").write_text(code)
        return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    if language == "python":
        return [sys.executable, "-c", code]
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    library = pathlib.Path(sspi_async.__file__).parent / "_lib"
    (folder / "program.c").write_text(code)
    subprocess.run(
        [compiler, "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/core/include/sspi-async",
         "program.c", str(library / "libsspi-async.so.1"), f"-Wl,-rpath,{library}",
         "-o", "program"],
        cwd=folder, check=True,
    )  # fmt: skip
    return ["./program"]


@pytest.mark.parametrize(("language", "code", "printed"), programs())
def test_program_of_a_page_runs(
    language: str,
    code: str,
    printed: str | None,
    tmp_path: pathlib.Path,
    krb5_realm: Realm,  # skips where there is no KDC; each program makes its own
) -> None:
    (tmp_path / "krb5.conf").write_text("[libdefaults]\n    default_realm = INVALID.TEST\n")
    done = subprocess.run(
        command_for(language, code, tmp_path),
        env={**os.environ, "KRB5_CONFIG": str(tmp_path / "krb5.conf"),
             "KRB5CCNAME": f"FILE:{tmp_path}/none"},
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    if printed is not None:
        assert done.stdout == printed, done.stderr
