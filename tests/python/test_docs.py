# SPDX-License-Identifier: MIT
"""What is written about the package is true."""

from __future__ import annotations

import inspect
import re
import runpy
import subprocess
import sys

import pytest
from conftest import ROOT

import sspi_async
import sspi_async.raw
import sspi_async.testing
from sspi_async.testing import NtlmUsers


def test_readme_example_runs(ntlm_users: NtlmUsers) -> None:
    """Wrong would be: the first thing that people try, failing."""
    text = (ROOT / "README.md").read_text()
    found = re.search(
        r"<!-- python example.*?-->\n```python\n(.*?)```.*?```console\n(.*?)```", text, re.S
    )
    assert found is not None
    done = subprocess.run(
        [sys.executable, "-c", found.group(1)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ntlm_users.path.parent,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, found.group(2)), done.stderr


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="signatures read differently elsewhere"
)
def test_reference_is_that_of_the_docstrings() -> None:
    made = runpy.run_path(str(ROOT / "docs/python_reference.py"))["main"]()
    assert (ROOT / "docs/python.md").read_text() == made


@pytest.mark.parametrize("module", [sspi_async, sspi_async.raw, sspi_async.testing])
def test_every_function_says_args_returns_and_raises(module: object) -> None:
    for name in module.__all__:  # type: ignore[attr-defined]
        item = getattr(module, name)
        functions = [(name, item)] if inspect.isfunction(item) else []
        if inspect.isclass(item):
            functions = [
                (f"{name}.{key}", value)
                for key, value in inspect.getmembers(item, inspect.isfunction)
                if not key.startswith("_")
            ]
        for what, function in functions:
            doc = inspect.getdoc(function) or ""
            assert doc, what
            names = [
                parameter
                for parameter in inspect.signature(function).parameters
                if parameter not in ("self", "cls")
            ]
            for parameter in names:
                assert re.search(rf"^    {parameter}s?: ", doc, re.M), (what, parameter)
