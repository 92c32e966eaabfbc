# SPDX-License-Identifier: MIT
"""The server's side of HTTP authentication without I/O: header fields in, decisions out.

An adapter asks `Gate.begin` about each request. A `Step` is a leg that it makes itself, in the
way of its server; it tells the outcome by `stepped`, `failed` or `abandoned`. In the end there
is an `Answer` to send, or the request may `Pass`, and `end` is called when it is over.

Invariants:

1. What a connection has (a handshake half-way, the user of NTLM) serves that connection alone.
   Where the connection is not known there is neither.
2. A handshake is in `_half_way` between two requests, and counted in `_running` during a leg;
   together they are never more than the limit.
3. Whoever sends a token is nobody until it has proven who it is: the connection's user is
   forgotten before the first leg.
4. A context is deleted when its handshake ends, or with the request that it let pass; what a
   connection keeps is a name.
"""

from __future__ import annotations

import collections
import dataclasses
import logging
import threading
import time
import weakref
from collections.abc import Hashable, Sequence
from typing import Callable, Union

from ..context import SecurityContext
from ..credential import Credential
from ..error import (
    DeadlineExceeded,
    NoAuthority,
    NoCredentials,
    OutOfMemory,
    ShuttingDown,
    SspiError,
)
from ._challenge import Challenge, parse_credentials

_logger = logging.getLogger("sspi_async.http")

_CHALLENGE = "WWW-Authenticate"
_SPNEGO_OR_KERBEROS = b"\x60"
_NTLM_NEGOTIATE = b"NTLMSSP\0\1\0\0\0"
_LATER = ("Retry-After", "1")
_PASSING = (NoAuthority, DeadlineExceeded, OutOfMemory, ShuttingDown)

