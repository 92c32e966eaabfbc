# SPDX-License-Identifier: MIT
"""Security contexts: both sides of a handshake; the messages that follow are in message.py."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Callable

from . import _native, trace
from .argument import need_bytes, need_seconds, need_text, need_type
from .call import Call
from .credential import Credential, Identity, TlsIdentity, check_identity, moment
from .error import InvalidParameter, SspiError, check, error_of
from .flags import ClientFlags, CredentialUse, ExportFlags, ServerFlags
from .message import Bytes, Messages
from .outcome import Outcome
from .place import place
from .queue import current_queue
from .status import Status

if TYPE_CHECKING:
    import datetime

    from .attribute import ContextAttributes

_NO_LIMIT = (None, None)


class SecurityContext(Messages):
    """One side of a security context; made by `client()`, `server()` or `import_()`.

    A context manager of both kinds: entering it acquires a credential if none was given (else
    the first `step` does), leaving it deletes the context (and frees that credential). One that
    is left to the garbage collector is deleted by it, with a `ResourceWarning`.

    Methods that return a `Call` can be awaited, waited for with `.result()`, polled, or given a
    callback; the call is under way when they return.

    Attributes:
        target: Whom a client talks to.
        acceptor: Whether this is the server's side.
        extra: What was left of the input of the last leg: it belongs to what comes next.
    """

    # What legs and deletes change is in C (bindings/python/context.c). Few bytes, for servers
    # keep many of these.
    __slots__ = (
        "__weakref__",
        "_bindings",
        "_credential",
        "_delegated",
        "_identity",
        "_limit",
        "_owns_credential",
        "_package",
        "_protocols",
        "_request",
        "acceptor",
        "target",
    )

    def __init__(
        self,
        *,
        acceptor: bool,
        package: str,
        target: str | None,
        flags: int,
        credential: Credential | None,
        identity: Identity | TlsIdentity | None,
        channel_bindings: bytes | None,
        application_protocols: Iterable[str | bytes],
        timeout: float | None = None,
        deadline: float | None = None,
    ) -> None:
        super().__init__()
        need_type("package", package, str, "str")
        need_type("flags", flags, int, "ClientFlags, ServerFlags or int")
        need_type("credential", credential, (Credential, type(None)), "Credential or None")
        need_type(
            "channel_bindings",
            channel_bindings,
            (bytes, bytearray, memoryview, type(None)),
            "bytes or None",
        )
        need_seconds("timeout", timeout)
        need_seconds("deadline", deadline)
        if credential is None:
            use = CredentialUse.INBOUND if acceptor else CredentialUse.OUTBOUND
            check_identity(package, use, identity)
        self._package = package
        self._request = int(flags)
        self._credential = credential
        self._delegated: Credential | None = None
        self._owns_credential = False
        self._identity = identity
        self._bindings = channel_bindings
        self._protocols = _pack_protocols(application_protocols)
        self._limit: tuple[float | None, float | None] = (
            _NO_LIMIT if timeout is None and deadline is None else (timeout, deadline)
        )
        self.target = need_text("target", target)
        self.acceptor = acceptor
        trace.look_for_spans()

    def __repr__(self) -> str:
        side = "server" if self.acceptor else f"client of {self.target}"
        state = "complete" if self._complete else "incomplete"
        return f"<sspi_async.SecurityContext {self._package} {side}, {state}>"

    # ---- The handshake ----------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether the handshake is over and messages may pass."""
        return self._complete

    @property
    def flags(self) -> ClientFlags | ServerFlags:
        """What was agreed on so far."""
        return ServerFlags(self._attributes) if self.acceptor else ClientFlags(self._attributes)

    @property
    def expiry(self) -> datetime.datetime | None:
        """Until when the context is good, in UTC; None: for ever, or not known."""
        return moment(self._expiry)

    @property
    def credential(self) -> Credential | None:
        """The credential in use."""
        return self._credential

    def step(
        self,
        token: Bytes = b"",
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        callback: Callable[[Call[bytes]], object] | None = None,
    ) -> Call[bytes]:
        """Make one leg of the handshake.

        The first one acquires a credential, if the context has none.

        Args:
            token: What the peer sent; empty on a client's first leg.
            timeout: Seconds after which the call ends, with `DeadlineExceeded`; infinity:
                never. None, here and for the deadline: what the context was made with, or else
                the default of the process.
            deadline: The same as a moment of `time.monotonic()`, which is `loop.time()` in
                asyncio; with both, the earlier one.
            callback: Called when the leg is done.

        Returns:
            A call that yields the bytes for the peer (none: nothing is to be sent). It may fail
            with `LogonDenied`, `NoAuthority`, `NoCredentials`, `InvalidToken`,
            `WrongPrincipal`, `TimeSkew`, `BadBindings`, `IncompleteMessage`, `DeadlineExceeded`
            and others; the error may have a `token` for the peer. After `DeadlineExceeded` and
            `Cancelled` the context can only be deleted.

        Raises:
            SspiError: If the leg could not be queued.
        """
        if self._handle == 0 and self._first is not None and not self._first.done():
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER, "the first leg is still under way"
            )
        if timeout is None and deadline is None:
            timeout, deadline = self._limit
        first = self._handle == 0
        if first and self._credential is None:
            return self._acquire_and_step(token, timeout, deadline, callback)
        return place.step(
            self,
            self.acceptor,
            self._credential._handle if self._credential is not None else 0,
            self.target,
            self._request,
            token,
            self._bindings if first else None,
            self._protocols if first else None,
            callback,
            timeout,
            deadline,
            None,
        )

    def _acquire_and_step(
        self,
        token: Bytes,
        timeout: float | None,
        deadline: float | None,
        callback: Callable[[Call[bytes]], object] | None,
    ) -> Call[bytes]:
        from .first_leg import FirstLeg

        queue = current_queue()
        given = need_bytes("token", token)
        acquire = self._acquire(timeout, deadline)
        call: FirstLeg = place.first_leg(queue, callback)
        if timeout is not None:
            until = time.monotonic() + timeout
            deadline = until if deadline is None else min(deadline, until)

        def submit(credential: Credential) -> Call[bytes]:
            self._own(credential)
            return place.step(
                self,
                self.acceptor,
                credential._handle,
                self.target,
                self._request,
                given,
                self._bindings,
                self._protocols,
                None,
                None,
                deadline,
                queue,
            )

        call.begin(self, acquire, submit)
        trace.follow(call, "step", self)
        return call

    def _step_in_stream(self) -> bytes:
        """A leg in the midst of the stream, for the messages of the handshake protocol there.

        It contacts no server, so it is made on the spot.
        """
        call = _native.call_create()
        try:
            if self.acceptor:
                status = _native.accept(
                    call, 0, 0, 0, self._handle, self._request, None, None, None
                )
            else:
                status = _native.initialize(
                    call, 0, 0, 0, self._handle, self.target, self._request, None, None, None
                )
            check(status)
            _native.call_wait(call, -1)
            outcome = Outcome(*_native.call_take(call)[1])
            if outcome.status < 0:
                raise error_of(outcome.status, _native.call_message(call)[1])
            return outcome.token or b""
        finally:
            _native.call_free(call)

    # ---- Attributes, export ---------------------------------------------------------------

    @property
    def attributes(self) -> ContextAttributes:
        """What the context tells of itself."""
        from .attribute import ContextAttributes

        return ContextAttributes(self._handle, self.acceptor)

    @property
    def delegated(self) -> Credential | None:
        """What the client delegated to this server: a credential to talk to others as it.

        None if it delegated nothing, or the package cannot do that (Kerberos can, and Negotiate
        by it). The client asks by `ClientFlags.DELEGATE`, with a forwardable ticket. The
        credential is the same one each time; it outlives the context, and is freed like any
        other.

        Raises:
            SspiError: If the context is not complete.
        """
        if self._delegated is None:
            status, handle, expiry = _native.delegated_credential(self._handle)
            if status in (Status.SEC_E_NO_CREDENTIALS, Status.SEC_E_UNSUPPORTED_FUNCTION):
                return None
            check(status)
            self._delegated = Credential(handle, self._package, CredentialUse.OUTBOUND, expiry)
        return self._delegated

    def export(self, flags: ExportFlags | int = 0) -> bytes:
        """Pack a complete context, for `import_` here or in another process.

        Args:
            flags: DELETE_OLD: this context is deleted; RESET_NEW: sequence numbers start anew.

        Returns:
            The pack. It holds keys.

        Raises:
            Unsupported: If the package cannot do that.
        """
        status, packed = _native.export_context(self._handle, int(flags))
        check(status)
        return packed or b""

    @classmethod
    def import_(cls, package: str, packed: Bytes, *, acceptor: bool = False) -> SecurityContext:
        """Make a context of what `export` packed.

        Args:
            package: The package of the exported context.
            packed: The pack.
            acceptor: Which side it was: the pack does not tell.

        Returns:
            A complete context.

        Raises:
            InvalidToken: If it is not such a pack.
            Unsupported: If the package cannot do that.
        """
        need_type("package", package, str, "str")
        status, handle = _native.import_context(package, packed)
        check(status)
        made = cls(
            acceptor=acceptor,
            package=package,
            target=None,
            flags=0,
            credential=None,
            identity=None,
            channel_bindings=None,
            application_protocols=(),
        )
        made._handle = handle
        made._complete = True
        return made

    # ---- The end ----------------------------------------------------------------------------

    def delete(
        self,
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        callback: Callable[[Call[None]], object] | None = None,
    ) -> Call[None]:
        """Delete the context, in any state. It cannot be used any more when this returns.

        Args:
            timeout: Seconds after which the call ends, with `DeadlineExceeded`. The context is
                deleted all the same, when what runs on it has come to its end.
            deadline: The same as a moment of `time.monotonic()`.
            callback: Called when it is done.

        Returns:
            A call; `InvalidHandle` if there is no context, or it was deleted before.
        """
        return place.end_context(self, callback, timeout, deadline)

    def delete_nowait(self) -> None:
        """Delete the context, without a call that would tell the outcome."""
        self._abandon_first()
        if _native.delete_context(0, 0, 0, self._handle) < 0:
            _native.delete_context_now(self._handle)
        self._mark_dead()
        self._free_own_credential()

    def _acquire(
        self, timeout: float | None = None, deadline: float | None = None
    ) -> Call[Credential]:
        use = CredentialUse.INBOUND if self.acceptor else CredentialUse.OUTBOUND
        return Credential.acquire(
            self._package, use, identity=self._identity, timeout=timeout, deadline=deadline
        )

    def _own(self, credential: Credential) -> None:
        credential._silent = True
        self._credential = credential
        self._owns_credential = True

    def _leave_at_once(self, error: BaseException | None) -> bool:
        """Delete the context and wait for nothing, if there may be a leg that still runs.

        Waiting for that one would hold up the end of a timeout or of a cancelled scope.
        """
        if not self._interrupted and (
            error is None
            or (isinstance(error, Exception) and not isinstance(error, TimeoutError))
        ):
            return not self._alive
        self.delete_nowait()
        return True

    def _free_own_credential(self) -> None:
        if self._owns_credential and self._credential is not None:
            self._credential.free_nowait()
            self._credential = None

    def __enter__(self) -> SecurityContext:
        if self._credential is None and self._handle == 0:
            self._own(self._acquire(*self._limit).result())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if not self._leave_at_once(error):
                self.delete().exception()
        finally:
            self._free_own_credential()

    async def __aenter__(self) -> SecurityContext:
        if self._credential is None and self._handle == 0:
            self._own(await self._acquire(*self._limit))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if not self._leave_at_once(error):
                with contextlib.suppress(SspiError):  # deleted before, by hand
                    await self.delete()
        finally:
            self._free_own_credential()


