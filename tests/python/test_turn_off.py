# SPDX-License-Identifier: MIT
"""A process that does without a package. It cannot be taken back: in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

import sspi_async

PROGRAM = """
import sspi_async

sspi_async.turn_off_package("ntlm")
assert "NTLM" not in [info.name for info in sspi_async.packages()]
try:
    sspi_async.Credential.acquire(
        "NTLM", identity=sspi_async.Identity(user="alice", password="secret")
    ).result(20)
except sspi_async.PackageNotFound as error:
    print(error)
"""


def test_package_that_is_off_is_not_found() -> None:
    """Wrong would be: NTLM where the program said that there is none."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "turned off" in done.stdout


def test_what_can_be_no_name_is_refused() -> None:
    """Wrong would be: a switch that does nothing and says nothing."""
    with pytest.raises(sspi_async.InvalidParameter):
        sspi_async.turn_off_package("")
