# SPDX-License-Identifier: MIT
"""A handshake with the service that is probed, leg by leg."""

from __future__ import annotations

import argparse
import dataclasses
import time
from typing import Callable

from ..context import SecurityContext, client
from ..error import DeadlineExceeded, SspiError
from ..flags import ClientFlags
from .options import identity_of
from .report import Failure, Table
from .wait import TimeRanOut

# Sends a token, and returns that of the answer; raises `Refused`.
Exchange = Callable[[bytes], bytes]

_NTLM = b"NTLMSSP\0"
_NTLM_MESSAGES = {1: "NTLM negotiate", 2: "NTLM challenge", 3: "NTLM authenticate"}
_SPNEGO_OID = bytes.fromhex("06062b0601050502")
_KERBEROS_OID = bytes.fromhex("06092a864886f712010202")
_KERBEROS_MESSAGES = {b"\x01\x00": "AP-REQ", b"\x02\x00": "AP-REP", b"\x03\x00": "KRB-ERROR"}


class Refused(Failure):
    """The service refused what it was sent."""


@dataclasses.dataclass
class Leg:
    """One leg: what we sent, and what came back.

    Attributes:
        kind: What was sent.
        sent: How many bytes.
        own: Milliseconds that our side took to make it.
        answer: What came back.
        received: How many bytes.
        peer: Milliseconds until it was there.
    """

    kind: str
    sent: int
    own: float
    answer: str = "-"
    received: int = 0
    peer: float = 0.0


