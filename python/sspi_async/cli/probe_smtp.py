# SPDX-License-Identifier: MIT
"""Probing SMTP: the extensions of EHLO, and AUTH. No mail is sent."""

from __future__ import annotations

import argparse
import base64
import binascii
import urllib.parse

from ..error import SspiError
from . import sasl, tls
from .finding import Finding
from .handshake import Refused, shake_hands
from .report import Failure
from .stream import Stream

PORTS = {"smtp": 25, "smtps": 465, "submission": 587}

_READY, _DONE, _GO_ON, _AUTHENTICATED = 220, 250, 334, 235
_LINES = 100
# Without the end of its line (RFC 5321, section 4.5.3.1.4). A token that is longer waits for
# the server's go-ahead, and may then be (RFC 4954, section 4).
_LONGEST_COMMAND = 510


def probe(url: urllib.parse.SplitResult, arguments: argparse.Namespace) -> Finding:
    """Probe a mail server.

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
        server = _Mail(stream)
        stream.begin()
        finding.fact("server", server.expect(_READY)[0])
        offers = server.hello()
        if "STARTTLS" in offers:
            server.command("STARTTLS", _READY)
            finding.fact("STARTTLS", "yes")
            finding.tls = _start_tls(stream, arguments)
            offers = server.hello()
        elif url.scheme != "smtps":
            finding.fact("STARTTLS", "no")
        mechanisms = offers.get("AUTH", "").split()
        finding.offers("EHLO", sorted(offers))
        finding.offers("AUTH", mechanisms)
        if finding.may_log_on(arguments):
            choice = sasl.choose(mechanisms, arguments.package)
            if choice is None:
                finding.fail(
                    "The server offers none of the mechanisms that can be tried: GSSAPI, "
                    "GSS-SPNEGO and NTLM."
                )
            else:
                _log_on(finding, server, choice, arguments)
    return finding


def _start_tls(stream: Stream, arguments: argparse.Namespace) -> tls.Tls:
    if arguments.insecure:
        return tls.start_anyhow(stream)
    try:
        return tls.start(stream, arguments)
    except tls.Untrusted as error:
        raise Failure(
            f"The certificate is not trusted: {str(error).rstrip('.')}. If it is right, give "
            "its root by --roots FILE; --insecure accepts any."
        ) from None


def _log_on(
    finding: Finding, server: _Mail, choice: tuple[str, str], arguments: argparse.Namespace
) -> None:
    mechanism, package = choice
    begun = False

    def exchange(token: bytes) -> bytes:
        nonlocal begun
        begin, begun = not begun, True
        code, reply = server.auth(mechanism if begin else "", token)
        finding.last = str(code)
        return reply

    made, context = shake_hands(
        package,
        "smtp",
        server.stream.host,
        arguments,
        exchange,
        bindings=finding.endpoint_bindings,
    )
    finding.handshake = made
    if context is None:
        return
    with context:
        try:
            if mechanism == "GSSAPI":
                _, offer = server.auth("", b"")
                answer, offered, _ = sasl.answer(context, offer, True)
                finding.after("layers offered", sasl.layers(offered))
                finding.last = str(server.auth("", answer)[0])
        except SspiError as error:
            finding.fail(f"What follows the handshake failed: {error.message.rstrip('.')}.")
            return
        except Refused as error:
            finding.fail(str(error))
            return
    if finding.last == str(_AUTHENTICATED):
        finding.after("answer", f"{_AUTHENTICATED}, logged on")
    else:
        finding.fail(f"The server did not say that the logon is complete ({finding.last}).")


class _Mail:
    """SMTP on a connection."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def hello(self) -> dict[str, str]:
        """Say hello; returns the extensions, by their names."""
        lines = self.command("EHLO sspi-async-probe.invalid", _DONE)
        pairs = (line.partition(" ") for line in lines[1:])
        return {name.upper(): text for name, _, text in pairs}

    def command(self, line: str, wanted: int) -> list[str]:
        """Send a command; returns the lines of the answer."""
        self.stream.begin()
        self.stream.send(f"{line}\r\n".encode())
        return self.expect(wanted)

    def auth(self, mechanism: str, token: bytes) -> tuple[int, bytes]:
        """Send a token; returns the code of the answer, and its token."""
        line = base64.b64encode(token).decode()
        if mechanism:
            whole = f"AUTH {mechanism} {line or '='}"
            if len(whole) > _LONGEST_COMMAND:
                self.command(f"AUTH {mechanism}", _GO_ON)
            else:
                line = whole
        self.stream.begin()
        self.stream.send(f"{line}\r\n".encode())
        code, lines = self._answer()
        if code not in (_GO_ON, _AUTHENTICATED):
            raise Refused(f"The server refused the logon: {code} {' '.join(lines)}.")
        try:
            return code, base64.b64decode(lines[0], validate=True) if code == _GO_ON else b""
        except binascii.Error:
            raise Failure("The server's token is not Base64.") from None

    def expect(self, wanted: int) -> list[str]:
        """Read an answer that has a certain code."""
        code, lines = self._answer()
        if code != wanted:
            raise Failure(f"The server answered {code} {' '.join(lines)}, and not {wanted}.")
        return lines

    def _answer(self) -> tuple[int, list[str]]:
        lines = []
        for _ in range(_LINES):
            line = self.stream.line().decode(errors="replace")
            if not line[:3].isdecimal() or line[3:4] not in ("", " ", "-"):
                break
            lines.append(line[4:].strip())
            if line[3:4] != "-":
                return int(line[:3]), lines
        raise Failure(
            f"{self.stream.name} does not answer as SMTP does. Check the port, and whether it "
            "is smtps."
        )
