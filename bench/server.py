# SPDX-License-Identifier: MIT
"""A server that a measurement starts, on a port of this machine."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.create_server(("127.0.0.1", 0)) as end:
        return int(end.getsockname()[1])


@contextlib.contextmanager
def listening(
    command: Sequence[str],
    port: int,
    *,
    cwd: pathlib.Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run a server, without a replay cache, from when it listens on the port to the end."""
    server = subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **(environment or {}), "KRB5RCACHENAME": "none:"}
    )
    try:
        _wait_for(server, port)
        yield
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        if server.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"{server.args!r} did not start")
