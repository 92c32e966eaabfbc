# SPDX-License-Identifier: MIT
"""Security contexts: both sides of a handshake; the messages that follow are in message.py."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Callable

from . import _native
from .call import Call
from .credential import Credential, Identity, TlsIdentity, moment
from .error import InvalidParameter, SspiError, check, error_of, need_text
from .flags import ClientFlags, CredentialUse, ExportFlags, ServerFlags
from .message import Bytes, Messages
from .outcome import Outcome
from .place import place
from .status import Status

if TYPE_CHECKING:
    import datetime

    from .attribute import ContextAttributes


class SecurityContext(Messages):
    """One side of a security context; made by `client()`, `server()` or `import_()`.

    A context manager of both kinds: entering it acquires a credential if none was given,
    leaving it deletes the context (and frees that credential). A context that is left to the
    garbage collector is deleted by it.

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
    ) -> None:
        super().__init__()
        self._package = package
        self._request = int(flags)
        self._credential = credential
        self._delegated: Credential | None = None
        self._owns_credential = False
        self._identity = identity
        self._bindings = channel_bindings
        self._protocols = _pack_protocols(application_protocols)
        self.target = need_text("the target", target)
        self.acceptor = acceptor

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
        callback: Callable[[Call[bytes]], object] | None = None,
    ) -> Call[bytes]:
        """Make one leg of the handshake.

        Args:
            token: What the peer sent; empty on a client's first leg.
            callback: Called when the leg is done.

        Returns:
            A call that yields the bytes for the peer (none: nothing is to be sent). It may fail
            with `LogonDenied`, `NoAuthority`, `NoCredentials`, `InvalidToken`,
            `WrongPrincipal`, `TimeSkew`, `BadBindings`, `IncompleteMessage` and others; the
            error may have a `token` for the peer.

        Raises:
            SspiError: If the leg could not be queued.
        """
        if self._handle == 0 and self._first is not None and not self._first.done():
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER, "the first leg is still under way"
            )
        first = self._handle == 0
        credential = self._credential._handle if self._credential is not None else 0
        if first and credential == 0:
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER,
                "no credential yet: enter the context with 'with' or 'async with', or give one",
            )
        return place.step(
            self,
            self.acceptor,
            credential,
            self.target,
            self._request,
            token,
            self._bindings if first else None,
            self._protocols if first else None,
            callback,
        )

    def _step_in_stream(self) -> bytes:
        """A leg in the midst of the stream, for the messages of the handshake protocol there.

        It asks nobody, so it is made on the spot.
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
        need_text("the package", package)
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

    def delete(self, *, callback: Callable[[Call[None]], object] | None = None) -> Call[None]:
        """Delete the context, in any state. It cannot be used any more when this returns.

        Args:
            callback: Called when it is done.

        Returns:
            A call; `InvalidHandle` if there is no context, or it was deleted before.
        """
        return place.end_context(self, callback)

    def delete_nowait(self) -> None:
        """Delete the context and be told nothing."""
        self._abandon_first()
        if _native.delete_context(0, 0, 0, self._handle) < 0:
            _native.delete_context_now(self._handle)
        self._mark_dead()

    def _acquire(self) -> Call[Credential]:
        use = CredentialUse.INBOUND if self.acceptor else CredentialUse.OUTBOUND
        return Credential.acquire(self._package, use, identity=self._identity)

    def _own(self, credential: Credential) -> None:
        self._credential = credential
        self._owns_credential = True

    def _free_own_credential(self) -> None:
        if self._owns_credential and self._credential is not None:
            self._credential.free_nowait()
            self._credential = None

    def __enter__(self) -> SecurityContext:
        if self._credential is None and self._handle == 0:
            self._own(self._acquire().result())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self._alive:
                self.delete().exception()
        finally:
            self._free_own_credential()

    async def __aenter__(self) -> SecurityContext:
        if self._credential is None and self._handle == 0:
            self._own(await self._acquire())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self._alive:
                with contextlib.suppress(SspiError):  # deleted before, by hand
                    await self.delete()
        finally:
            self._free_own_credential()


def delete_many(
    contexts: Iterable[SecurityContext],
    *,
    callback: Callable[[Call[None]], object] | None = None,
) -> Call[None]:
    """Delete many contexts as one call, for far less than `SecurityContext.delete` of each.

    None of them can be used any more when this returns. What was under way on one of them
    comes to its end first; the call does not wait for that.

    Args:
        contexts: The contexts, in any state; none at all will do.
        callback: Called when it is done.

    Returns:
        One call for all; `InvalidHandle` if there was one that is no context yet, or was
        deleted before. All that were alive are deleted all the same.

    Raises:
        SspiError: If it could not be queued: then none is deleted.
    """
    return place.end_contexts(contexts, callback)


def client(
    target: str | None,
    *,
    package: str = "Negotiate",
    credential: Credential | None = None,
    identity: Identity | TlsIdentity | None = None,
    flags: ClientFlags | int = ClientFlags.DEFAULT,
    channel_bindings: bytes | None = None,
    application_protocols: Iterable[str | bytes] = (),
) -> SecurityContext:
    """Make the client's side of a context. Nothing is sent, nothing blocks.

    Args:
        target: Whom to talk to: "HTTP@www.example.org", "HTTP/www.example.org", a host name
            (Schannel).
        package: The package; of the credential, if one is given.
        credential: Whose credential to use; None: one is acquired on entering the context.
        identity: Where that one comes from; None: the process's own.
        flags: What is wanted.
        channel_bindings: What both sides see of the channel, "tls-server-end-point:...".
        application_protocols: ALPN names, the best first (Schannel).

    Returns:
        The context, for `async with` or `with`.
    """
    return SecurityContext(
        acceptor=False,
        package=credential.package if credential else package,
        target=target,
        flags=int(flags),
        credential=credential,
        identity=identity,
        channel_bindings=channel_bindings,
        application_protocols=application_protocols,
    )


def server(
    *,
    package: str = "Negotiate",
    credential: Credential | None = None,
    identity: Identity | TlsIdentity | None = None,
    flags: ServerFlags | int = ServerFlags.DEFAULT,
    channel_bindings: bytes | None = None,
    application_protocols: Iterable[str | bytes] = (),
) -> SecurityContext:
    """Make the server's side of a context. Nothing is sent, nothing blocks.

    Args:
        package: The package; of the credential, if one is given.
        credential: Whose credential to use; None: one is acquired on entering the context. A
            server that has many contexts acquires one for all of them.
        identity: Where that one comes from; None: the process's own.
        flags: What is wanted.
        channel_bindings: What both sides see of the channel.
        application_protocols: ALPN names, the best first (Schannel).

    Returns:
        The context, for `async with` or `with`.
    """
    return SecurityContext(
        acceptor=True,
        package=credential.package if credential else package,
        target=None,
        flags=int(flags),
        credential=credential,
        identity=identity,
        channel_bindings=channel_bindings,
        application_protocols=application_protocols,
    )


place.security_context = SecurityContext


def _pack_protocols(names: Iterable[str | bytes]) -> bytes | None:
    packed = b""
    for name in names:
        raw = name.encode() if isinstance(name, str) else name
        if not 0 < len(raw) < 256:
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER, "an ALPN name has 1 to 255 bytes"
            )
        packed += bytes([len(raw)]) + raw
    return packed or None
