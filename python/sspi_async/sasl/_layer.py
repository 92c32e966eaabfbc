# SPDX-License-Identifier: MIT
"""Security layers (RFC 4752): what is sent once both sides know each other."""

from __future__ import annotations

import enum

from ..context import SecurityContext
from ..error import InvalidToken, NotEncrypted
from ..status import Status

# The sizes that the two sides tell each other have three bytes.
LONGEST = 0xFFFFFF
_LENGTH = 4


class SecurityLayer(enum.IntFlag):
    """How messages are protected; where several may be said, one of them or another."""

    NONE = 1
    INTEGRITY = 2
    CONFIDENTIALITY = 4

    ANY = NONE | INTEGRITY | CONFIDENTIALITY


def strongest(layers: SecurityLayer, ours: SecurityLayer) -> SecurityLayer:
    """Choose the best that both sides want.

    Args:
        layers: What the peer wants.
        ours: What we want.

    Returns:
        One of them.

    Raises:
        NotEncrypted: If there is none.
    """
    for layer in (SecurityLayer.CONFIDENTIALITY, SecurityLayer.INTEGRITY, SecurityLayer.NONE):
        if layers & ours & layer:
            return layer
    raise NotEncrypted(
        Status.SEC_E_QOP_NOT_SUPPORTED,
        f"SASL: the peer has {_names(layers)}, and {_names(ours)} is wanted",
    )


def _names(layers: SecurityLayer) -> str:
    parts = (SecurityLayer.NONE, SecurityLayer.INTEGRITY, SecurityLayer.CONFIDENTIALITY)
    return " or ".join(str(part.name) for part in parts if layers & part) or "no layer"


class Layer:
    """A layer at work: buffers, each with its length before it, in both directions."""

    def __init__(
        self, context: SecurityContext, kind: SecurityLayer, send: int, receive: int
    ) -> None:
        """Begin.

        Args:
            context: The context, complete.
            kind: One layer.
            send: The longest buffer that the peer takes.
            receive: The longest that we take.
        """
        self.kind = kind
        self._context = context
        self._receive = receive
        self._received = bytearray()
        self._sign_only = kind is SecurityLayer.INTEGRITY
        self._piece = 0
        if kind is not SecurityLayer.NONE:
            self._piece = context.message_limit(send, sign_only=self._sign_only)
            if self._piece <= 0:
                raise InvalidToken(
                    Status.SEC_E_INVALID_TOKEN, f"SASL: the peer takes {send} bytes at most"
                )

    def wrap(self, data: bytes) -> bytes:
        """Protect what is to be sent."""
        if self.kind is SecurityLayer.NONE:
            return data
        wrapped = bytearray()
        for start in range(0, len(data), self._piece):
            piece = data[start : start + self._piece]
            sealed = self._context.encrypt(piece, sign_only=self._sign_only)
            wrapped += len(sealed).to_bytes(_LENGTH, "big") + sealed
        return bytes(wrapped)

    def unwrap(self, data: bytes) -> bytes:
        """Open what has come, in pieces of any size; what is not whole is kept."""
        if self.kind is SecurityLayer.NONE:
            return data
        self._received += data
        plain = bytearray()
        while len(self._received) >= _LENGTH:
            length = int.from_bytes(self._received[:_LENGTH], "big")
            if length > self._receive:
                raise InvalidToken(
                    Status.SEC_E_INVALID_TOKEN,
                    f"SASL: a buffer of {length} bytes, more than the {self._receive} that "
                    "were agreed on",
                )
            end = _LENGTH + length
            if len(self._received) < end:
                break
            plain += self._context.decrypt(
                bytes(self._received[_LENGTH:end]), accept_signed=self._sign_only
            )
            del self._received[:end]
        return bytes(plain)
