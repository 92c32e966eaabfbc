# SPDX-License-Identifier: MIT
"""Calls: what is under way, and its result."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
import time
from collections.abc import Generator
from typing import Any, Callable, Generic, NamedTuple, TypeVar

from . import _native
from .error import OutOfMemory, SspiError, check, error_of
from .queue import Queue, current_queue, running_loop, trio_task
from .status import Status

T = TypeVar("T")

# Waits are cut into slices, so that a signal (Ctrl-C) is seen in time.
_SLICE_MS = 100

# Outcomes change hands under it. Held for a moment only.
_lock = threading.RLock()


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_after_fork)


class Outcome(NamedTuple):
    """What the library gives back; see sspia_hub_outcome."""

    status: int
    attributes: int
    credential: int
    context: int
    expiry: int
    extra: int
    missing: int
    token: bytes | None


class Call(Generic[T]):
    """An operation that was queued: poll it, wait for it, await it, or have it call you.

    A call goes on when nobody keeps it. It belongs to the event loop on which it was made (or,
    without one, to the library's dispatcher thread): its callbacks run there, whoever waits.
    """

    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_delivered",
        "_error",
        "_finish",
        "_native",
        "_queue",
        "_status",
        "_value",
    )

    def __init__(
        self,
        submit: Callable[[int, int, int], int],
        finish: Callable[[Outcome, SspiError | None], T],
        callback: Callable[[Call[T]], object] | None = None,
    ) -> None:
        """Queue an operation; for use by this package.

        Args:
            submit: Is given a native call, a native queue and an id; returns a status.
            finish: Makes the result of the outcome, once, whether it is an error or not.
            callback: As for `add_done_callback`.

        Raises:
            SspiError: If the operation was not queued.
        """
        self._queue = current_queue()
        self._finish: Callable[[Outcome, SspiError | None], T] | None = finish
        self._callbacks: list[tuple[contextvars.Context, Callable[[Call[T]], object]]] = []
        self._delivered = False
        self._status = int(Status.SEC_I_ASYNC_CALL_PENDING)
        self._value: T | None = None
        self._error: SspiError | None = None
        self._native = _native.call_create()
        if self._native == 0:
            raise OutOfMemory(Status.SEC_E_INSUFFICIENT_MEMORY)
        if callback is not None:
            self._callbacks.append((contextvars.copy_context(), callback))
        number = self._queue.register(self)
        status = submit(self._native, self._queue.native, number)
        if status < 0:
            self._queue.forget(number)
            error = error_of(status, _native.last_message()[1])
            _native.call_free(self._native)
            raise error

    def __repr__(self) -> str:
        return f"<sspi_async.Call {self.status.name}>"

    def _settle(self) -> bool:
        """Fetch the outcome if it is there; whether the call is done."""
        with _lock:
            if self._finish is None:
                return True
            state, taken = _native.call_take(self._native)
            if state == Status.SEC_I_ASYNC_CALL_PENDING:
                return False
            outcome = Outcome(*taken)
            if outcome.status < 0:
                self._error = error_of(outcome.status, _native.call_message(self._native)[1])
                self._error.token = outcome.token
                self._error.missing = outcome.missing
            finish, self._finish = self._finish, None
            _native.call_free(self._native)
            self._value = finish(outcome, self._error)
            self._status = outcome.status
        return True

    def _deliver(self, queue: Queue) -> None:
        self._settle()
        with _lock:
            self._delivered = True
            callbacks, self._callbacks = self._callbacks, []
        for context, callback in callbacks:
            queue.run(context.run, callback, self)

    @property
    def status(self) -> Status:
        """SEC_I_ASYNC_CALL_PENDING, then what the call returned."""
        self._settle()
        return Status(self._status)

    def done(self) -> bool:
        """Tell whether the call is complete.

        Returns:
            True if `result()` will not wait.
        """
        return self._settle()

    def result(self, timeout: float | None = None) -> T:
        """Wait for the call, blocking this thread and no other.

        Args:
            timeout: Seconds to wait at most; None: as long as it takes.

        Returns:
            What the operation yields.

        Raises:
            TimeoutError: If the time ran out; the call goes on.
            SspiError: If the call failed.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._settle():
            wait = _SLICE_MS
            if deadline is not None:
                wait = min(wait, int((deadline - time.monotonic()) * 1000) + 1)
                if wait <= 0:
                    raise TimeoutError(f"the call is still pending after {timeout} s")
            _native.call_wait(self._native, wait)
        if self._error is not None:
            # Anew for each who asks: a raised exception collects tracebacks.
            raise self._copy_of_error(self._error)
        return self._value  # type: ignore[return-value]

    @staticmethod
    def _copy_of_error(error: SspiError) -> SspiError:
        copy = type(error)(error.status, error.message)
        copy.token = error.token
        copy.missing = error.missing
        return copy

    def exception(self, timeout: float | None = None) -> SspiError | None:
        """Wait for the call and return its error instead of raising it.

        Args:
            timeout: As for `result`.

        Returns:
            The error, or None after a success.

        Raises:
            TimeoutError: If the time ran out.
        """
        try:
            self.result(timeout)
        except SspiError as error:
            return error
        return None

    def add_done_callback(self, callback: Callable[[Call[T]], object]) -> None:
        """Have a function called when the call is complete, or soon if it is.

        It runs on the loop that owns the call, or on the dispatcher thread. What it raises goes
        to the loop's exception handler, or to threading.excepthook.

        Args:
            callback: Is given this call.
        """
        context = contextvars.copy_context()
        with _lock:
            if not self._delivered:
                self._callbacks.append((context, callback))
                return
        self._queue.post(lambda: context.run(callback, self))

    def cancel(self) -> bool:
        """Complete the call now, with `Cancelled`, whatever the package is doing.

        What had not begun does not begin. A context whose leg was running can only be deleted
        afterwards. Deletes and frees are carried out all the same.

        Returns:
            True if the call was pending.
        """
        with _lock:
            if self._finish is None:
                return False
            status = _native.call_cancel(self._native)
        if status == Status.SEC_E_NO_CONTEXT:
            return False
        check(status)
        return True

    def __await__(self) -> Generator[Any, Any, T]:
        """Wait for the call; cancelling the task that waits cancels the call."""
        lowlevel = trio_task()
        if lowlevel is not None:
            yield from self._wait_in_trio(lowlevel).__await__()
        elif not self._settle():
            yield from self._wait_in_loop()
        return self.result(0)

    def _wait_in_loop(self) -> Generator[Any, Any, None]:
        loop = running_loop()
        if loop is None:
            raise RuntimeError("await needs asyncio or trio; result() waits without them")
        future = loop.create_future()

        def wake() -> None:
            if not future.done():
                future.set_result(None)

        def tell(_: Call[T]) -> None:
            if running_loop() is loop:
                wake()
            elif not loop.is_closed():
                loop.call_soon_threadsafe(wake)

        self.add_done_callback(tell)
        try:
            yield from future
        except (asyncio.CancelledError, GeneratorExit):
            self.cancel()
            raise

    async def _wait_in_trio(self, lowlevel: Any) -> None:
        if self._settle():
            await lowlevel.checkpoint()
            return
        task = lowlevel.current_task()
        token = lowlevel.current_trio_token()
        waiting = True

        def wake() -> None:
            nonlocal waiting
            if waiting:
                waiting = False
                lowlevel.reschedule(task)

        def tell(_: Call[T]) -> None:
            token.run_sync_soon(wake, idempotent=True)

        def abort(_: Any) -> Any:
            nonlocal waiting
            waiting = False
            self.cancel()
            return lowlevel.Abort.SUCCEEDED

        self.add_done_callback(tell)
        await lowlevel.wait_task_rescheduled(abort)
