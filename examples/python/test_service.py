# SPDX-License-Identifier: MIT
"""How to test a service with Kerberos, NTLM and TLS on a machine that knows of no domain.

The fixtures come with the package: `pip install sspi-async pytest pytest-asyncio`, and a KDC
for krb5_realm (Debian: krb5-kdc krb5-admin-server krb5-user).
"""

from __future__ import annotations

import pytest

import sspi_async
from sspi_async import Identity, SecurityContext
from sspi_async.testing import NtlmUsers, Realm, TlsPair

pytestmark = pytest.mark.asyncio


async def log_on(client: SecurityContext, server: SecurityContext) -> str:
    """What a service does, without the network in between. Returns who it is."""
    token = await client.step()
    while token:
        token = await server.step(token)
        if token:
            token = await client.step(token)
    return server.attributes.user_name


async def test_ticket_logs_on(krb5_realm: Realm) -> None:
    async with (
        sspi_async.client("HTTP@localhost", identity=krb5_realm.client) as client,
        sspi_async.server(identity=krb5_realm.server) as server,
    ):
        assert await log_on(client, server) == f"alice@{krb5_realm.name}"
        assert server.attributes.package.name == "Kerberos"


async def test_service_survives_a_silent_kdc(krb5_realm: Realm) -> None:
    alice = Identity(user=f"alice@{krb5_realm.name}", password=krb5_realm.password_of("alice"))
    async with await sspi_async.Credential.acquire("Kerberos", identity=alice) as credential:
        krb5_realm.freeze()
        try:
            async with sspi_async.client("HTTP@localhost", credential=credential) as stuck:
                with pytest.raises(TimeoutError):  # sspi_async.DeadlineExceeded
                    await stuck.step(timeout=0.1)
        finally:
            krb5_realm.thaw()
        async with sspi_async.client("HTTP@localhost", credential=credential) as client:
            assert await client.step()


@pytest.mark.parametrize("user", ["alice", "bob"])
async def test_ntlm_user_logs_on(user: str, ntlm_users: NtlmUsers) -> None:
    async with (
        sspi_async.client(
            "HTTP@localhost", package="NTLM", identity=ntlm_users.client(user)
        ) as client,
        sspi_async.server(package="NTLM", identity=ntlm_users.server) as server,
    ):
        assert await log_on(client, server) == f"TEST\\{user}"


async def test_wrong_password_is_denied(ntlm_users: NtlmUsers) -> None:
    async with (
        sspi_async.client(
            "HTTP@localhost", package="NTLM", identity=ntlm_users.client(password="wrong")
        ) as client,
        sspi_async.server(package="NTLM", identity=ntlm_users.server) as server,
    ):
        with pytest.raises(sspi_async.LogonDenied):
            await log_on(client, server)


async def test_certificate_is_for_localhost(tls_pair: TlsPair) -> None:
    async with (
        sspi_async.client("elsewhere", package="Schannel", identity=tls_pair.client) as client,
        sspi_async.server(package="Schannel", identity=tls_pair.server) as server,
    ):
        with pytest.raises(sspi_async.SspiError):
            await client.step(await server.step(await client.step()))
