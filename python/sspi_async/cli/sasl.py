# SPDX-License-Identifier: MIT
"""SASL: which mechanism to log on by, and what GSSAPI adds to a handshake (RFC 4752)."""

from __future__ import annotations

from collections.abc import Sequence

from ..context import SecurityContext

NO_LAYER = 1
SIGNED = 2
SEALED = 4
_NAMES = {NO_LAYER: "none", SIGNED: "signed", SEALED: "sealed"}
_LONGEST = 0xFFFF

# The best first.
_PACKAGES = {"GSS-SPNEGO": "Negotiate", "GSSAPI": "Kerberos", "NTLM": "NTLM"}


def choose(offered: Sequence[str], package: str | None) -> tuple[str, str] | None:
    """Choose a mechanism.

    Args:
        offered: The names of those that the service offers.
        package: The package that was asked for; None: any.

    Returns:
        The mechanism and its package; None if there is no such.
    """
    upper = [name.upper() for name in offered]
    for mechanism, name in _PACKAGES.items():
        if mechanism in upper and (package is None or package.lower() == name.lower()):
            return mechanism, name
    return None


def layers(offer: int) -> str:
    """Name the layers of protection of an offer."""
    return ", ".join(name for bit, name in _NAMES.items() if offer & bit) or "none"


def answer(context: SecurityContext, offer: bytes, inside_tls: bool) -> tuple[bytes, int, int]:
    """Answer the offer of layers that follows a handshake of GSSAPI.

    Args:
        context: The context, which is complete.
        offer: The service's offer.
        inside_tls: Whether TLS protects the connection already.

    Returns:
        The answer, the layers that were offered, and the one that was chosen.

    Raises:
        SspiError: If the offer is not the service's.
    """
    plain = context.decrypt(offer, accept_signed=True)
    offered = plain[0] if len(plain) == 4 else NO_LAYER
    best = [SEALED, SIGNED, NO_LAYER] if not inside_tls else [NO_LAYER, SIGNED, SEALED]
    chosen = next((layer for layer in best if offered & layer), NO_LAYER)
    size = _LONGEST if chosen != NO_LAYER else 0
    message = bytes([chosen]) + size.to_bytes(3, "big")
    return context.encrypt(message, sign_only=True), offered, chosen


class Layer:
    """What protects the messages after a logon, each with its length in front."""

    def __init__(self, context: SecurityContext, chosen: int) -> None:
        self.context = context
        self.chosen = chosen

    def wrap(self, data: bytes) -> bytes:
        """Protect a message."""
        if self.chosen == NO_LAYER:
            return data
        sealed = self.context.encrypt(data, sign_only=self.chosen == SIGNED)
        return len(sealed).to_bytes(4, "big") + sealed

    def unwrap(self, data: bytes) -> bytes:
        """Open a message, which came without its length."""
        return self.context.decrypt(data, accept_signed=self.chosen == SIGNED)
