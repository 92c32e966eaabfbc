# SPDX-License-Identifier: MIT
"""The server's side of GSSAPI and GSS-SPNEGO."""

from __future__ import annotations

from ..context import server
from ..credential import Credential, Identity
from ..error import InvalidToken
from ..flags import ServerFlags
from ..status import Status
from ._layer import LONGEST, SecurityLayer, strongest
from ._mechanism import PACKAGES, Mechanism, State, over


class SaslServer(Mechanism):
    """The server's side of one authentication.

    Each response of the client goes into `step`, which makes the next challenge; when
    `complete` is true, what it made goes with the word of success, if there is anything.

    Attributes:
        user: Who the client is, when `complete` is true.
        authorization_id: As whom it wants to act; "" as itself. Whether it may is for the
            server to decide.
    """

    def __init__(
        self,
        mechanism: str = "GSSAPI",
        *,
        layers: SecurityLayer = SecurityLayer.ANY,
        credential: Credential | None = None,
        identity: Identity | None = None,
        channel_bindings: bytes | None = None,
        allow_missing_bindings: bool = False,
        max_buffer: int = LONGEST,
        timeout: float | None = None,
    ) -> None:
        """Make it. Nothing blocks.

        Args:
            mechanism: "GSSAPI" (Kerberos) or "GSS-SPNEGO" (Negotiate).
            layers: Which the client may choose.
            credential: The server's credential; None: the first step acquires one.
            identity: Where that one comes from; None: the process's own.
            channel_bindings: What both sides see of the TLS connection.
            allow_missing_bindings: Also accept clients that send none.
            max_buffer: The longest buffer that we take, with GSSAPI.
            timeout: Seconds that each step may take.

        Raises:
            InvalidParameter: If the mechanism or another argument cannot be meant.
        """
        super().__init__(mechanism, layers, max_buffer)
        self.user = ""
        self.authorization_id = ""
        flags = ServerFlags.DEFAULT
        if allow_missing_bindings:
            flags |= ServerFlags.ALLOW_MISSING_BINDINGS
        self.context = server(
            package=PACKAGES[mechanism],
            credential=credential,
            identity=identity,
            flags=flags,
            channel_bindings=channel_bindings,
            timeout=timeout,
        )

    def _made(self, token: bytes) -> bytes:
        if not self.context.complete:
            return token
        if self.name == "GSSAPI":
            self._state = State.OFFER
            return token or self._go_on(b"")
        self.user = self.context.attributes.user_name
        flags = self.context.flags
        self._end_by_flags(
            bool(flags & ServerFlags.INTEGRITY), bool(flags & ServerFlags.CONFIDENTIALITY)
        )
        return token

    def _go_on(self, received: bytes) -> bytes:
        if self._state is State.OFFER:
            if received:
                raise _malformed("a response where an empty one belongs")
            offer = self._pack(self._layers)
            self._state = State.CHOICE
            return offer
        if self._state is not State.CHOICE:
            raise over()
        chosen, send, rest = self._unpack(received)
        if chosen not in (1, 2, 4) or (chosen == SecurityLayer.NONE and send):
            raise _malformed("the client's choice of a layer")
        layer = strongest(chosen, self._layers)
        try:
            self.authorization_id = rest.decode()
        except UnicodeDecodeError:
            raise _malformed("an authorization identity that is not UTF-8") from None
        self.user = self.context.attributes.user_name
        self._end(layer, send)
        return b""


def _malformed(what: str) -> InvalidToken:
    return InvalidToken(Status.SEC_E_INVALID_TOKEN, f"SASL: {what} cannot be accepted")
