# SPDX-License-Identifier: MIT
"""What a client delegates, the server can use."""

from __future__ import annotations

import pytest
from conftest import handshake, handshake_async

import sspi_async
from sspi_async import ClientFlags, Credential, CredentialUse, Identity, SspiError, Status
from sspi_async.testing import Realm

DELEGATE = ClientFlags.DEFAULT | ClientFlags.DELEGATE


@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
@pytest.mark.asyncio
async def test_server_talks_to_others_as_the_client(package: str, krb5_realm: Realm) -> None:
    """Wrong: what was delegated cannot be used, or is gone with the context."""
    client = sspi_async.client(
        "HTTP@localhost", package=package, identity=krb5_realm.client, flags=DELEGATE
    )
    server = sspi_async.server(package=package, identity=krb5_realm.server)
    async with client, server:
        await handshake_async(client, server)
        delegated = server.delegated
        assert isinstance(delegated, Credential)
        assert server.delegated is delegated
        assert client.delegated is None
    assert delegated.use is CredentialUse.OUTBOUND
    assert delegated.name.startswith("alice@")
    assert delegated.expiry is not None
    async with (
        delegated,
        sspi_async.client("host@localhost", credential=delegated) as second,
        sspi_async.server(package=package, identity=krb5_realm.server) as backend,
    ):
        await handshake_async(second, backend)
        assert backend.attributes.user_name.startswith("alice@")


def test_nothing_delegated_is_none(krb5_realm: Realm) -> None:
    """Wrong: a server takes an ordinary client for one that trusts it with everything."""
    client = sspi_async.client("HTTP@localhost", package="Kerberos", identity=krb5_realm.client)
    server = sspi_async.server(package="Kerberos", identity=krb5_realm.server)
    with client, server:
        handshake(client, server)
        assert server.delegated is None


@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
def test_service_acts_for_a_user(package: str, krb5_realm: Realm) -> None:
    """Wrong: a service that knows its user cannot talk to itself as that user."""
    identity = Identity(client_keytab=krb5_realm.keytab, impersonate="bob")
    client = sspi_async.client("HTTP@localhost", package=package, identity=identity)
    server = sspi_async.server(package=package, identity=krb5_realm.server)
    with client, server:
        handshake(client, server)
        assert server.attributes.user_name.startswith("bob@")


def test_kdc_decides_on_constrained_delegation(krb5_realm: Realm) -> None:
    """Wrong: a server reaches others as its client, where the KDC has not allowed it."""
    identity = Identity(
        keytab=krb5_realm.keytab, client_keytab=krb5_realm.keytab, constrained_delegation=True
    )
    credential = Credential.acquire("Kerberos", CredentialUse.BOTH, identity=identity).result(
        30
    )
    client = sspi_async.client("HTTP@localhost", package="Kerberos", identity=krb5_realm.client)
    with credential, client, sspi_async.server(credential=credential) as server:
        handshake(client, server)
        delegated = server.delegated
        assert delegated is not None
        with delegated, sspi_async.client("host@localhost", credential=delegated) as second:
            with pytest.raises(SspiError) as caught:
                second.step().result(30)
            assert caught.value.status is Status.SEC_E_DELEGATION_POLICY
