# SPDX-License-Identifier: MIT
"""The handshake of one request with one server or proxy, without the HTTP (RFC 4559).

An adapter tells what was answered, and sends what is returned.

 1. An exchange has one security context at a time, and no other request sees it.
 2. FRESH: no token of this exchange is on its way. ASKED: one is. OVER: nothing more is sent.
    Only `answer` with a refusal (401, 407) leads to another token; everything else is the end.
 3. A handshake begins anew only where the former one was not refused for what it said: it went
    without being asked for, its legs did not reach the same connection, or the first one was
    taken for the next of a handshake that somebody left behind. So a wrong password is sent
    once.
 4. NTLM authenticates a connection. From the first token that holds a message of it `bound` is
    true: this token and those that follow are for one connection alone, which is its user's
    from the token on that is `last`.
"""

from __future__ import annotations

import dataclasses
import enum
import logging
import time
from collections.abc import Sequence
from typing import Any, Callable

from ..context import SecurityContext, client
from ..error import LogonDenied, SspiError, Unsupported
from ..flags import ClientFlags
from ..status import Status
from ._challenge import Challenge, parse_challenges
from ._client import DISABLED, REQUIRED, Client
from ._wait import Wait

_NTLM = b"NTLMSSP\0"
_NTLM_AUTHENTICATE = b"NTLMSSP\0\3\0\0\0"

# Legs that did not reach one connection, so many times: others have it each time.
_ATTEMPTS = 10
# Nothing has more than three; a server that goes on for ever is cut short.
_LEGS = 10

_log = logging.getLogger("sspi_async.http")


class MutualAuthenticationError(SspiError):
    """The server has not proved its identity, or what it sent as a proof is none."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back from a server or proxy, without its body.

    Attributes:
        status: The status code.
        fields: Returns the values of a field, of each that has that name.
        tls: The TLS connection that it came through, as the ssl module has it.
        connection: What tells one connection from another; None: not known.
        http2: Whether the connection is one of HTTP/2, and others share it.
        littered: Whether somebody may have left half a handshake behind on this connection.
    """

    status: int
    fields: Callable[[str], Sequence[str]]
    tls: Any = None
    connection: object = None
    http2: bool = False
    littered: bool = False


class _State(enum.Enum):
    FRESH = enum.auto()
    ASKED = enum.auto()
    OVER = enum.auto()