def delete_many(
    contexts: Iterable[SecurityContext],
    *,
    timeout: float | None = None,
    deadline: float | None = None,
    callback: Callable[[Call[None]], object] | None = None,
) -> Call[None]:
    """Delete many contexts as one call, for far less than `SecurityContext.delete` of each.

    None of them can be used any more when this returns. What was under way on one of them
    comes to its end first; the call does not wait for that.

    Args:
        contexts: The contexts, in any state; none at all will do.
        timeout: Seconds after which the call ends, with `DeadlineExceeded`. The contexts are
            deleted all the same.
        deadline: The same as a moment of `time.monotonic()`.
        callback: Called when it is done.

    Returns:
        One call for all; `InvalidHandle` if there was one that is no context yet, or was
        deleted before. All that were alive are deleted all the same.

    Raises:
        SspiError: If it could not be queued: then none is deleted.
    """
    return place.end_contexts(contexts, callback, timeout, deadline)


def client(
    target: str | None,
    *,
    package: str = "Negotiate",
    credential: Credential | None = None,
    identity: Identity | TlsIdentity | None = None,
    flags: ClientFlags | int = ClientFlags.DEFAULT,
    channel_bindings: bytes | None = None,
    application_protocols: Iterable[str | bytes] = (),
    timeout: float | None = None,
    deadline: float | None = None,
) -> SecurityContext:
    """Make the client's side of a context. Nothing is sent, nothing blocks.

    Args:
        target: Whom to talk to: "HTTP@www.example.org", "HTTP/www.example.org", a host name
            (Schannel).
        package: The package; of the credential, if one is given.
        credential: Whose credential to use; None: one is acquired on entering the context, or
            by the first leg.
        identity: Where that one comes from; None: the process's own.
        flags: What is wanted.
        channel_bindings: What both sides see of the channel, "tls-server-end-point:...".
        application_protocols: ALPN names, the best first (Schannel).
        timeout: Seconds that each leg may take, and the acquire, where the call says nothing
            else.
        deadline: A moment of `time.monotonic()` by which all of them are to be done.

    Returns:
        The context, for `async with` or `with`.

    Raises:
        InvalidParameter: If the target or the identity cannot be meant for the package.
        NoCredentials: If a TLS server has no certificate.
    """
    name = credential.package if isinstance(credential, Credential) else package
    _check_target(name, target)
    return SecurityContext(
        acceptor=False,
        package=name,
        target=target,
        flags=flags,
        credential=credential,
        identity=identity,
        channel_bindings=channel_bindings,
        application_protocols=application_protocols,
        timeout=timeout,
        deadline=deadline,
    )


