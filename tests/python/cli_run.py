# SPDX-License-Identifier: MIT
"""The command line for its tests: in this process, or in one of its own."""

from __future__ import annotations

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
from typing import Any

import pytest

from sspi_async.cli import main

# Nothing is timed by it: it ends a test that would hang.
GUARD = 120


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, output and complaints."""
    capsys.readouterr()
    code = main([str(word) for word in words])
    output = capsys.readouterr()
    return code, output.out, output.err


def ask(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, Any]:
    """Exit code, and what it says to programs."""
    code, output, _ = run(capsys, *words, "--json")
    return code, json.loads(output)


def spawn(
    *words: object, **environment: str | pathlib.Path
) -> subprocess.CompletedProcess[str]:
    """In a process of its own, to its very end."""
    return subprocess.run(
        [sys.executable, "-m", "sspi_async", *map(str, words)],
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=GUARD,
        cwd="/",
        check=False,
    )


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as end:
        return int(end.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), 10).close()
    except OSError:
        return False
    return True


def is_up(process: subprocess.Popen[bytes], pid_file: pathlib.Path, *ports: int) -> bool:
    """Wait until a server listens; False: it has ended, as if another program has a port.

    The servers write their number once the ports are theirs: who listens before may be another.
    """
    while not pid_file.exists() or not all(map(listens, ports)):
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    return True
