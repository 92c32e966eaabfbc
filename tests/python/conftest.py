# SPDX-License-Identifier: MIT
"""What the tests share: the package Scripted, and an environment that asks no network."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import pathlib
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from http_apache import web  # noqa: F401

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


class _Handle(ctypes.Structure):
    _fields_ = [("lower", ctypes.c_size_t), ("upper", ctypes.c_size_t)]


class _Counts(ctypes.Structure):
    """sspia_scripted_counts."""

    _fields_ = [
        ("size", ctypes.c_uint32),
        ("credentials", ctypes.c_uint32),
        ("contexts", ctypes.c_uint32),
        ("blocked", ctypes.c_uint32),
        ("legs", ctypes.c_uint64),
        ("grown", ctypes.c_uint64),
        ("permits", ctypes.c_uint64),
    ]


PER_LEG = "all: per-leg"


class Probe:
    """The package Scripted (docs/scripted.md): its calls do what their target says.

    Its counts come through a credential of C's own, by sspi_scripted.h.
    """

    def __init__(self) -> None:
        folder = pathlib.Path(sspi_async.__file__).parent / "_lib"
        self._library = ctypes.CDLL(str(folder / "libsspi-async.so.1"))
        self._handle = _Handle()
        status = self._library.sspia_AcquireCredentialsHandleA(
            PER_LEG.encode(), b"Scripted", 3, None, None, None, None,
            ctypes.byref(self._handle), None,
        )  # fmt: skip
        assert status == 0
        self.credential = Credential.acquire(
            "Scripted", CredentialUse.BOTH, principal=PER_LEG
        ).result(10)

    def _counts(self) -> _Counts:
        counts = _Counts(size=ctypes.sizeof(_Counts))
        status = self._library.sspia_QueryCredentialsAttributesA(
            ctypes.byref(self._handle), 0x53430001, ctypes.byref(counts)
        )
        assert status == 0
        return counts

    def release(self, count: int = 1) -> None:
        """Let that many blocked calls go on."""
        permits = ctypes.c_uint32(count)
        status = self._library.sspia_SetCredentialsAttributesA(
            ctypes.byref(self._handle), 0x53430003, ctypes.byref(permits), 4
        )
        assert status == 0

    @property
    def blocked(self) -> int:
        """How many calls are blocked in the package."""
        return int(self._counts().blocked)

    def wait_blocked(self, count: int = 1) -> None:
        """Wait until that many calls are blocked in the package."""
        eventually(lambda: self.blocked >= count)

    def wait_released(self) -> None:
        """Wait until none is blocked any more: no permit is left for a later one."""
        eventually(lambda: self.blocked == 0)

    @property
    def live_contexts(self) -> int:
        """How many contexts of the package there are."""
        return int(self._counts().contexts)

    @property
    def live_credentials(self) -> int:
        """How many credentials of the package there are, but the two of this fixture."""
        return int(self._counts().credentials) - 2

    def client(self, script: str = "") -> SecurityContext:
        """A context whose legs do what the script says."""
        return sspi_async.client(script, credential=self.credential)


def collect() -> None:
    """Collect garbage; what pytest-asyncio leaves open on older versions is not our matter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.fixture(scope="session")
def _probe() -> Probe:
    return Probe()


@pytest.fixture
def probe(_probe: Probe) -> Iterator[Probe]:
    """The package Scripted; nothing of it may be left when the test ends."""
    yield _probe
    collect()
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