def server(
    *,
    package: str = "Negotiate",
    credential: Credential | None = None,
    identity: Identity | TlsIdentity | None = None,
    flags: ServerFlags | int = ServerFlags.DEFAULT,
    channel_bindings: bytes | None = None,
    application_protocols: Iterable[str | bytes] = (),
    timeout: float | None = None,
    deadline: float | None = None,
) -> SecurityContext:
    """Make the server's side of a context. Nothing is sent, nothing blocks.

    Args:
        package: The package; of the credential, if one is given.
        credential: Whose credential to use; None: one is acquired on entering the context, or
            by the first leg. A server that has many contexts acquires one for all of them.
        identity: Where that one comes from; None: the process's own.
        flags: What is wanted.
        channel_bindings: What both sides see of the channel.
        application_protocols: ALPN names, the best first (Schannel).
        timeout: Seconds that each leg may take, and the acquire, where the call says nothing
            else.
        deadline: A moment of `time.monotonic()` by which all of them are to be done.

    Returns:
        The context, for `async with` or `with`.

    Raises:
        InvalidParameter: If the target or the identity cannot be meant for the package.
        NoCredentials: If a TLS server has no certificate.
    """
    return SecurityContext(
        acceptor=True,
        package=credential.package if isinstance(credential, Credential) else package,
        target=None,
        flags=flags,
        credential=credential,
        identity=identity,
        channel_bindings=channel_bindings,
        application_protocols=application_protocols,
        timeout=timeout,
        deadline=deadline,
    )


