# SPDX-License-Identifier: MIT
"""What an identity says reaches the package."""

from __future__ import annotations

import pytest
from conftest import handshake

import sspi_async
from sspi_async import Identity, SspiError, Status
from sspi_async.testing import Realm


def test_armor_is_used_or_the_logon_fails(krb5_realm: Realm) -> None:
    """Wrong: a password goes out without the armor that was named for it."""
    password = krb5_realm.password_of("alice")
    armored = Identity(user="alice", password=password, armor_cache=krb5_realm.ccache)
    client = sspi_async.client("HTTP@localhost", package="Kerberos", identity=armored)
    server = sspi_async.server(package="Kerberos", identity=krb5_realm.server)
    with client, server:
        handshake(client, server)
    bare = Identity(user="alice", password=password, armor_cache="FILE:/nowhere/armor")
    client = sspi_async.client("HTTP@localhost", package="Kerberos", identity=bare)
    with client, pytest.raises(SspiError, match="/nowhere/armor") as caught:
        client.step().result(30)
    assert caught.value.status is Status.SEC_E_NO_CREDENTIALS
