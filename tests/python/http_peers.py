# SPDX-License-Identifier: MIT
"""Clients of an HTTP server with authentication, and a uvicorn and a hypercorn to ask."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import sspi_async
from sspi_async import Identity, SspiError
from sspi_async.testing import TlsPair


def free_port() -> int:
    """A port for a server that takes no socket of ours."""
    with socket.create_server(("127.0.0.1", 0)) as end:
        return int(end.getsockname()[1])


@contextlib.contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket that listens already: who connects waits, until a server takes it over."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener


@contextlib.contextmanager
def uvicorn_with(app: Any, **options: Any) -> Iterator[int]:
    """Serve an application by uvicorn, on a thread; the port."""
    uvicorn = pytest.importorskip("uvicorn")
    config = uvicorn.Config(
        app, ws="none", log_level="warning", lifespan="on", timeout_keep_alive=60, **options
    )
    server = uvicorn.Server(config)
    with listening() as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()


@contextlib.contextmanager
def hypercorn_with(app: Any) -> Iterator[int]:
    """The same by hypercorn, which has HTTP/2 and web sockets."""
    serving = pytest.importorskip("hypercorn.asyncio")
    config = pytest.importorskip("hypercorn.config").Config()
    config.errorlog = None
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    with listening() as listener:
        config.bind = [f"fd://{os.dup(listener.fileno())}"]

        def run() -> None:
            loop.run_until_complete(serving.serve(app, config, shutdown_trigger=stop.wait))
            loop.close()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(60)
            assert not thread.is_alive()


@contextlib.contextmanager
def gunicorn_with(folder: pathlib.Path, code: str, **environment: str) -> Iterator[int]:
    """Serve `app` of a module by gunicorn with threads; the port."""
    pytest.importorskip("gunicorn")
    (folder / "site_under_test.py").write_text(code)
    with listening() as listener:
        listener.set_inheritable(True)
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}",
             "--worker-class", "gthread", "--threads", "8", "--keep-alive", "60",
             "--log-level", "warning", "--graceful-timeout", "5",
             "--worker-tmp-dir", str(folder), "--chdir", str(folder),
             "--no-control-socket",
             "site_under_test:app"],
            pass_fds=[listener.fileno()],
            env={**os.environ, **environment},
            cwd=folder,
        )  # fmt: skip
        try:
            yield listener.getsockname()[1]
            assert server.poll() is None
        finally:
            server.terminate()
            server.wait(60)


class Browser:
    """One connection of a client that logs on with this library."""

    def __init__(self, port: int, tls: TlsPair | None = None) -> None:
        self._connection = http.client.HTTPConnection("localhost", port, timeout=60)
        if tls is not None:
            context = ssl.create_default_context(cafile=str(tls.authority))
            self._connection = http.client.HTTPSConnection(
                "localhost", port, timeout=60, context=context
            )
        self.statuses: list[int] = []
        self.challenges: list[str] = []

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def connect(self) -> socket.socket:
        """The socket, connected."""
        if self._connection.sock is None:
            self._connection.connect()
        return self._connection.sock

    def get(self, path: str = "/", **fields: str) -> str:
        """Ask, once; the page. `via="x"` sends the field Via."""
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        self._connection.request("GET", path, headers=named)
        answer = self._connection.getresponse()
        self.statuses.append(answer.status)
        self.challenges = answer.headers.get_all("WWW-Authenticate") or []
        return answer.read().decode()

    def log_on(
        self, identity: Identity, path: str = "/", *, scheme: str = "Negotiate",
        target: str = "HTTP@localhost", fields: dict[str, str] | None = None, **options: Any,
    ) -> str:  # fmt: skip
        """Ask with a handshake; the last page."""
        package = "NTLM" if scheme == "NTLM" else options.pop("package", "Negotiate")
        page = ""
        with sspi_async.client(
            target, package=package, identity=identity, timeout=60, **options
        ) as context:
            token = context.step().result()
            while token:
                text = base64.b64encode(token).decode()
                page = self.get(path, authorization=f"{scheme} {text}", **(fields or {}))
                reply = self.token()
                try:
                    token = context.step(reply).result() if reply else b""
                except SspiError:  # what a refusal says
                    if self.statuses[-1] == 200:
                        raise
                    break
            assert context.complete or self.statuses[-1] != 200
        return page

    def token(self) -> bytes:
        """The token of the last answer."""
        for challenge in self.challenges:
            text = challenge.partition(" ")[2]
            if text:
                return base64.b64decode(text)
        return b""


def curl(port: int, *arguments: str, path: str = "/", scheme: str = "http") -> str:
    """What curl prints: the pages, each with its status."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not installed")
    done = subprocess.run(
        [program, "--silent", "--show-error", "--max-time", "60", "--noproxy", "*",
         "--write-out", "%{http_code}\n", *arguments, f"{scheme}://localhost:{port}{path}"],
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def curl_has(feature: str) -> bool:
    """Whether curl can do that: "HTTP2", "NTLM", "SPNEGO"."""
    done = subprocess.run(
        ["curl", "--version"], capture_output=True, text=True, timeout=20, check=False
    )
    return re.search(rf"\b{feature}\b", done.stdout) is not None
