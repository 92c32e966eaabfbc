# SPDX-License-Identifier: MIT
"""The pytest plugin: fixtures for tests without a domain, and failures never retrieved.

A test fails if a call of it failed and nobody asked for its result, exception or status. A test
that means to lose one takes the fixture `lost_calls`, and clears it.
"""

from __future__ import annotations

import gc
import pathlib
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from .. import lost
from ..credential import Identity
from ..pool import pool_counts
from .ntlm import NtlmUsers
from .realm import Realm, RealmUnavailable
from .server import HttpServer, TlsServer
from .tls import TlsPair


def _run_realm(folder: pathlib.Path) -> Iterator[Realm]:
    realm = Realm(folder / "realm")
    try:
        realm.start()
    except RealmUnavailable as error:
        pytest.skip(str(error))
    try:
        yield realm
    finally:
        realm.stop()


@pytest.fixture(scope="session")
def krb5_realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """A Kerberos realm with a KDC of its own, for the session; skips where there is none.

    KRB5_CONFIG names it as long as it runs.
    """
    yield from _run_realm(tmp_path_factory.mktemp("krb5"))


@pytest.fixture
def fresh_krb5_realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """A realm like `krb5_realm`, for one test alone, which may leave it as it likes.

    KRB5_CONFIG names it during the test.
    """
    yield from _run_realm(tmp_path_factory.mktemp("krb5-fresh"))


@pytest.fixture(scope="session")
def ntlm_users(tmp_path_factory: pytest.TempPathFactory) -> NtlmUsers:
    """NTLM users alice and bob of the domain TEST, in a file."""
    return NtlmUsers.write(pathlib.Path(tmp_path_factory.mktemp("ntlm")) / "users")


@pytest.fixture(scope="session")
def tls_pair(tmp_path_factory: pytest.TempPathFactory) -> TlsPair:
    """A certificate for localhost and 127.0.0.1, its key, and the root that issued it."""
    pytest.importorskip("trustme", reason="pip install sspi-async[testing] brings trustme")
    return TlsPair.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def negotiate_server(krb5_realm: Realm, ntlm_users: NtlmUsers) -> Iterator[HttpServer]:
    """An HTTP server with Negotiate, for users of `krb5_realm` and for `ntlm_users`."""
    identity = Identity(keytab=krb5_realm.keytab, ntlm_user_file=ntlm_users.path)
    with HttpServer(identity, "Negotiate") as server:
        yield server


@pytest.fixture
def ntlm_server(ntlm_users: NtlmUsers) -> Iterator[HttpServer]:
    """An HTTP server with NTLM, for `ntlm_users`."""
    with HttpServer(ntlm_users.server, "NTLM") as server:
        yield server


@pytest.fixture
def tls_server(tls_pair: TlsPair) -> Iterator[TlsServer]:
    """A server with the certificate of `tls_pair`, which sends back what comes."""
    with TlsServer(tls_pair) as server:
        yield server


_lost: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """Have lost failures come here."""
    lost.listeners.append(_note)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let them go elsewhere again."""
    lost.listeners.remove(_note)


def _note(call: str, error: BaseException) -> None:
    _lost.append(f"{call} failed, and its exception was never retrieved: {error!r}")


@pytest.fixture
def lost_calls() -> list[str]:
    """Calls of this test whose exceptions were never retrieved; each fails the test."""
    return _lost


def _fail_if_lost(submitted: int) -> None:
    if pool_counts().submitted != submitted:
        gc.collect()  # tracebacks keep calls
    if _lost:
        lines = "\n".join(_lost)
        _lost.clear()
        pytest.fail(lines, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test that has lost a failure."""
    _lost.clear()
    submitted = pool_counts().submitted
    result = yield
    _fail_if_lost(submitted)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """The same for what its fixtures leave."""
    submitted = pool_counts().submitted
    result = yield
    _fail_if_lost(submitted)
    return result
