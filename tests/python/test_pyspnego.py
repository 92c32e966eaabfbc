# SPDX-License-Identifier: MIT
"""pyspnego at the other end, in both roles: another implementation of the same protocols.

Its NTLM is written in Python and owes nothing to gss-ntlmssp; its Kerberos and Negotiate go
through SPNEGO of its own and, for the mechanism, python-gssapi where that is installed.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

import sspi_async
from sspi_async import ClientFlags, Identity, SecurityContext
from sspi_async.testing import NtlmUsers, Realm

spnego = pytest.importorskip("spnego")

FLAGS = ClientFlags.DEFAULT
KERBEROS = pytest.mark.skipif(
    importlib.util.find_spec("gssapi") is None or importlib.util.find_spec("krb5") is None,
    reason="pyspnego needs gssapi and krb5 for Kerberos",
)
PROTOCOLS = [
    "ntlm",
    "negotiate-ntlm",
    pytest.param("kerberos", marks=KERBEROS),
    pytest.param("negotiate", marks=KERBEROS),
]
PACKAGES = {
    "ntlm": "NTLM",
    "negotiate-ntlm": "Negotiate",
    "kerberos": "Kerberos",
    "negotiate": "Negotiate",
}


def exchange_messages(ours: SecurityContext, theirs: Any) -> None:
    """Seal and sign in both directions."""
    for data in (b"hello", b"x" * 5000):
        assert theirs.unwrap(ours.encrypt(data)).data == data
        assert ours.decrypt(theirs.wrap(data).data) == data
    theirs.verify(b"signed", ours.sign(b"signed"))
    ours.verify(b"signed", theirs.sign(b"signed"))
    altered = bytearray(theirs.wrap(b"hello").data)
    altered[-1] ^= 1
    with pytest.raises(sspi_async.SspiError):
        ours.decrypt(altered)


def is_ntlm(protocol: str) -> bool:
    return protocol.endswith("ntlm")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.asyncio
async def test_our_client_their_server(
    protocol: str, ntlm_users: NtlmUsers, krb5_realm: Realm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NTLM_USER_FILE", str(ntlm_users.path))
    monkeypatch.setenv("KRB5_KTNAME", krb5_realm.keytab)
    theirs = spnego.server(
        hostname="localhost",
        service="HTTP",
        protocol=protocol.split("-")[0],
        options=spnego.NegotiateOptions.use_ntlm
        if protocol == "ntlm"
        else spnego.NegotiateOptions.none,
    )
    identity = ntlm_users.client() if is_ntlm(protocol) else krb5_realm.client
    async with sspi_async.client(
        "HTTP@localhost", package=PACKAGES[protocol], identity=identity, flags=FLAGS
    ) as ours:
        token = await ours.step()
        while token:
            answer = theirs.step(token)
            token = await ours.step(answer) if answer else b""
        assert ours.complete
        assert theirs.complete
        exchange_messages(ours, theirs)
        assert "alice" in theirs.client_principal


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.asyncio
async def test_their_client_our_server(
    protocol: str, ntlm_users: NtlmUsers, krb5_realm: Realm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5CCNAME", krb5_realm.ccache)
    who = ("TEST\\alice", ntlm_users.passwords["alice"]) if is_ntlm(protocol) else (None, None)
    theirs = spnego.client(
        *who,
        hostname="localhost",
        service="HTTP",
        protocol=protocol.split("-")[0],
        context_req=spnego.ContextReq.default,
    )
    identity = ntlm_users.server if is_ntlm(protocol) else Identity(keytab=krb5_realm.keytab)
    async with sspi_async.server(package=PACKAGES[protocol], identity=identity) as ours:
        token = theirs.step()
        while token:
            answer = await ours.step(token)
            token = theirs.step(answer) if answer else None
        assert ours.complete
        assert theirs.complete
        exchange_messages(ours, theirs)
        assert "alice" in ours.attributes.user_name
        package = ours.attributes.package.name
        assert package == ("NTLM" if is_ntlm(protocol) else "Kerberos")
