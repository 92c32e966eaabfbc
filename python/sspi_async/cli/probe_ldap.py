# SPDX-License-Identifier: MIT
"""Probing LDAP: what the directory says of itself, and a bind by SASL."""

from __future__ import annotations

import argparse
import urllib.parse

from ..context import SecurityContext
from ..error import SspiError
from ..flags import ClientFlags
from . import ber, sasl, tls
from .finding import Finding
from .handshake import Refused, shake_hands
from .report import Failure
from .stream import LONGEST, Stream

PORTS = {"ldap": 389, "ldaps": 636}

_BIND, _BOUND = 0x60, 0x61
_SEARCH, _ENTRY, _REFERENCE, _FOUND = 0x63, 0x64, 0x73, 0x65
_EXTENDED, _EXTENDED_DONE = 0x77, 0x78
_SASL, _SASL_ANSWER = 0xA3, 0x87
_PRESENT = 0x87
_NAME, _VALUE_DONE = 0x80, 0x8B
_SUCCESS, _IN_PROGRESS = 0, 14
_START_TLS = "1.3.6.1.4.1.1466.20037"
_WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3"
_ATTRIBUTES = (
    "vendorName",
    "vendorVersion",
    "dnsHostName",
    "defaultNamingContext",
    "namingContexts",
    "domainControllerFunctionality",
    "supportedLDAPVersion",
    "supportedSASLMechanisms",
    "supportedExtension",
)
# Inside TLS a domain controller takes no bind that signs or seals, too. (GSSAPI signs its
# choice of a layer, and then chooses none.)
_UNDER_TLS = ClientFlags.MUTUAL_AUTH | ClientFlags.NO_INTEGRITY


def probe(url: urllib.parse.SplitResult, arguments: argparse.Namespace) -> Finding:
    """Probe a directory.

    Args:
        url: Its address.
        arguments: The options.

    Returns:
        What was found.
    """
    finding = Finding(f"{url.scheme}://{url.netloc}")
    stream, finding.tls = tls.connect(url, PORTS, arguments)
    with stream:
        finding.connected(stream)
        directory = _Directory(stream)
        told = directory.root()
        for name in _ATTRIBUTES[:-2]:
            if name in told:
                finding.fact(name, ", ".join(told[name]))
        offered = told.get("supportedSASLMechanisms", [])
        finding.offers("SASL", offered)
        if url.scheme == "ldap":
            can = _START_TLS in told.get("supportedExtension", [])
            finding.fact("StartTLS", "yes" if can else "no")
        if finding.may_log_on(arguments):
            choice = sasl.choose(offered, arguments.package)
            if choice is None:
                finding.fail(
                    "The directory offers none of the mechanisms that can be tried: "
                    "GSS-SPNEGO, GSSAPI and NTLM."
                )
            else:
                _log_on(finding, directory, choice, arguments)
    return finding


def _log_on(
    finding: Finding,
    directory: _Directory,
    choice: tuple[str, str],
    arguments: argparse.Namespace,
) -> None:
    mechanism, package = choice
    inside = directory.stream.tls is not None

    def exchange(token: bytes) -> bytes:
        code, reply = directory.bind(mechanism, token)
        finding.last = "" if code == _SUCCESS else "in progress"
        return reply

    made, context = shake_hands(
        package,
        "ldap",
        directory.stream.host,
        arguments,
        exchange,
        bindings=finding.endpoint_bindings,
        flags=_UNDER_TLS if inside and mechanism != "GSSAPI" else ClientFlags.DEFAULT,
    )
    finding.handshake = made
    if context is None:
        return
    with context:
        try:
            layer = _layer(finding, directory, mechanism, context, inside)
            finding.after("protection from now on", sasl.layers(layer.chosen))
            directory.layer = layer
            finding.after("who am I?", directory.who_am_i() or "anonymous")
        except SspiError as error:
            finding.fail(f"What follows the handshake failed: {error.message.rstrip('.')}.")
        except Refused as error:
            finding.fail(str(error))


def _layer(
    finding: Finding,
    directory: _Directory,
    mechanism: str,
    context: SecurityContext,
    inside: bool,
) -> sasl.Layer:
    """What protects the rest: negotiated in a leg more by GSSAPI, by the flags otherwise."""
    if mechanism != "GSSAPI":
        flags = context.flags
        chosen = sasl.NO_LAYER
        if flags & ClientFlags.CONFIDENTIALITY:
            chosen = sasl.SEALED
        elif flags & ClientFlags.INTEGRITY:
            chosen = sasl.SIGNED
        return sasl.Layer(context, chosen)
    _, offer = directory.bind(mechanism, b"")
    answer, offered, chosen = sasl.answer(context, offer, inside)
    finding.after("layers offered", sasl.layers(offered))
    directory.bind(mechanism, answer)
    return sasl.Layer(context, chosen)