class Exchange:
    """One request, and what it takes to get its answer.

    Attributes:
        refusal: The status that asks for authentication: 401, of a proxy 407.
        asks: The field that asks.
        field: The field for the answer to it.
        bound: Whether the token that is to be sent belongs to one connection.
        last: Whether the connection that it is sent through is the user's from then on.
        proven: Whether the server has proved its identity.
        parted: Whether legs went through different connections.
        anew: Whether the token that is to be sent begins another handshake.
    """

    def __init__(
        self,
        settings: Client,
        host: str,
        wait: Wait,
        *,
        proxy: bool = False,
        timeout: float | None = None,
    ) -> None:
        self.refusal = 407 if proxy else 401
        self.asks = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
        self.field = "Proxy-Authorization" if proxy else "Authorization"
        self.bound = False
        self.last = False
        self.proven = False
        self.parted = False
        self.anew = False
        self._settings = settings
        self._host = host
        self._proxy = proxy
        self._wait = wait
        self._timeout = settings.timeout if settings.timeout is not None else timeout
        self._state = _State.FRESH
        self._scheme = ""
        self._context: SecurityContext | None = None
        self._connection: object = None
        self._unasked = False
        self._attempts = 0
        self._legs = 0

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """End it; the context is deleted. More than once does no harm."""
        self._state = _State.OVER
        context, self._context = getattr(self, "_context", None), None
        if context is not None:
            context.delete_nowait()

    async def begin(self) -> str | None:
        """Make the token to send before anybody has asked, if that is wanted.

        Returns:
            The value of `field` for the request; None: it goes without.
        """
        if self._settings.opportunistic_auth and not self._proxy:
            self._unasked = True
            return await self._first_leg(self._settings.first_choice(), None)
        return None

    async def answer(self, answer: Answer) -> str | None:
        """Take what came back.

        Args:
            answer: It.

        Returns:
            The value of `field`, to send the request with again; None: this was the last one.

        Raises:
            MutualAuthenticationError: If the policy wants a proof and there is none.
            SspiError: If a leg failed: there is no ticket, the KDC does not answer.
        """
        if self._state is _State.OVER:
            return None
        challenges = parse_challenges(answer.fields(self.asks))
        if answer.status != self.refusal:
            try:
                await self._end(answer.status, self._token_for_us(challenges))
            finally:
                self.close()
            return None
        header = await self._go_on(answer, challenges)
        if header is None:
            self.close()
        elif self.bound and answer.http2:
            raise Unsupported(
                Status.SEC_E_UNSUPPORTED_FUNCTION,
                "NTLM authenticates a connection, which HTTP/2 shares among requests: "
                "turn HTTP/2 off for this server, or use Kerberos",
            )
        return header

    async def _go_on(self, answer: Answer, challenges: list[Challenge]) -> str | None:
        context = self._context
        self.anew = False
        if context is not None:
            token = self._token_for_us(challenges)
            if token and not context.complete:
                self._connection = answer.connection
                return await self._next_leg(context, token)
            if not self._may_begin_anew(answer):
                return None
            self.anew = True
        way = self._settings.choose(challenges)
        if way is None:
            return None
        return await self._first_leg(way, answer.tls)

    def _may_begin_anew(self, answer: Answer) -> bool:
        if self._unasked:
            self._unasked = False
            return True
        elsewhere = (
            self._connection is not None
            and answer.connection is not None
            and self._connection is not answer.connection
        )
        self.parted = self.parted or elsewhere
        mistaken = answer.littered and self.bound and not self.last
        return (elsewhere or mistaken) and self._attempts < _ATTEMPTS

    def _token_for_us(self, challenges: list[Challenge]) -> bytes:
        for one in challenges:
            if one.is_of(self._scheme) and one.token:
                try:
                    return one.bytes()
                except ValueError as error:
                    _log.warning("%s sent a token that cannot be read: %s", self._host, error)
        return b""

    async def _first_leg(self, way: tuple[str, str], tls: Any) -> str:
        self._attempts += 1
        self._legs = 0
        self._connection = None
        self.bound = self.last = False
        self._scheme, package = way
        former, self._context = self._context, None
        if former is not None:
            former.delete_nowait()
        deadline = self._deadline()
        settings = self._settings
        credential = await settings.credential(package, self._wait, deadline)
        self._context = client(
            settings.target(self._host, self._proxy),
            credential=credential,
            flags=settings.flags(),
            channel_bindings=None if self._proxy else settings.bindings(self._host, tls),
        )
        return self._header(await self._wait(self._context.step(deadline=deadline)))

    async def _next_leg(self, context: SecurityContext, token: bytes) -> str | None:
        self._unasked = False
        self._legs += 1
        if self._legs > _LEGS:
            raise SspiError(Status.SEC_E_INTERNAL_ERROR, f"{self._host}: the legs do not end")
        try:
            made = await self._wait(context.step(token, deadline=self._deadline()))
        except LogonDenied as error:  # the server's word, and its answer says so too
            _log.info("%s has refused: %s", self._host, error)
            return None
        return self._header(made) if made else None

    def _header(self, token: bytes) -> str:
        self._state = _State.ASKED
        self.bound = self.bound or _NTLM in token
        self.last = _NTLM_AUTHENTICATE in token
        return str(Challenge.of_bytes(self._scheme, token))

    def _deadline(self) -> float | None:
        return None if self._timeout is None else time.monotonic() + self._timeout

    async def _end(self, status: int, token: bytes) -> None:
        """Look at the proof that may come with the last answer."""
        policy = self._settings.mutual_authentication
        if policy == DISABLED:
            return
        context = self._context
        if context is not None and token and not context.complete:
            try:
                await self._wait(context.step(token, deadline=self._deadline()))
            except SspiError as error:
                raise _unproven(
                    f"the proof of identity from {self._host} is not valid: {error}"
                ) from error
        self.proven = (
            context is not None
            and context.complete
            and bool(context.flags & ClientFlags.MUTUAL_AUTH)
        )
        if self.proven or policy != REQUIRED or self._proxy or status >= 400:
            return
        if context is None:
            raise _unproven(f"{self._host} has not asked who we are, and not proved who it is")
        kind = "NTLM cannot prove" if self.bound else "has not proved"
        raise _unproven(f"{self._host} {kind} who the server is")


def _unproven(message: str) -> MutualAuthenticationError:
    return MutualAuthenticationError(Status.SEC_E_MUTUAL_AUTH_FAILED, message)
