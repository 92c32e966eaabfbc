# SPDX-License-Identifier: MIT
"""The eleven asynchronous functions of Windows, by their names and with their rules.

    context = raw.SspiCreateAsyncContext()
    raw.SspiSetAsyncNotifyCallback(context, lambda context, data: ..., data)
    raw.SspiDeleteSecurityContextAsync(context, handle)

Functions return statuses and raise nothing but TypeError. Where Windows writes through a
pointer, these fill an object that the caller passes: `CredHandle`, `CtxtHandle`, the TOKEN
buffer of a list of `SecBuffer`, a `Ref`. They are filled when the call is complete: before its
callback starts, and before `SspiGetAsyncCallStatus` tells the final status.

Callbacks run on the asyncio loop or in the trio run where the call was submitted, or, without
one, on the library's dispatcher thread; never on a native thread. What they raise goes to the
loop's exception handler or to threading.excepthook.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any, Callable, Generic, TypeVar

from . import _native
from .credential import Identity
from .outcome import Outcome
from .queue import PENDING, Queue, current_queue
from .status import Status

__all__ = [
    "SECBUFFER_APPLICATION_PROTOCOLS",
    "SECBUFFER_CHANNEL_BINDINGS",
    "SECBUFFER_EXTRA",
    "SECBUFFER_MISSING",
    "SECBUFFER_TOKEN",
    "STATUS_DEVICE_BUSY",
    "STATUS_INVALID_HANDLE",
    "STATUS_SUCCESS",
    "AsyncContext",
    "CredHandle",
    "CtxtHandle",
    "Ref",
    "SecBuffer",
    "SspiAcceptSecurityContextAsync",
    "SspiAcquireCredentialsHandleAsync",
    "SspiAsyncContextRequiresNotify",
    "SspiCreateAsyncContext",
    "SspiDeleteSecurityContextAsync",
    "SspiFreeAsyncContext",
    "SspiFreeCredentialsHandleAsync",
    "SspiGetAsyncCallStatus",
    "SspiInitializeSecurityContextAsync",
    "SspiReinitAsyncContext",
    "SspiSetAsyncNotifyCallback",
]

STATUS_SUCCESS = 0
STATUS_DEVICE_BUSY = 0x80000011 - 2**32
STATUS_INVALID_HANDLE = 0xC0000008 - 2**32

SECBUFFER_TOKEN = 2
SECBUFFER_MISSING = 4
SECBUFFER_EXTRA = 5
SECBUFFER_CHANNEL_BINDINGS = 14
SECBUFFER_APPLICATION_PROTOCOLS = 18

T = TypeVar("T")

Callback = Callable[["AsyncContext", Any], object]


class CredHandle:
    """Names a credential; a copy of the number names it too. 0: none.

    Attributes:
        value: The number.
    """

    __slots__ = ("value",)

    def __init__(self, value: int = 0) -> None:
        self.value = value


class CtxtHandle:
    """Names a security context; a copy of the number names it too. 0: none.

    Attributes:
        value: The number.
    """

    __slots__ = ("value",)

    def __init__(self, value: int = 0) -> None:
        self.value = value


class Ref(Generic[T]):
    """A place for one output, as `uint32_t *` is in C.

    Attributes:
        value: The output.
    """

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value


class SecBuffer:
    """A typed buffer.

    Attributes:
        type: SECBUFFER_TOKEN and its kin.
        data: The bytes; of CHANNEL_BINDINGS the application data, of APPLICATION_PROTOCOLS each
            name behind a byte with its length.
        count: Of EXTRA and MISSING, which come as outputs: how many bytes.
    """

    __slots__ = ("count", "data", "type")

    def __init__(self, type: int, data: bytes = b"", count: int = 0) -> None:  # noqa: A002
        self.type = type
        self.data = data
        self.count = count


_lock = threading.RLock()


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_after_fork)


class _Submitted:
    """What one accepted submit is to fill and to call."""

    __slots__ = ("callback", "context", "data", "fill", "number", "queue")

    def __init__(
        self, context: AsyncContext, queue: Queue, fill: Callable[[Outcome], None] | None
    ) -> None:
        self.context = context
        self.queue = queue
        self.fill = fill
        self.callback = context._callback
        self.data = context._data
        self.number = queue.register(self)

    def _deliver(self, queue: Queue) -> None:
        self.context._collect(self)
        if self.callback is not None:
            queue.run(self.callback, self.context, self.data)


class AsyncContext:
    """Tracks one call at a time; made by `SspiCreateAsyncContext`."""

    __slots__ = ("__weakref__", "_callback", "_data", "_freed", "_native", "_submitted")

    def __init__(self) -> None:
        self._native = _native.call_create()
        self._callback: Callback | None = None
        self._data: Any = None
        self._submitted: _Submitted | None = None
        self._freed = False

    def _collect(self, submitted: _Submitted | None = None) -> None:
        """Fill the outputs of the call, if it is complete and that was not done."""
        with _lock:
            current = self._submitted
            if current is None or (submitted is not None and submitted is not current):
                return
            if _native.call_status(self._native) == PENDING:
                return
            self._submitted = None
            if current.fill is not None:
                current.fill(Outcome(*_native.call_take(self._native)[1]))

    def _submit(
        self,
        operation: Callable[[int, int, int], int],
        fill: Callable[[Outcome], None] | None,
    ) -> Status:
        queue = current_queue()
        with _lock:
            submitted = _Submitted(self, queue, fill)
            former, self._submitted = self._submitted, submitted
            status = operation(self._native, queue.native, submitted.number)
            if status < 0:
                queue.forget(submitted.number)
                self._submitted = former
        return Status(status)

    def __del__(self, free: Callable[[int], None] = _native.call_free) -> None:
        free(self._native)


def SspiCreateAsyncContext() -> AsyncContext | None:  # noqa: N802
    """Make an idle async context.

    Returns:
        It, or None if memory ran out. It is freed with `SspiFreeAsyncContext`, or when nobody
        keeps it.
    """
    context = AsyncContext()
    return context if context._native != 0 else None


def SspiFreeAsyncContext(context: AsyncContext) -> None:  # noqa: N802
    """Free an async context; a dead one is ignored.

    A pending call is detached: it finishes by itself, nothing is filled, no callback starts. A
    delete is carried out.

    Args:
        context: The async context.
    """
    with _lock:
        context._collect()
        submitted, context._submitted = context._submitted, None
        context._freed = True
        _native.call_free(context._native)
    if submitted is not None:
        submitted.queue.forget(submitted.number)


def SspiReinitAsyncContext(context: AsyncContext) -> int:  # noqa: N802
    """Make a complete async context idle again; callback and data are kept.

    Args:
        context: The async context.

    Returns:
        STATUS_SUCCESS, STATUS_DEVICE_BUSY or STATUS_INVALID_HANDLE.
    """
    with _lock:
        # Asked once: a call that ends after this was busy, and its outputs are still to come.
        if _native.call_status(context._native) == PENDING:
            return STATUS_DEVICE_BUSY
        context._collect()
        return _native.call_reinit(context._native)


def SspiSetAsyncNotifyCallback(  # noqa: N802
    context: AsyncContext, callback: Callback | None, data: Any = None
) -> Status:
    """Set what is called when the next call completes.

    Args:
        context: The async context.
        callback: Is given the async context and data; None: nothing is called.
        data: Anything.

    Returns:
        SEC_E_OK, SEC_E_INVALID_PARAMETER while a call is pending, or SEC_E_INVALID_HANDLE.
    """
    with _lock:
        status = _native.call_status(context._native)
        if status == PENDING:
            return Status.SEC_E_INVALID_PARAMETER
        if context._freed:
            return Status.SEC_E_INVALID_HANDLE
        context._callback = callback
        context._data = data
        return Status.SEC_E_OK


def SspiAsyncContextRequiresNotify(context: AsyncContext) -> bool:  # noqa: N802
    """Tell whether a callback is set.

    Args:
        context: The async context.

    Returns:
        False also for a dead one.
    """
    return context._callback is not None and not context._freed


def SspiGetAsyncCallStatus(context: AsyncContext) -> Status:  # noqa: N802
    """Tell how far the call is.

    Args:
        context: The async context.

    Returns:
        SEC_E_NO_CONTEXT while idle, SEC_I_ASYNC_CALL_PENDING, then what the call returned, and
        the outputs are filled; SEC_E_INVALID_HANDLE if it is dead.
    """
    status = _native.call_status(context._native)
    if status != PENDING:
        context._collect()
    return Status(status)


def SspiAcquireCredentialsHandleAsync(  # noqa: N802
    context: AsyncContext,
    principal: str | None,
    package: str | None,
    use: int,
    logon_id: None,
    auth_data: Identity | None,
    get_key_fn: None,
    get_key_argument: None,
    credential: CredHandle,
    expiry: Ref[int] | None = None,
) -> Status:
    """Get a credential, queued.

    Args:
        context: The async context.
        principal: The identity to use; None: the default one.
        package: The package.
        use: SECPKG_CRED_*, as in `CredentialUse`.
        logon_id: None.
        auth_data: Where the credential comes from; None: the process's own.
        get_key_fn: None.
        get_key_argument: None.
        credential: Is filled on success.
        expiry: Is filled on success: seconds since 1970 UTC, -1: never.

    Returns:
        Whether it was queued.
    """
    if logon_id is not None or get_key_fn is not None or get_key_argument is not None:
        return Status.SEC_E_UNSUPPORTED_FUNCTION
    if _holds_zero(principal) or _holds_zero(package):
        return Status.SEC_E_INVALID_PARAMETER
    identity = auth_data._pack() if auth_data is not None else None

    def fill(outcome: Outcome) -> None:
        if outcome.status >= 0:
            credential.value = outcome.credential
            if expiry is not None:
                expiry.value = outcome.expiry

    return context._submit(
        lambda call, queue, number: _native.acquire(
            call, queue, number, package, principal, use, identity
        ),
        fill,
    )


def _holds_zero(text: str | None) -> bool:
    return text is not None and "\0" in text  # C would cut it short


def _data_of(buffers: Sequence[SecBuffer] | None, kind: int) -> bytes | None:
    for buffer in buffers or ():
        if buffer.type == kind:
            return buffer.data
    return None


def _fill_step(
    first: bool,
    new_context: CtxtHandle | None,
    handle: int,
    output: list[SecBuffer] | None,
    attributes: Ref[int] | None,
    expiry: Ref[int] | None,
) -> Callable[[Outcome], None]:
    def fill(outcome: Outcome) -> None:
        if output is not None:
            for buffer in output:
                if buffer.type == SECBUFFER_TOKEN:
                    buffer.data = outcome.token or b""
            if outcome.extra:
                output.append(SecBuffer(SECBUFFER_EXTRA, count=outcome.extra))
            if outcome.missing:
                output.append(SecBuffer(SECBUFFER_MISSING, count=outcome.missing))
        if outcome.status >= 0:
            if new_context is not None:
                new_context.value = outcome.context if first else handle
            if attributes is not None:
                attributes.value = outcome.attributes
            if expiry is not None:
                expiry.value = outcome.expiry

    return fill


def SspiInitializeSecurityContextAsync(  # noqa: N802
    context: AsyncContext,
    credential: CredHandle | None,
    security_context: CtxtHandle | None,
    target: str | None,
    request: int,
    reserved1: int,
    data_rep: int,
    input: Sequence[SecBuffer] | None,  # noqa: A002
    reserved2: int,
    new_context: CtxtHandle | None,
    output: list[SecBuffer] | None,
    attributes: Ref[int] | None = None,
    expiry: Ref[int] | None = None,
) -> Status:
    """Make one leg of the initiator, queued.

    Args:
        context: The async context.
        credential: May be None on later legs.
        security_context: None on the first leg.
        target: Whom to talk to.
        request: ISC_REQ_*, as in `ClientFlags`.
        reserved1: 0.
        data_rep: Ignored: the native one.
        input: The peer's TOKEN; CHANNEL_BINDINGS and APPLICATION_PROTOCOLS on the first leg.
        reserved2: 0.
        new_context: Is filled on success.
        output: Its TOKEN is filled; EXTRA or MISSING is appended if there is such.
        attributes: Is filled on success.
        expiry: Is filled on success: seconds since 1970 UTC.

    Returns:
        Whether it was queued.
    """
    handle = security_context.value if security_context is not None else 0
    if (security_context is None and new_context is None) or _holds_zero(target):
        return Status.SEC_E_INVALID_PARAMETER
    named = credential.value if credential is not None else 0
    return context._submit(
        lambda call, queue, number: _native.initialize(
            call,
            queue,
            number,
            named,
            handle,
            target,
            request,
            _data_of(input, SECBUFFER_TOKEN),
            _data_of(input, SECBUFFER_CHANNEL_BINDINGS),
            _data_of(input, SECBUFFER_APPLICATION_PROTOCOLS),
        ),
        _fill_step(security_context is None, new_context, handle, output, attributes, expiry),
    )


def SspiAcceptSecurityContextAsync(  # noqa: N802
    context: AsyncContext,
    credential: CredHandle | None,
    security_context: CtxtHandle | None,
    input: Sequence[SecBuffer] | None,  # noqa: A002
    request: int,
    data_rep: int,
    new_context: CtxtHandle | None,
    output: list[SecBuffer] | None,
    attributes: Ref[int] | None = None,
    expiry: Ref[int] | None = None,
) -> Status:
    """Make one leg of the acceptor, queued.

    Args:
        context: The async context.
        credential: May be None on later legs.
        security_context: None on the first leg.
        input: As for the initiator.
        request: ASC_REQ_*, as in `ServerFlags`.
        data_rep: Ignored: the native one.
        new_context: Is filled on success.
        output: As for the initiator.
        attributes: Is filled on success.
        expiry: Is filled on success: seconds since 1970 UTC.

    Returns:
        Whether it was queued.
    """
    handle = security_context.value if security_context is not None else 0
    if security_context is None and new_context is None:
        return Status.SEC_E_INVALID_PARAMETER
    named = credential.value if credential is not None else 0
    return context._submit(
        lambda call, queue, number: _native.accept(
            call,
            queue,
            number,
            named,
            handle,
            request,
            _data_of(input, SECBUFFER_TOKEN),
            _data_of(input, SECBUFFER_CHANNEL_BINDINGS),
            _data_of(input, SECBUFFER_APPLICATION_PROTOCOLS),
        ),
        _fill_step(security_context is None, new_context, handle, output, attributes, expiry),
    )


def SspiFreeCredentialsHandleAsync(  # noqa: N802
    context: AsyncContext, credential: CredHandle
) -> Status:
    """Free a credential, queued.

    Args:
        context: The async context.
        credential: The credential; dead when this returns.

    Returns:
        Whether it was queued.
    """
    handle = credential.value
    return context._submit(
        lambda call, queue, number: _native.free_credential(call, queue, number, handle), None
    )


def SspiDeleteSecurityContextAsync(  # noqa: N802
    context: AsyncContext, security_context: CtxtHandle
) -> Status:
    """Delete a security context in any state, queued.

    Args:
        context: The async context.
        security_context: The security context; dead when this returns.

    Returns:
        Whether it was queued.
    """
    handle = security_context.value
    return context._submit(
        lambda call, queue, number: _native.delete_context(call, queue, number, handle), None
    )