class _Directory:
    """LDAP on a connection, one request at a time.

    Attributes:
        layer: What protects the messages after a bind.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.layer: sasl.Layer | None = None
        self._number = 0
        self._data = b""

    def root(self) -> dict[str, list[str]]:
        """Return what the directory says of itself: attributes of its root, by their names."""
        self._send(
            ber.pack(
                _SEARCH,
                ber.octets(""),
                ber.number(0, ber.ENUMERATED),  # the base alone
                ber.number(0, ber.ENUMERATED),
                ber.number(0),
                ber.number(0),
                ber.pack(ber.BOOLEAN, b"\0"),
                ber.octets("objectClass", _PRESENT),
                ber.pack(ber.SEQUENCE, *(ber.octets(name) for name in _ATTRIBUTES)),
            )
        )
        found: dict[str, list[str]] = {}
        while True:
            tag, contents = self._receive()
            if tag == _FOUND:
                self._check(contents, "The directory does not say what it offers")
                return found
            if tag == _ENTRY:
                found.update(_attributes(contents))
            elif tag != _REFERENCE:
                raise self._nonsense()

    def bind(self, mechanism: str, token: bytes) -> tuple[int, bytes]:
        """Send a token; returns the result, and the token that came back."""
        # A token that is empty is there all the same: none at all begins anew.
        self._send(
            ber.pack(
                _BIND,
                ber.number(3),
                ber.octets(""),
                ber.pack(_SASL, ber.octets(mechanism), ber.octets(token)),
            )
        )
        tag, contents = self._receive()
        if tag != _BOUND:
            raise self._nonsense()
        code = self._check(contents, "The directory refused the bind", _IN_PROGRESS)
        replies = [inner for tag, inner in ber.elements(contents) if tag == _SASL_ANSWER]
        return code, replies[0] if replies else b""

    def who_am_i(self) -> str:
        """Ask whom the directory takes us for."""
        self._send(ber.pack(_EXTENDED, ber.octets(_WHO_AM_I, _NAME)))
        tag, contents = self._receive()
        if tag != _EXTENDED_DONE:
            raise self._nonsense()
        self._check(contents, "The directory does not say who is logged on")
        names = [inner for tag, inner in ber.elements(contents) if tag == _VALUE_DONE]
        return names[0].decode(errors="replace") if names else ""

    def _send(self, operation: bytes) -> None:
        self._number += 1
        message = ber.pack(ber.SEQUENCE, ber.number(self._number), operation)
        self.stream.begin()
        self.stream.send(self.layer.wrap(message) if self.layer is not None else message)

    def _receive(self) -> tuple[int, bytes]:
        """Return tag and contents of the next operation."""
        try:
            _, contents, _ = ber.unpack(self._message())
            _, _, operation = ber.unpack(contents)
            tag, contents, _ = ber.unpack(operation)
        except ValueError:
            raise self._nonsense() from None
        return tag, contents

    def _message(self) -> bytes:
        while True:
            header = ber.header_of(self._data)
            if header is not None:
                tag, start, length = header
                if tag != ber.SEQUENCE or length > LONGEST:
                    raise ValueError
                end = start + length
                if len(self._data) >= end:
                    message, self._data = self._data[:end], self._data[end:]
                    return message
            self._more()

    def _more(self) -> None:
        if self.layer is None or self.layer.chosen == sasl.NO_LAYER:
            data = self.stream.receive()
            if not data:
                raise Failure(f"{self.stream.name} closed the connection. Look into its log.")
            self._data += data
            return
        length = int.from_bytes(self.stream.exactly(4), "big")
        if length > LONGEST:
            raise ValueError
        self._data += self.layer.unwrap(self.stream.exactly(length))

    def _check(self, contents: bytes, what: str, also: int = _SUCCESS) -> int:
        """Look at a result: its code, the name of an entry, and a message."""
        try:
            (_, code), _, (_, text) = list(ber.elements(contents))[:3]
        except ValueError:
            raise self._nonsense() from None
        number = int.from_bytes(code, "big")
        if number not in (_SUCCESS, also):
            message = text.decode(errors="replace").strip()
            raise Refused(f"{what} (result {number}{': ' if message else ''}{message}).")
        return number

    def _nonsense(self) -> Failure:
        return Failure(
            f"{self.stream.name} does not answer as LDAP does. Check the port, and whether it "
            "is ldaps."
        )


def _attributes(entry: bytes) -> dict[str, list[str]]:
    _, (_, pairs) = list(ber.elements(entry))[:2]
    found = {}
    for _, pair in ber.elements(pairs):
        (_, name), (_, values) = list(ber.elements(pair))[:2]
        found[name.decode(errors="replace")] = [
            value.decode(errors="replace") for _, value in ber.elements(values)
        ]
    return found