@dataclasses.dataclass
class Handshake:
    """How a handshake went.

    Attributes:
        package: The package that was asked for.
        target: Whom it was with.
        legs: Its legs.
        chosen: The package that did it.
        sealed: Whether messages can be sealed, and signed.
        signed: Whether they can be signed.
        mutual: Whether the service has proved its identity.
        bindings: The kind of channel bindings that went along, or "".
        user: Who has logged on, as far as this side knows.
        failure: Why it failed; "": it did not.
        timed_out: Whether it failed because something did not come in time.
    """

    package: str
    target: str
    bindings: str = ""
    legs: list[Leg] = dataclasses.field(default_factory=list)
    chosen: str = ""
    user: str = ""
    sealed: bool = False
    signed: bool = False
    mutual: bool = False
    failure: str = ""
    timed_out: bool = False

    def shown(self) -> list[Table | str]:
        """Return it for people."""
        rows = [
            (
                str(number),
                f"{leg.kind}, {leg.sent} B",
                f"{leg.own:.1f} ms",
                f"{leg.answer}, {leg.received} B" if leg.received else leg.answer,
                f"{leg.peer:.1f} ms",
            )
            for number, leg in enumerate(self.legs, 1)
        ]
        title = f"The handshake: {self.package} with {self.target}"
        columns = ("leg", "we sent", "made in", "it answered", "after")
        shown: list[Table | str] = [Table(columns, rows, title)]
        if not self.failure:
            shown.append(Table((), self._facts()))
        return shown

    def _facts(self) -> list[tuple[str, str]]:
        can = "can be sealed and signed" if self.sealed else "can be signed, but not sealed"
        return [
            ("mechanism", self.chosen or "-"),
            ("logged on as", self.user or "-"),
            ("messages", can if self.signed or self.sealed else "are not protected"),
            (
                "the service",
                "has proved its identity" if self.mutual else "has not proved its identity",
            ),
            ("channel bindings", self.bindings or "none were sent"),
        ]

    def data(self) -> dict[str, object]:
        """Return it for programs."""
        return {**dataclasses.asdict(self), "failure": self.failure or None}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the handshake.

    Args:
        parser: Where to.
    """
    parser.add_argument(
        "--package",
        metavar="NAME",
        help="Negotiate, Kerberos or NTLM; without it, the best that the service offers",
    )
    parser.add_argument(
        "--target", metavar="SPN", help="the service's name, if it is not SERVICE@HOST"
    )
    parser.add_argument(
        "--no-bindings", action="store_true", help="send no channel bindings inside TLS"
    )
    parser.add_argument(
        "--no-logon", action="store_true", help="only ask what the service offers"
    )


def shake_hands(
    package: str,
    service: str,
    host: str,
    arguments: argparse.Namespace,
    exchange: Exchange,
    *,
    bindings: bytes | None = None,
    flags: ClientFlags = ClientFlags.DEFAULT,
) -> tuple[Handshake, SecurityContext | None]:
    """Make a handshake.

    Args:
        package: The package.
        service: The first half of the service's name.
        host: The second one.
        arguments: The options.
        exchange: What carries a token to the service, and brings the answer.
        bindings: The channel bindings of TLS.
        flags: What to ask for.

    Returns:
        How it went, and the context if it is complete, which the caller deletes.
    """
    target = arguments.target or f"{service}@{host}"
    sent = None if arguments.no_bindings else bindings
    made = Handshake(package, target, sent.partition(b":")[0].decode() if sent else "")
    context = client(
        target,
        package=package,
        identity=identity_of(arguments),
        channel_bindings=sent,
        flags=flags,
        timeout=arguments.timeout,
    )
    try:
        _run(made, context, exchange)
    except BaseException:
        context.delete_nowait()
        raise
    if made.failure:
        context.delete_nowait()
        return made, None
    return made, context


def _run(made: Handshake, context: SecurityContext, exchange: Exchange) -> None:
    received = b""
    while True:
        leg = Leg("nothing", 0, 0)
        try:
            begun = time.monotonic()
            try:
                token = context.step(received).result()
            finally:
                leg.own = (time.monotonic() - begun) * 1000
            if not token and context.complete:
                break
            made.legs.append(leg)
            leg.kind, leg.sent = kind_of(token), len(token)
            begun = time.monotonic()
            try:
                received = exchange(token)
            finally:
                leg.peer = (time.monotonic() - begun) * 1000
        except (SspiError, Failure) as error:
            _fail(made, leg, error)
            return
        leg.answer, leg.received = kind_of(received) if received else "done", len(received)
        if context.complete:
            break  # what came, if anything, belongs to what follows
        if not received:
            made.failure = "The service accepted the logon, but did not prove its identity."
            return
    _tell(made, context)


def _fail(made: Handshake, leg: Leg, error: SspiError | Failure) -> None:
    if leg not in made.legs:
        made.legs.append(leg)
    elif isinstance(error, Refused):
        leg.answer = "no"
    if isinstance(error, DeadlineExceeded):
        made.timed_out = True
        made.failure = (
            f"This side could not make its token in time: {error.message.rstrip('.')}. Run "
            "sspi-async doctor, which tells whether the KDC answers."
        )
    elif isinstance(error, TimeRanOut):
        made.timed_out = True
        made.failure = str(error)
    elif isinstance(error, SspiError):
        made.failure = f"{error.message.rstrip('.')}."
    else:
        made.failure = str(error)


def _tell(made: Handshake, context: SecurityContext) -> None:
    flags = context.flags
    made.sealed = bool(flags & ClientFlags.CONFIDENTIALITY)
    made.signed = bool(flags & ClientFlags.INTEGRITY)
    made.mutual = bool(flags & ClientFlags.MUTUAL_AUTH)
    try:
        made.chosen = context.attributes.package.name
        made.user = context.attributes.native_names.client
    except SspiError:
        if context.credential is not None:
            made.user = made.user or context.credential.name


def kind_of(token: bytes) -> str:
    """Tell what a token is, by its first bytes.

    Args:
        token: The token.

    Returns:
        What it is; "token" if they do not tell.
    """
    if token.startswith(_NTLM) and len(token) >= 12:
        return _NTLM_MESSAGES.get(int.from_bytes(token[8:12], "little"), "NTLM")
    if not token.startswith(b"\x60"):
        return "SPNEGO response" if token.startswith(b"\xa1") else "token"
    head = token[1:20]
    if _SPNEGO_OID in head:
        return "SPNEGO init"
    place = head.find(_KERBEROS_OID)
    if place < 0:
        return "token"
    kind = _KERBEROS_MESSAGES.get(head[place + 11 : place + 13], "token")
    return f"Kerberos {kind}"
