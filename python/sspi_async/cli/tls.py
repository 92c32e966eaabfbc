# SPDX-License-Identifier: MIT
"""TLS to the service that is probed, and what it tells."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import urllib.parse
from collections.abc import Mapping, Sequence

from ..context import SecurityContext
from ..credential import TlsIdentity
from ..error import CertificateError, SspiError, WrongPrincipal
from . import moment
from .stream import Stream

_BEGIN_WITH_TLS = ("https", "ldaps", "smtps")
_PROTOCOLS = {0x2000: "TLS 1.3", 0x800: "TLS 1.2"}


@dataclasses.dataclass
class Tls:
    """What a handshake of TLS has told.

    Attributes:
        version: "TLS 1.3".
        cipher: "AES 256".
        protocol: The name of ALPN, or "".
        fault: Why the certificate is not trusted; "": it is.
        fingerprint: Of the certificate, by SHA-256.
        certificate: What is written in it, as far as that can be read here.
        bindings: What it offers to a handshake inside.
    """

    version: str
    cipher: str
    protocol: str
    fault: str
    fingerprint: str
    certificate: dict[str, str]
    bindings: dict[str, bytes]

    def facts(self) -> list[tuple[str, str]]:
        """Return it for people."""
        facts = [("TLS", f"{self.version}, {self.cipher}")]
        if self.protocol:
            facts.append(("ALPN", self.protocol))
        facts.append(("certificate", f"not trusted: {self.fault}" if self.fault else "trusted"))
        facts += [(f"  {name}", text) for name, text in self.certificate.items()]
        facts.append(("  SHA-256", self.fingerprint))
        facts.append(("available bindings", ", ".join(self.bindings) or "none"))
        return facts

    def data(self) -> dict[str, object]:
        """Return it for programs."""
        data = dataclasses.asdict(self)
        data["bindings"] = {name: value.hex() for name, value in self.bindings.items()}
        data["fault"] = self.fault or None
        data["protocol"] = self.protocol or None
        return data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of TLS.

    Args:
        parser: Where to.
    """
    group = parser.add_argument_group("TLS")
    group.add_argument("--roots", metavar="FILE", help="trust the roots of this PEM file")
    group.add_argument(
        "--insecure",
        action="store_true",
        help="log on even if the certificate is not trusted, and anyone could be listening",
    )


def connect(
    url: urllib.parse.SplitResult,
    ports: Mapping[str, int],
    arguments: argparse.Namespace,
    protocols: Sequence[str] = (),
) -> tuple[Stream, Tls | None]:
    """Connect as an address says: by TLS if its scheme is one of those that begin with it.

    Args:
        url: The address.
        ports: Each scheme's own port.
        arguments: `--roots` and `--timeout`.
        protocols: The names of ALPN.

    Returns:
        The connection, and what TLS has told, or None.

    Raises:
        Failure: If there is no connection.
        SspiError: If there is no TLS on it.
    """
    host = url.hostname or ""
    port = url.port or ports[url.scheme]
    if url.scheme in _BEGIN_WITH_TLS:
        return open_stream(host, port, arguments, protocols)
    return Stream(host, port, arguments.timeout), None


def open_stream(
    host: str,
    port: int,
    arguments: argparse.Namespace,
    protocols: Sequence[str] = (),
) -> tuple[Stream, Tls]:
    """Connect by TLS, whatever certificate there is.

    Args:
        host: The host.
        port: The port.
        arguments: `--roots` and `--timeout`.
        protocols: The names of ALPN.

    Returns:
        The connection, and what TLS has told; its `fault` is to be looked at.

    Raises:
        Failure: If there is no connection.
        SspiError: If there is no TLS on it.
    """
    stream = Stream(host, port, arguments.timeout)
    try:
        return stream, start(stream, arguments, protocols)
    except Untrusted as untrusted:
        stream.hang_up()
        stream = Stream(host, port, arguments.timeout)
        try:
            return stream, _start(stream, TlsIdentity(verify=False), protocols, str(untrusted))
        except BaseException:
            stream.hang_up()
            raise
    except BaseException:
        stream.hang_up()
        raise


class Untrusted(Exception):
    """The certificate is not trusted. The handshake has ended with that."""


def start(stream: Stream, arguments: argparse.Namespace, protocols: Sequence[str] = ()) -> Tls:
    """Start TLS on a connection, with a certificate that is trusted.

    Args:
        stream: The connection.
        arguments: `--roots`.
        protocols: The names of ALPN.

    Returns:
        What TLS has told.
    """
    try:
        return _start(stream, TlsIdentity(roots=arguments.roots), protocols, "")
    except (CertificateError, WrongPrincipal) as error:
        raise Untrusted(error.message) from None


def start_anyhow(stream: Stream) -> Tls:
    """Start TLS on a connection, with any certificate."""
    return _start(stream, TlsIdentity(verify=False), (), "it was not checked")


def _start(stream: Stream, identity: TlsIdentity, protocols: Sequence[str], fault: str) -> Tls:
    stream.begin()
    stream.start_tls(identity, tuple(protocols))
    assert stream.tls is not None  # noqa: S101
    return _told(stream.tls, fault)


def _told(context: SecurityContext, fault: str) -> Tls:
    attributes = context.attributes
    connection = attributes.connection
    bindings = {}
    for name in ("endpoint_bindings", "exporter_bindings", "unique_bindings"):
        try:
            value: bytes = getattr(attributes, name)
        except SspiError:
            continue  # tls-unique is gone with TLS 1.3
        bindings[value.partition(b":")[0].decode()] = value
    der = attributes.peer_certificate
    return Tls(
        _PROTOCOLS.get(connection.protocol, f"protocol {connection.protocol:#x}"),
        f"{connection.cipher_strength} bits",
        attributes.application_protocol,
        fault,
        hashlib.sha256(der).hexdigest(),
        _read(der),
        bindings,
    )


def _read(der: bytes) -> dict[str, str]:
    """Read a certificate, if the package cryptography is there."""
    try:
        from cryptography import x509
    except ImportError:
        return {}
    try:
        certificate = x509.load_der_x509_certificate(der)
        until = getattr(certificate, "not_valid_after_utc", None)
        found = {
            "subject": certificate.subject.rfc4514_string() or "-",
            "issuer": certificate.issuer.rfc4514_string() or "-",
        }
        if until is not None:
            found["until"] = moment.shown(until)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except ValueError:
        return {}
    except x509.ExtensionNotFound:
        return found
    found["names"] = ", ".join(str(name.value) for name in names.value)
    return found
