# SPDX-License-Identifier: MIT
"""What the tests share: the Probe package, and an environment that asks no network."""

from __future__ import annotations

import asyncio
import ctypes
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, Callable

import pytest

import sspi_async
from sspi_async import Credential, CredentialUse, SecurityContext

ROOT = pathlib.Path(__file__).resolve().parents[2]

KRB5_CONF = """\
[libdefaults]
    default_realm = INVALID.TEST
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
"""


@pytest.fixture(scope="session", autouse=True)
def no_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Debian's default realm exists: without this, tests would ask the DNS for it."""
    path = tmp_path_factory.mktemp("krb5-none") / "krb5.conf"
    path.write_text(KRB5_CONF)
    former = os.environ.get("KRB5_CONFIG")
    os.environ["KRB5_CONFIG"] = str(path)
    yield
    if former is None:
        del os.environ["KRB5_CONFIG"]
    else:
        os.environ["KRB5_CONFIG"] = former


class _Control(ctypes.Structure):
    _fields_ = [
        ("release", ctypes.CFUNCTYPE(None, ctypes.c_int)),
        ("wait_blocked", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)),
        ("live_contexts", ctypes.CFUNCTYPE(ctypes.c_int)),
        ("live_credentials", ctypes.CFUNCTYPE(ctypes.c_int)),
        ("legs", ctypes.CFUNCTYPE(ctypes.c_int)),
    ]


class Probe:
    """The package of tests/python/probe_package.h: its calls do what their target says."""

    def __init__(self, module: pathlib.Path) -> None:
        sspi_async.add_package(str(module))
        library = ctypes.CDLL(str(module))
        library.probe_control.restype = ctypes.POINTER(_Control)
        self._control = library.probe_control().contents
        self.module = module
        self.credential = Credential.acquire("Probe", CredentialUse.BOTH).result(10)

    def release(self, count: int = 1) -> None:
        """Let that many blocked calls go on."""
        self._control.release(count)

    def wait_blocked(self, count: int = 1) -> None:
        """Wait until that many calls are blocked in the package."""
        assert self._control.wait_blocked(count, 10000) == 0

    @property
    def live_contexts(self) -> int:
        """How many contexts of the package there are."""
        return int(self._control.live_contexts())

    @property
    def live_credentials(self) -> int:
        """How many credentials of the package there are, but the one of this fixture."""
        return int(self._control.live_credentials()) - 1

    def client(self, script: str = "") -> SecurityContext:
        """A context whose legs do what the script says."""
        return sspi_async.client(script, credential=self.credential)


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.fixture(scope="session")
def probe_module(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The module file of Probe, compiled."""
    module = tmp_path_factory.mktemp("probe") / "libsspi-async-probe.so"
    subprocess.run(
        ["cc", "-std=c11", "-D_GNU_SOURCE", "-DSSPI_ASYNC_NO_PLAIN_NAMES", "-O1", "-shared",
         "-fPIC", "-pthread", f"-I{ROOT}/core/include/sspi-async",
         str(ROOT / "tests/python/probe_package.c"), "-o", str(module)],
        check=True,
        timeout=120,
    )  # fmt: skip
    return module


@pytest.fixture(scope="session")
def _probe(probe_module: pathlib.Path) -> Probe:
    return Probe(probe_module)


@pytest.fixture
def probe(_probe: Probe) -> Iterator[Probe]:
    """The Probe package; nothing of it may be left when the test ends."""
    yield _probe
    import gc

    gc.collect()
    eventually(lambda: _probe.live_contexts == 0)
    eventually(lambda: _probe.live_credentials == 0)


def handshake(client: SecurityContext, server: SecurityContext) -> None:
    """Bring two sides together, blocking."""
    token = client.step().result(30)
    while token:
        token = server.step(token).result(30)
        if token:
            token = client.step(token).result(30)
    assert client.complete
    assert server.complete


async def handshake_async(client: SecurityContext, server: SecurityContext) -> None:
    """The same in asyncio or trio."""
    token = await client.step()
    while token:
        token = await server.step(token)
        if token:
            token = await client.step(token)
    assert client.complete
    assert server.complete


def run_python(
    code: str, *arguments: str, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter of its own, outside the source tree."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd="/",
        check=False,
    )


async def all_done(*calls: sspi_async.Call[Any]) -> None:
    """Wait for all, whatever becomes of them."""
    await asyncio.gather(*calls, return_exceptions=True)
