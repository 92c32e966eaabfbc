# SPDX-License-Identifier: MIT
"""Calls: what is under way, and its result."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar

from . import _native
from .error import SspiError
from .queue import PENDING, Queue, running_loop, trio_task
from .status import Status

T = TypeVar("T")

# Waits are cut into slices, so that a signal (Ctrl-C) is seen in time.
_SLICE_MS = 100


class Call(_native.Call, Generic[T]):
    """An operation that was queued: poll it, wait for it, await it, or have it call you.

    A call goes on when nobody keeps it. It belongs to the event loop on which it was made (or,
    without one, to the library's dispatcher thread): its callbacks run there, whoever waits.

    What awaits in asyncio takes it as it is: `asyncio.gather`, `wait`, `wait_for`, `shield`,
    `as_completed`, `asyncio.timeout`; so does whatever awaits in trio and anyio. For
    `concurrent.futures.wait` and `as_completed` there is `future()`.

    If a call fails and goes without anybody having asked for its result, its exception or its
    status, that is reported: to the loop's exception handler, or to `sys.unraisablehook`.
    """

    # There are two kinds: `Operation` has a call of the library, which is asked for what it
    # brought; `Ending` has none, and its completion tells all. What is done for every call is
    # in C (bindings/python/call.c): being told of the completion, callbacks, and the await of a
    # task on the loop that owns the call.

    __slots__ = ("__weakref__",)

    if TYPE_CHECKING:
        _queue: Queue

        def _take_result(self) -> T: ...
        def _status_now(self) -> int: ...
        def __await__(self) -> Generator[Any, Any, T]: ...

    def __repr__(self) -> str:
        status = self._status_now()
        return f"<sspi_async.Call {'pending' if status == PENDING else Status(status).name}>"

    def _wait(self, timeout_ms: int) -> None:
        """Block until the call is complete, the time is over, or something has happened."""
        raise NotImplementedError

    def cancel(self) -> bool:
        """Complete the call now, with `Cancelled`, whatever the package is doing.

        What had not begun does not begin. A context whose leg was running can only be deleted
        afterwards. Deletes and frees are carried out all the same.

        Returns:
            True if the call was pending.
        """
        return self._cancel()

    def cancelled(self) -> bool:
        """Tell whether the call was cancelled.

        Returns:
            True if it ended with `Cancelled`.
        """
        return self._status_now() == Status.SEC_E_UNFINISHED_CONTEXT_DELETED

    # ---- Poll, wait, be told ----------------------------------------------------------------

    @property
    def status(self) -> Status:
        """SEC_I_ASYNC_CALL_PENDING, then what the call returned."""
        status = self._status_now()
        if status != PENDING:
            self._looked_at = True
        return Status(status)

    def done(self) -> bool:
        """Tell whether the call is complete.

        Returns:
            True if `result()` will not wait.
        """
        return self._status_now() != PENDING

    def result(self, timeout: float | None = None) -> T:
        """Wait for the call, blocking this thread and no other.

        Args:
            timeout: Seconds to wait at most; None: as long as it takes.

        Returns:
            What the operation yields.

        Raises:
            TimeoutError: If the time ran out; the call goes on. (`DeadlineExceeded`, which is
                a TimeoutError too, is the end of the call.)
            SspiError: If the call failed.
        """
        if self._status_now() == PENDING:
            self._wait_until_done(timeout)
        return self._take_result()

    def _wait_until_done(self, timeout: float | None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._status_now() == PENDING:
            wait = _SLICE_MS
            if deadline is not None:
                wait = min(wait, int((deadline - time.monotonic()) * 1000) + 1)
                if wait <= 0:
                    raise TimeoutError(f"the call is still pending after {timeout} s")
            self._wait(wait)

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
        self._when_done(callback)

    def remove_done_callback(self, callback: Callable[[Call[T]], object]) -> int:
        """Have a function not called any more.

        Args:
            callback: As it was added.

        Returns:
            How often it was there.
        """
        return self._forget_callback(callback)

    def future(self) -> concurrent.futures.Future[T]:
        """Make a future for what takes no other: `concurrent.futures.wait`, `as_completed`.

        It is resolved on the owner of the call. A thread that runs the event loop to which the
        call belongs must not block on it. Cancelling the future cancels the call.

        Returns:
            The future.
        """
        return _Future(self)

    # ---- Await ------------------------------------------------------------------------------

    def _await_anywhere(self) -> Generator[Any, Any, T]:
        """Wait for the call; cancelling the task that waits cancels the call.

        Of the first task on the loop that owns the call this is the waiter's (waiter.c).
        """
        lowlevel = trio_task() if "trio" in sys.modules else None
        if lowlevel is not None:
            yield from self._wait_in_trio(lowlevel).__await__()
        elif self._heard == PENDING:
            try:
                yield from self._wait_in_loop(running_loop())
            except (asyncio.CancelledError, GeneratorExit):
                self.cancel()
                raise
        return self._take_result()

    def _wait_in_loop(
        self, loop: asyncio.AbstractEventLoop | None
    ) -> Generator[Any, Any, None]:
        if self.done():
            return
        if loop is None:
            raise RuntimeError("await needs asyncio or trio; result() waits without them")
        if self._queue.is_closed():  # nobody will deliver it
            yield from loop.run_in_executor(None, self.exception)
            return
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
        yield from future

    async def _wait_in_trio(self, lowlevel: Any) -> None:
        if self.done():
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


class _Future(concurrent.futures.Future[T]):
    """The result of a call, by way of its callback."""

    def __init__(self, call: Call[T]) -> None:
        super().__init__()
        self._call = call
        call.add_done_callback(self._resolve)

    def cancel(self) -> bool:
        return self._call.cancel() or self._call.cancelled()

    def _resolve(self, call: Call[T]) -> None:
        if call.cancelled():
            call.exception()
            super().cancel()
            self.set_running_or_notify_cancel()
            return
        error = call.exception()
        if error is None:
            self.set_result(call.result())
        else:
            self.set_exception(error)
