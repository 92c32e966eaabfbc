# SPDX-License-Identifier: MIT
"""TLS by the package Schannel, both sides in this process."""

from __future__ import annotations

import ssl

import pytest
from conftest import handshake

import sspi_async
from sspi_async import SecurityContext, TlsIdentity
from sspi_async.testing import NtlmUsers, TlsPair


def pair(tls_pair: TlsPair) -> tuple[SecurityContext, SecurityContext]:
    return (
        sspi_async.client(
            "localhost",
            package="Schannel",
            identity=tls_pair.client,
            application_protocols=["h2", "http/1.1"],
        ),
        sspi_async.server(
            package="Schannel", identity=tls_pair.server, application_protocols=["http/1.1"]
        ),
    )


def test_stream_in_pieces_of_any_size(tls_pair: TlsPair) -> None:
    """Wrong would be: a record that is lost because it came in two pieces, or with another."""
    client, server = pair(tls_pair)
    with client, server:
        handshake(client, server)
        data = bytes(range(256)) * 300
        sealed = client.encrypt(data) + client.encrypt(b"more")
        assert len(sealed) > len(data)
        plain = b""
        for start in range(0, len(sealed), 1000):
            plain += server.decrypt(sealed[start : start + 1000])
        assert plain == data + b"more"
        assert client.decrypt(server.encrypt(b"")) == b""
        # The server's session tickets come first: part of the handshake, not of the data.
        assert client.decrypt(server.encrypt(b"answer")) == b"answer"
        closing = server.shutdown()
        with pytest.raises(sspi_async.ContextExpired):
            client.decrypt(closing)
        with pytest.raises(sspi_async.ContextExpired):
            server.encrypt(b"too late")


def test_attributes(tls_pair: TlsPair) -> None:
    client, server = pair(tls_pair)
    with client, server:
        handshake(client, server)
        der = ssl.PEM_cert_to_DER_cert(tls_pair.certificate.read_text())
        assert client.attributes.peer_certificate == der
        assert server.attributes.own_certificate == der
        assert client.attributes.application_protocol == "http/1.1"
        assert server.attributes.application_protocol == "http/1.1"
        assert client.attributes.connection.protocol == 0x2000
        assert client.attributes.connection.cipher_strength in (128, 256)
        assert not client.attributes.session_resumed
        assert client.attributes.stream_sizes.maximum_message == 16384
        bindings = client.attributes.endpoint_bindings
        assert bindings.startswith(b"tls-server-end-point:")
        assert bindings == server.attributes.endpoint_bindings
        exported = client.attributes.exporter_bindings
        assert exported == server.attributes.exporter_bindings
        assert exported.startswith(b"tls-exporter:")


def test_channel_bindings_of_tls_for_another_context(
    tls_pair: TlsPair, ntlm_users: NtlmUsers
) -> None:
    """The one's binding in the other: what extended protection is."""
    tls, peer = pair(tls_pair)
    with tls, peer:
        handshake(tls, peer)
        client = sspi_async.client(
            "HTTP@localhost",
            package="NTLM",
            identity=ntlm_users.client(),
            channel_bindings=tls.attributes.endpoint_bindings,
        )
        server = sspi_async.server(
            package="NTLM",
            identity=ntlm_users.server,
            channel_bindings=peer.attributes.endpoint_bindings,
        )
        with client, server:
            handshake(client, server)


def test_certificates_are_checked(tls_pair: TlsPair) -> None:
    credential = sspi_async.Credential.acquire(
        "Schannel", sspi_async.CredentialUse.INBOUND, identity=tls_pair.server
    ).result(10)
    for target, identity, good in (
        ("localhost", tls_pair.client, True),
        ("elsewhere", tls_pair.client, False),
        ("localhost", TlsIdentity(roots=str(tls_pair.key.with_name("ca.pem"))), True),
        ("localhost", TlsIdentity(), False),
        ("localhost", TlsIdentity(verify=False), True),
    ):
        with sspi_async.client(target, package="Schannel", identity=identity) as client:
            server = sspi_async.server(credential=credential)
            if good:
                handshake(client, server)
            else:
                with pytest.raises(sspi_async.SspiError):
                    handshake(client, server)
            server.delete_nowait()


def test_certificates_that_are_not_there() -> None:
    for identity in (
        TlsIdentity(certificate="/nowhere/server.pem"),
        TlsIdentity(roots="/nowhere/ca.pem"),
    ):
        with pytest.raises(sspi_async.NoCredentials, match="nowhere"):
            sspi_async.Credential.acquire("Schannel", identity=identity)