Fields = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class User:
    r"""Who sent a request.

    It has what Starlette expects of a user, too.

    Attributes:
        name: "alice@EXAMPLE.ORG" or "DOMAIN\\alice".
        mechanism: How that was proven: "Kerberos" or "NTLM".
        context: The security context, until the request ends. None on the later requests of a
            connection that NTLM has authenticated.
    """

    name: str
    mechanism: str
    context: SecurityContext | None = dataclasses.field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return self.name

    @property
    def delegated(self) -> Credential | None:
        """What the client delegated: a credential to talk to others as it, or None.

        It is freed when the request ends.
        """
        return self.context.delegated if self.context is not None else None

    @property
    def is_authenticated(self) -> bool:
        """True."""
        return True

    @property
    def display_name(self) -> str:
        """The name."""
        return self.name

    @property
    def identity(self) -> str:
        """The name."""
        return self.name


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much a client may take.

    Attributes:
        max_token: The longest token, in bytes.
        max_handshakes: How many handshakes may be under way.
        handshake_timeout: Seconds after which a client has lost a handshake that it began.
    """

    max_token: int
    max_handshakes: int
    handshake_timeout: float


@dataclasses.dataclass(frozen=True)
class Connection:
    """Where a request came from.

    Attributes:
        key: What tells it from every other one.
        lasting: Whether the key is an object that lives and dies with the connection of one
            client: only then may a user be remembered by it.
    """

    key: Hashable
    lasting: bool


@dataclasses.dataclass(frozen=True)
class Answer:
    """What to answer instead of the application."""

    status: int
    fields: Fields
    body: bytes


@dataclasses.dataclass(frozen=True)
class Pass:
    """The application may have the request; its answer gets these fields in addition."""

    user: User | None
    fields: Fields = ()


@dataclasses.dataclass
class Handshake:
    """A handshake that has begun.

    Attributes:
        scheme: As we write it.
        context: Its context.
        until: Half-way, when the client has lost it.
    """

    scheme: str
    context: SecurityContext
    until: float = 0.0


@dataclasses.dataclass(frozen=True)
class Step:
    """A leg to be made: `context.step(token)`."""

    handshake: Handshake
    token: bytes
    connection: Connection | None

    @property
    def context(self) -> SecurityContext:
        """The context of the leg."""
        return self.handshake.context


Decision = Union[Step, Pass, Answer]


class Gate:
    """Lets requests pass, or not. All its functions are thread-safe, and none waits."""

    def __init__(
        self,
        *,
        schemes: Sequence[str],
        required: bool,
        persistent: bool,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._schemes = {scheme.lower(): scheme for scheme in schemes}
        self._required = required
        self._persistent = persistent
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._half_way: collections.OrderedDict[Hashable, Handshake] = collections.OrderedDict()
        self._running = 0
        self._users: weakref.WeakKeyDictionary[Hashable, User] = weakref.WeakKeyDictionary()

    @property
    def under_way(self) -> int:
        """How many handshakes are under way."""
        return self._running + len(self._half_way)

    def begin(
        self,
        authorization: Sequence[str],
        connection: Connection | None,
        make: Callable[[], SecurityContext],
    ) -> Decision:
        """Decide on a request.

        Args:
            authorization: The value of each of its fields Authorization.
            connection: Where it came from; None: not known, or shared with others (HTTP/2).
            make: Makes the context of a new handshake; a ValueError refuses the request.

        Returns:
            What to do.
        """
        try:
            given = self._read(authorization)
        except ValueError as error:
            return _plain(400, f"Authorization: {error}")
        if given is None:
            user = None
            if connection is not None and connection.lasting:
                user = self._users.get(connection.key)
            return Pass(user) if user is not None or not self._required else self._challenge()
        if given.token is not None and len(given.token) > self._limits.max_token * 4 // 3 + 4:
            return _plain(431, "the token is too long")
        try:
            token = given.bytes()
        except ValueError as error:
            return _plain(400, f"Authorization: {error}")
        if not token:
            return self._challenge()
        with self._lock:
            handshake = self._take_up(given.scheme, token, connection)
            if handshake is None:
                if not self._make_room():
                    return _plain(503, "too many clients are logging on", _LATER)
                try:
                    handshake = Handshake(self._schemes[given.scheme.lower()], make())
                except ValueError as error:
                    _logger.warning("refused a request: %s", error)
                    return _plain(403, "the request lacks the fields that its proxy must add")
            self._running += 1
        return Step(handshake, token, connection)

    def stepped(self, step: Step, reply: bytes) -> Pass | Answer:
        """Decide after a leg.

        Args:
            step: The leg.
            reply: What it has for the client.

        Returns:
            What to do.
        """
        handshake, connection = step.handshake, step.connection
        if not handshake.context.complete:
            if connection is None:
                self._end(handshake)
                return self._challenge(
                    "NTLM authenticates a connection, which this request shares with others: "
                    "use HTTP/1.1, or Kerberos"
                )
            self._leave(handshake, connection)
            field = str(Challenge.of_bytes(handshake.scheme, reply))
            return _plain(401, "the handshake goes on", (_CHALLENGE, field))
        try:
            attributes = handshake.context.attributes
            user = User(attributes.user_name, attributes.package_name, handshake.context)
        except SspiError as error:
            return self.failed(step, error)
        with self._lock:
            self._running -= 1
            if (
                self._persistent
                and user.mechanism == "NTLM"
                and connection is not None
                and connection.lasting
            ):
                self._users[connection.key] = dataclasses.replace(user, context=None)
        if not reply:
            return Pass(user)
        return Pass(user, ((_CHALLENGE, str(Challenge.of_bytes(handshake.scheme, reply))),))

    def failed(self, step: Step, error: SspiError) -> Answer:
        """Decide after a leg that failed.

        Args:
            step: The leg.
            error: Why.

        Returns:
            What to do.
        """
        self._end(step.handshake)
        if isinstance(error, (NoCredentials, *_PASSING)):
            return self.unable(error)
        _logger.info("refused a client: %s", error)
        scheme = step.handshake.scheme
        return self._challenge("the logon was not accepted", {scheme: error.token or b""})

    def unable(self, error: SspiError) -> Answer:
        """Decide on a request that cannot be authenticated for a reason of ours.

        Args:
            error: Why.

        Returns:
            What to do.
        """
        _logger.warning("cannot authenticate a client: %s", error)
        if isinstance(error, _PASSING):
            return _plain(503, "the server cannot authenticate anyone now", _LATER)
        return _plain(500, "the server cannot authenticate anyone")

    def abandoned(self, step: Step) -> None:
        """End a handshake whose leg was cancelled.

        Args:
            step: The leg.
        """
        self._end(step.handshake)

    def end(self, passed: Pass) -> None:
        """Delete what a request had that was let pass.

        Args:
            passed: The decision on it.
        """
        context = passed.user.context if passed.user is not None else None
        if context is None:
            return
        if context._delegated is not None and not context._delegated._freed:
            context._delegated.free_nowait()
        context.delete_nowait()

    def close(self) -> None:
        """Delete what is left: handshakes half-way, users of connections."""
        with self._lock:
            while self._half_way:
                self._drop_oldest()
            self._users.clear()

    def _read(self, authorization: Sequence[str]) -> Challenge | None:
        """The client's answer to our challenge; None: it has not given one."""
        ours = [
            field
            for field in authorization
            if field.strip().partition(" ")[0].lower() in self._schemes
        ]
        if not ours:
            return None
        if len(authorization) != 1:
            raise ValueError("the field is there more than once")
        return parse_credentials(ours[0])

    def _take_up(
        self, scheme: str, token: bytes, connection: Connection | None
    ) -> Handshake | None:
        """The handshake that a token belongs to, out of `_half_way`; None: it begins one."""
        if connection is None:
            return None
        if connection.lasting:
            self._users.pop(connection.key, None)
        handshake = self._half_way.pop(connection.key, None)
        if handshake is None:
            return None
        begins = token.startswith((_SPNEGO_OR_KERBEROS, _NTLM_NEGOTIATE))
        late = handshake.until <= self._clock()
        if begins or late or handshake.scheme.lower() != scheme.lower():
            handshake.context.delete_nowait()
            return None
        return handshake

    def _make_room(self) -> bool:
        """Have one handshake less than the limit: the oldest of those half-way makes room."""
        while self._half_way:
            oldest = next(iter(self._half_way.values()))
            full = self.under_way >= self._limits.max_handshakes
            if not full and oldest.until > self._clock():
                break
            self._drop_oldest()
        return self.under_way < self._limits.max_handshakes

    def _leave(self, handshake: Handshake, connection: Connection) -> None:
        """Put it where the next request of the connection finds it."""
        with self._lock:
            self._running -= 1
            handshake.until = self._clock() + self._limits.handshake_timeout
            former = self._half_way.pop(connection.key, None)
            self._half_way[connection.key] = handshake
            if former is not None:
                former.context.delete_nowait()

    def _end(self, handshake: Handshake) -> None:
        with self._lock:
            self._running -= 1
        handshake.context.delete_nowait()

    def _drop_oldest(self) -> None:
        self._half_way.popitem(last=False)[1].context.delete_nowait()

    def _challenge(
        self, why: str = "authentication is required", tokens: dict[str, bytes] | None = None
    ) -> Answer:
        fields = (
            (_CHALLENGE, str(Challenge.of_bytes(scheme, (tokens or {}).get(scheme, b""))))
            for scheme in self._schemes.values()
        )
        return _plain(401, why, *fields)


def _plain(status: int, text: str, *fields: tuple[str, str]) -> Answer:
    body = f"{text}\n".encode()
    return Answer(
        status,
        (*fields, ("Content-Type", "text/plain"), ("Content-Length", str(len(body)))),
        body,
    )
