# SPDX-License-Identifier: MIT
"""Channel bindings are those that OpenSSL and Schannel make of the same certificate."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import pathlib
import ssl
import subprocess

import pytest
from conftest import handshake_async
from hypothesis import given
from hypothesis import strategies as st

import sspi_async
from sspi_async.channel_bindings import tls_server_end_point
from sspi_async.testing import TlsPair

KINDS = {
    "rsa-sha1": (["rsa:2048"], ["-sha1"], "sha256"),
    "rsa-sha256": (["rsa:2048"], ["-sha256"], "sha256"),
    "rsa-sha512": (["rsa:2048"], ["-sha512"], "sha512"),
    "pss-sha384": (["rsa:2048"], ["-sha384", "-sigopt", "rsa_padding_mode:pss"], "sha384"),
    "pss-sha1": (["rsa:2048"], ["-sha1", "-sigopt", "rsa_padding_mode:pss"], "sha256"),
    "ecdsa-sha224": (["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-sha224"], "sha224"),
    "ecdsa-sha384": (["ec", "-pkeyopt", "ec_paramgen_curve:P-384"], ["-sha384"], "sha384"),
    "ecdsa-sha3": (["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-sha3-256"], "sha3_256"),
    "rsa-sha3": (["rsa:2048"], ["-sha3-512"], "sha3_512"),
}

# Its key is gone.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBbTCCAROgAwIBAgIUFuLoIFng2OoeNc25b1PiG03a7P4wCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBeDAeFw0yNjExMjgxMTEwMzhaFw0yNjExMzAxMTEwMzhaMAwx
CjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQn6AhQnfUQV9LN
EmL5e8GqC89etOSVE2HlyPruvSJaUsgixtyiuFfV47Z2BewG3N8B7xeibtxOXIPF
oddVjT70o1MwUTAdBgNVHQ4EFgQUdmPwo9kRx7p0YHITEPMO4xfHaGowHwYDVR0j
BBgwFoAUdmPwo9kRx7p0YHITEPMO4xfHaGowDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNIADBFAiEAvxVSlKqDgu2oBixISgZZ8PVNXgf3heaoDMEp8RkXBUsC
IHCgtM0JhqVIReJAsj6a+i/AL4IB4JtiUVLQBQPSNB0X
-----END CERTIFICATE-----
"""


def make(folder: pathlib.Path, key: list[str], signature: list[str]) -> str:
    """A certificate in PEM."""
    done = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-days", "2", "-subj", "/CN=x",
         "-keyout", str(folder / "key"), *signature],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_hash_is_that_of_the_signature(kind: str, tmp_path: pathlib.Path) -> None:
    """Wrong: a hash that the server does not use, and every logon refused."""
    key, signature, name = KINDS[kind]
    pem = make(tmp_path, key, signature)
    der = ssl.PEM_cert_to_DER_cert(pem)
    bindings = b"tls-server-end-point:" + hashlib.new(name, der).digest()
    for source in (pem, pem.encode(), der, bytearray(der), "a chain\n" + pem + pem):
        assert tls_server_end_point(source) == bindings  # type: ignore[arg-type]


def test_certificate_of_cryptography(tls_pair: TlsPair) -> None:
    """Wrong: who has the object must know how to take it apart."""
    x509 = pytest.importorskip("cryptography.x509")
    pem = tls_pair.certificate.read_bytes()
    assert tls_server_end_point(x509.load_pem_x509_certificate(pem)) == tls_server_end_point(
        pem
    )


def test_what_the_rfc_leaves_undefined_is_refused(tmp_path: pathlib.Path) -> None:
    """Wrong: bindings that no other implementation makes."""
    with pytest.raises(sspi_async.Unsupported, match=r"1\.3\.101\.112"):
        tls_server_end_point(make(tmp_path, ["ed25519"], []))


@pytest.mark.asyncio
async def test_they_are_those_of_schannel(tls_pair: TlsPair) -> None:
    """Wrong: a server on Schannel and a client on the ssl module disagree."""
    async with (
        sspi_async.client("localhost", package="Schannel", identity=tls_pair.client) as client,
        sspi_async.server(package="Schannel", identity=tls_pair.server) as server,
    ):
        await handshake_async(client, server)
        made = tls_server_end_point(tls_pair.certificate.read_bytes())
        assert client.attributes.endpoint_bindings == made
        assert server.attributes.endpoint_bindings == made


@pytest.mark.asyncio
async def test_connection_has_the_certificate_of_its_peer(tls_pair: TlsPair) -> None:
    """Wrong: the client's own certificate, or none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls_pair.certificate, tls_pair.key)
    made = tls_server_end_point(tls_pair.certificate.read_text())

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with pytest.raises(ValueError, match="sent no certificate"):
            tls_server_end_point(writer.get_extra_info("ssl_object"))
        writer.write(b"x")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        trust = ssl.create_default_context(cafile=str(tls_pair.authority))
        reader, writer = await asyncio.open_connection(
            *server.sockets[0].getsockname()[:2], ssl=trust
        )
        assert await reader.readexactly(1) == b"x"
        assert tls_server_end_point(writer.get_extra_info("ssl_object")) == made
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("source", [b"", b"\x30", b"0\x82\x01", b"x" * 99, "text", b"0\x00"])
def test_what_is_no_certificate_is_refused(source: bytes | str) -> None:
    """Wrong: bindings of nothing."""
    with pytest.raises(ValueError, match=r"\w"):
        tls_server_end_point(source)


def test_other_things_are_refused() -> None:
    """Wrong: an AttributeError from within."""
    with pytest.raises(TypeError, match="not int"):
        tls_server_end_point(5)  # type: ignore[arg-type]


@given(st.data())
def test_damage_is_refused_or_harmless(data: st.DataObject) -> None:
    """Wrong: any other exception than those that are promised."""
    der = bytearray(ssl.PEM_cert_to_DER_cert(CERTIFICATE))
    place = data.draw(st.integers(0, len(der) - 1))
    der[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError, sspi_async.Unsupported):
        assert tls_server_end_point(bytes(der)).startswith(b"tls-server-end-point:")
