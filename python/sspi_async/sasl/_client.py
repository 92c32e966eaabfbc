# SPDX-License-Identifier: MIT
"""The client's side of GSSAPI and GSS-SPNEGO."""

from __future__ import annotations

from ..context import client
from ..credential import Credential, Identity
from ..error import InvalidParameter, InvalidToken
from ..flags import ClientFlags
from ..status import Status
from ._layer import LONGEST, SecurityLayer, strongest
from ._mechanism import PACKAGES, Mechanism, State, over


class SaslClient(Mechanism):
    """The client's side of one authentication::

        async with SaslClient("ldap@ldap.example.org") as sasl:
            answer = await send_bind(sasl.name, await sasl.step())
            while not sasl.complete or answer.goes_on:
                answer = await send_bind(sasl.name, await sasl.step(answer.token))

    Some servers send their last token with the word of success: that is for `step`, too, if
    `complete` is false.
    """  # noqa: D415

    def __init__(
        self,
        target: str,
        mechanism: str = "GSSAPI",
        *,
        layers: SecurityLayer = SecurityLayer.ANY,
        credential: Credential | None = None,
        identity: Identity | None = None,
        channel_bindings: bytes | None = None,
        authorization_id: str = "",
        max_buffer: int = LONGEST,
        timeout: float | None = None,
    ) -> None:
        """Make it. Nothing is sent.

        Args:
            target: Whom to talk to: "ldap@ldap.example.org".
            mechanism: "GSSAPI" (Kerberos) or "GSS-SPNEGO" (Negotiate).
            layers: Which are wanted; the strongest that the server has, too, is taken. Over
                TLS that is NONE.
            credential: Whose credential to use; None: the first step acquires one.
            identity: Where that one comes from; None: the process's own.
            channel_bindings: What both sides see of the TLS connection.
            authorization_id: As whom to act ("dn:uid=bob,..." in LDAP), if not as oneself.
                GSSAPI alone can tell the server.
            max_buffer: The longest buffer that we take, with GSSAPI.
            timeout: Seconds that each step may take.

        Raises:
            InvalidParameter: If the target, mechanism or another argument cannot be meant.
        """
        super().__init__(mechanism, layers, max_buffer)
        if authorization_id and mechanism != "GSSAPI":
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER,
                "GSS-SPNEGO carries no authorization_id; GSSAPI does",
            )
        flags = ClientFlags.MUTUAL_AUTH
        if mechanism == "GSSAPI" or layers != SecurityLayer.NONE:
            flags |= ClientFlags.INTEGRITY | ClientFlags.SEQUENCE_DETECT
            flags |= ClientFlags.REPLAY_DETECT
        else:  # in GSS-SPNEGO the flags are all that speaks of layers
            flags |= ClientFlags.NO_INTEGRITY
        if layers & SecurityLayer.CONFIDENTIALITY:
            flags |= ClientFlags.CONFIDENTIALITY
        self._authorization_id = authorization_id.encode()
        self.context = client(
            target,
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
            return token
        flags = self.context.flags
        self._end_by_flags(
            bool(flags & ClientFlags.INTEGRITY), bool(flags & ClientFlags.CONFIDENTIALITY)
        )
        return token

    def _go_on(self, received: bytes) -> bytes:
        if self._state is not State.OFFER:
            raise over()
        offered, send, rest = self._unpack(received)
        # Without a layer the size should be 0, but dovecot says another one.
        if rest:
            raise InvalidToken(
                Status.SEC_E_INVALID_TOKEN, "SASL: the server's offer of layers is malformed"
            )
        chosen = strongest(offered, self._layers)
        response = self._pack(chosen, self._authorization_id)
        self._end(chosen, send)
        return response