place.security_context = SecurityContext


def _check_target(package: str, target: str | None) -> None:
    """Refuse what cannot be the name of a service."""
    need_text("target", target)
    kind = package.lower() if isinstance(package, str) else ""
    if target is None or kind not in ("kerberos", "negotiate"):
        return
    service, separator, host = target.replace("/", "@", 1).partition("@")
    if "://" in target:
        host = target.partition("://")[2].partition("/")[0].partition(":")[0]
    elif not separator and target:
        if kind == "negotiate":  # NTLM takes any name
            return
        host = target
    elif service and host:
        return
    example = f"HTTP@{host or 'www.example.org'}"
    raise InvalidParameter(
        Status.SEC_E_INVALID_PARAMETER,
        f"target must be of the form SERVICE@host, such as {example!r}, not {target!r}",
    )


def _pack_protocols(names: Iterable[str | bytes]) -> bytes | None:
    if isinstance(names, (str, bytes)):
        raise TypeError(
            f"application_protocols must be a list of names, not {type(names).__name__}"
        )
    packed = b""
    for name in names:
        need_type("application_protocols", name, (str, bytes), "a list of str or bytes")
        raw = name.encode() if isinstance(name, str) else name
        if not 0 < len(raw) < 256:
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER,
                f"application_protocols: a name has 1 to 255 bytes, not {len(raw)}",
            )
        packed += bytes([len(raw)]) + raw
    return packed or None
