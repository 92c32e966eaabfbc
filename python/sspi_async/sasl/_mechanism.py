# SPDX-License-Identifier: MIT
"""What the two sides of a mechanism share."""

from __future__ import annotations

import enum
from types import TracebackType
from typing import TYPE_CHECKING

from ..argument import need_type
from ..call import Call
from ..context import SecurityContext
from ..error import InvalidParameter, InvalidToken
from ..message import Bytes
from ..status import Status
from ._layer import LONGEST, Layer, SecurityLayer, strongest

if TYPE_CHECKING:
    from typing_extensions import Self

PACKAGES = {"GSSAPI": "Kerberos", "GSS-SPNEGO": "Negotiate"}
# We send no longer buffers than this, whatever the peer takes.
_SEND = 65536


class State(enum.Enum):
    """How far an exchange has come; it never goes back."""

    HANDSHAKE = enum.auto()  # tokens of the context
    OFFER = enum.auto()  # the server's is to be made, or to come
    CHOICE = enum.auto()  # the client's
    COMPLETE = enum.auto()


class Mechanism:
    """One authentication, and the layer that it leaves behind.

    A context manager of both kinds; leaving it deletes the security context.

    Attributes:
        name: "GSSAPI" or "GSS-SPNEGO".
        context: The security context.
        layer: The layer that was agreed on; None as long as `complete` is false.
    """

    context: SecurityContext

    def __init__(self, name: str, layers: SecurityLayer, max_buffer: int) -> None:
        if name not in PACKAGES:
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER,
                f"mechanism must be 'GSSAPI' or 'GSS-SPNEGO', not {name!r}",
            )
        need_type("layers", layers, int, "SecurityLayer")
        if not layers & SecurityLayer.ANY or not 0 < max_buffer <= LONGEST:
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER,
                "layers must hold one, and max_buffer be 1 to 16777215",
            )
        self.name = name
        self.layer: SecurityLayer | None = None
        self._layers = SecurityLayer(layers)
        self._max_buffer = max_buffer
        self._state = State.HANDSHAKE
        self._protection: Layer | None = None

    @property
    def complete(self) -> bool:
        """Whether both sides know each other, and `wrap` and `unwrap` may be used."""
        return self._state is State.COMPLETE

    async def step(self, received: Bytes = b"") -> bytes:
        """Make the next message of the exchange.

        Args:
            received: What the peer sent; empty on a client's first step.

        Returns:
            What the peer is to get; it may be empty.

        Raises:
            NotEncrypted: If the two sides want no layer in common.
            InvalidToken: If the peer does not speak this mechanism.
            SspiError: As from `SecurityContext.step`.
        """
        if self._state is not State.HANDSHAKE:
            return self._go_on(bytes(received))
        return self._made(await self._leg(received))

    def step_sync(self, received: Bytes = b"") -> bytes:
        """Do the same, waiting on this thread.

        Args:
            received: What the peer sent; empty on a client's first step.

        Returns:
            What the peer is to get; it may be empty.

        Raises:
            SspiError: As from `step`.
        """
        if self._state is not State.HANDSHAKE:
            return self._go_on(bytes(received))
        return self._made(self._leg(received).result())

    def wrap(self, data: Bytes) -> bytes:
        """Protect data that is to be sent, as the layer does it.

        Args:
            data: The data, of any length.

        Returns:
            What goes to the peer.

        Raises:
            InvalidParameter: If the exchange is not complete.
            SspiError: As from `SecurityContext.encrypt`.
        """
        return self._at_work().wrap(bytes(data))

    def unwrap(self, data: Bytes) -> bytes:
        """Open data that has come, in pieces of any size; what is not whole is kept.

        Args:
            data: What the connection has brought.

        Returns:
            What the peer sent, as far as it is there.

        Raises:
            InvalidParameter: If the exchange is not complete.
            InvalidToken: If a buffer is longer than was agreed on.
            SspiError: As from `SecurityContext.decrypt`.
        """
        return self._at_work().unwrap(bytes(data))

    def delete_nowait(self) -> None:
        """Delete the security context."""
        self.context.delete_nowait()

    def _leg(self, received: Bytes) -> Call[bytes]:
        return self.context.step(received)

    def _made(self, token: bytes) -> bytes:
        """Go on from a leg that was made."""
        raise NotImplementedError

    def _go_on(self, received: bytes) -> bytes:
        """Make what comes behind the handshake."""
        raise NotImplementedError

    def _end(self, layer: SecurityLayer, send: int) -> None:
        """Put the layer to work."""
        self._protection = Layer(self.context, layer, min(send, _SEND), self._max_buffer)
        self.layer = layer
        self._state = State.COMPLETE

    def _end_by_flags(self, integrity: bool, confidentiality: bool) -> None:
        """Put to work what the flags of the context say (GSS-SPNEGO)."""
        agreed = SecurityLayer.INTEGRITY if integrity else SecurityLayer.NONE
        if confidentiality:
            agreed |= SecurityLayer.CONFIDENTIALITY
        self._end(strongest(agreed, self._layers), LONGEST)

    def _at_work(self) -> Layer:
        if self._protection is None:
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER, "SASL: the exchange is not complete"
            )
        return self._protection

    def _pack(self, layers: SecurityLayer, rest: bytes = b"") -> bytes:
        """Seal layers and size; the size is 0 if there is nothing to protect."""
        size = 0 if layers == SecurityLayer.NONE else self._max_buffer
        plain = bytes([layers]) + size.to_bytes(3, "big") + rest
        return self.context.encrypt(plain, sign_only=True)

    def _unpack(self, sealed: bytes) -> tuple[SecurityLayer, int, bytes]:
        plain = self.context.decrypt(sealed, accept_signed=True)
        if len(plain) < 4:
            raise InvalidToken(
                Status.SEC_E_INVALID_TOKEN, "SASL: the message about layers is too short"
            )
        layers = SecurityLayer(plain[0] & SecurityLayer.ANY)
        return layers, int.from_bytes(plain[1:4], "big"), plain[4:]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.context.__exit__(kind, error, traceback)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.context.__aexit__(kind, error, traceback)


def over() -> InvalidParameter:
    """Make the error of a step behind the last one."""
    return InvalidParameter(Status.SEC_E_INVALID_PARAMETER, "SASL: the exchange is complete")
