# SPDX-License-Identifier: MIT
"""The pytest plugin: fixtures for tests without a domain."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Iterator

import pytest

from .ntlm import NtlmUsers
from .realm import Realm, RealmUnavailable
from .tls import TlsPair


@pytest.fixture(scope="session")
def krb5_realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """A Kerberos realm with a KDC of its own, for the session; skips where there is none.

    KRB5_CONFIG names it as long as it runs.
    """
    realm = Realm(tmp_path_factory.mktemp("krb5") / "realm")
    try:
        realm.start()
    except RealmUnavailable as error:
        pytest.skip(str(error))
    try:
        yield realm
    finally:
        realm.stop()


@pytest.fixture(scope="session")
def ntlm_users(tmp_path_factory: pytest.TempPathFactory) -> NtlmUsers:
    """NTLM users alice and bob of the domain TEST, in a file."""
    return NtlmUsers.write(pathlib.Path(tmp_path_factory.mktemp("ntlm")) / "users")


@pytest.fixture(scope="session")
def tls_pair(tmp_path_factory: pytest.TempPathFactory) -> TlsPair:
    """A certificate for localhost and 127.0.0.1, its key, and the root that issued it."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl program is not installed")
    return TlsPair.make(tmp_path_factory.mktemp("tls"))
