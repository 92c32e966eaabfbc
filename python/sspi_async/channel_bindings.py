# SPDX-License-Identifier: MIT
"""Channel bindings: what ties a handshake to the TLS connection that it goes through.

Both sides give the same bytes to `sspi_async.client` and `sspi_async.server`; a handshake that
somebody relays over another connection fails.
"""

from __future__ import annotations

import hashlib
import ssl
from typing import Any, Protocol, Union

from .error import Unsupported
from .status import Status

__all__ = ["tls_server_end_point"]


class _Connection(Protocol):
    """`ssl.SSLSocket` and `ssl.SSLObject`."""

    def getpeercert(self, binary_form: bool = ..., /) -> Any: ...


class _Certificate(Protocol):
    """`cryptography.x509.Certificate`."""

    def public_bytes(self, encoding: Any, /) -> bytes: ...


Source = Union[bytes, str, _Connection, _Certificate]

_PEM = "-----BEGIN CERTIFICATE-----"
_PSS = "1.2.840.113549.1.1.10"

# The hash of each signature (RFC 3279, 4055, 5758, 8692; NIST's register for SHA-3). RFC 5929
# has SHA-256 in the place of MD5 and SHA-1.
_SIGNATURES = {
    "1.2.840.113549.1.1.4": "sha256",  # md5WithRSAEncryption
    "1.2.840.113549.1.1.5": "sha256",  # sha1WithRSAEncryption
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.10040.4.3": "sha256",  # dsa-with-sha1
    "2.16.840.1.101.3.4.3.1": "sha224",  # dsa
    "2.16.840.1.101.3.4.3.2": "sha256",
    "2.16.840.1.101.3.4.3.3": "sha384",
    "2.16.840.1.101.3.4.3.4": "sha512",
    "1.2.840.10045.4.1": "sha256",  # ecdsa-with-SHA1
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
    "2.16.840.1.101.3.4.3.9": "sha3_224",  # ecdsa-with-sha3
    "2.16.840.1.101.3.4.3.10": "sha3_256",
    "2.16.840.1.101.3.4.3.11": "sha3_384",
    "2.16.840.1.101.3.4.3.12": "sha3_512",
    "2.16.840.1.101.3.4.3.13": "sha3_224",  # rsa with sha3
    "2.16.840.1.101.3.4.3.14": "sha3_256",
    "2.16.840.1.101.3.4.3.15": "sha3_384",
    "2.16.840.1.101.3.4.3.16": "sha3_512",
}
_HASHES = {
    "1.2.840.113549.2.5": "sha256",  # md5
    "1.3.14.3.2.26": "sha256",  # sha1
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.7": "sha3_224",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
}

_SEQUENCE = 0x30
_OID = 0x06
_HASH_OF_PSS = 0xA0


def tls_server_end_point(source: Source) -> bytes:
    """Make the bindings "tls-server-end-point" of a server's certificate (RFC 5929).

    Args:
        source: The certificate: DER, PEM (of several the first one), or a
            `cryptography.x509.Certificate`. Or a client's `ssl.SSLSocket` or `ssl.SSLObject`,
            which has the certificate of its peer. A server gives its own certificate.

    Returns:
        The bindings, for `channel_bindings` of `sspi_async.client` and `sspi_async.server`.

    Raises:
        ValueError: If it is not a certificate, or the connection has none of its peer.
        Unsupported: If the RFC defines no bindings for a signature of that kind (Ed25519).
    """
    certificate = _der_of(source)
    try:
        name = _hash_of(certificate)
    except IndexError:
        raise ValueError("the certificate ends too early") from None
    return b"tls-server-end-point:" + hashlib.new(name, certificate).digest()


def _der_of(source: Source) -> bytes:
    if hasattr(source, "getpeercert"):
        certificate = source.getpeercert(True)
        if not certificate:
            raise ValueError("the peer of the connection sent no certificate")
        return bytes(certificate)
    if hasattr(source, "public_bytes"):
        from cryptography.hazmat.primitives.serialization import Encoding

        return bytes(source.public_bytes(Encoding.DER))
    if not isinstance(source, (bytes, bytearray, memoryview, str)):
        raise TypeError(
            "source must be a certificate or a TLS connection of the ssl module, "
            f"not {type(source).__name__}"
        )
    if not isinstance(source, str):
        source = bytes(source)
        if _PEM.encode() not in source:
            return source
        source = source.decode("latin-1")
    begin, end = source.find(_PEM), source.find(_PEM.replace("BEGIN", "END"))
    if begin < 0 or end < begin:
        raise ValueError("this text holds no certificate in PEM")
    return ssl.PEM_cert_to_DER_cert(source[begin:end] + _PEM.replace("BEGIN", "END"))


def _hash_of(certificate: bytes) -> str:
    """Find the hash of the certificate's signature."""
    inside, rest = _take(certificate, _SEQUENCE)
    if rest:
        raise ValueError("there are bytes after the certificate")
    _, rest = _take(inside, _SEQUENCE)  # what is signed
    algorithm, _ = _take(rest, _SEQUENCE)
    oid, parameters = _take(algorithm, _OID)
    signature = _dotted(oid)
    name = _SIGNATURES.get(signature)
    if signature == _PSS:
        name = _hash_of_pss(parameters)
    if name is None:
        raise Unsupported(
            Status.SEC_E_UNSUPPORTED_FUNCTION,
            f"tls-server-end-point is not defined for a signature of the kind {signature}",
        )
    return name


def _hash_of_pss(parameters: bytes) -> str | None:
    inside, _ = _take(parameters, _SEQUENCE)
    if not inside or inside[0] != _HASH_OF_PSS:
        return "sha256"  # in the place of SHA-1, the default
    explicit, _ = _take(inside, _HASH_OF_PSS)
    algorithm, _ = _take(explicit, _SEQUENCE)
    return _HASHES.get(_dotted(_take(algorithm, _OID)[0]))


def _take(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Part the first value of DER from what follows it."""
    length, start = data[1], 2
    if data[0] != tag:
        raise ValueError(f"not a certificate: a value of the kind {data[0]:#x} in its DER")
    if length >= 0x80:
        start += length - 0x80
        length = int.from_bytes(data[2:start], "big")
    end = start + length
    if end > len(data):
        raise IndexError
    return data[start:end], data[end:]


def _dotted(oid: bytes) -> str:
    arcs = [oid[0] // 40, oid[0] % 40] if oid[0] < 80 else [2, oid[0] - 80]
    arc = 0
    for byte in oid[1:]:
        arc = arc << 7 | byte & 0x7F
        if byte < 0x80:
            arcs.append(arc)
            arc = 0
    return ".".join(map(str, arcs))
