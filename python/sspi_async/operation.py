# SPDX-License-Identifier: MIT
"""Calls that have a call of the library, which holds what they bring."""

from __future__ import annotations

import os
import threading
from typing import Callable, NamedTuple, TypeVar

from . import _native
from .call import Call
from .error import OutOfMemory, SspiError, check, error_of
from .queue import PENDING, Queue, current_queue
from .status import Status

T = TypeVar("T")

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


class Operation(Call[T]):
    """A call whose outcome is fetched when it is complete."""

    __slots__ = ("_error", "_finish", "_native", "_status", "_value")

    def __init__(
        self,
        submit: Callable[[int, int, int], int],
        finish: Callable[[Outcome, SspiError | None], T],
        callback: Callable[[Call[T]], object] | None = None,
    ) -> None:
        """Queue an operation.

        Args:
            submit: Is given a native call, a native queue and an id; returns a status.
            finish: Makes the result of the outcome, once, whether it is an error or not.
            callback: As for `add_done_callback`.

        Raises:
            SspiError: If the operation was not queued.
        """
        self._native = _native.call_create()
        if self._native == 0:
            raise OutOfMemory(Status.SEC_E_INSUFFICIENT_MEMORY)
        queue = self._begin(current_queue(), callback)
        self._finish: Callable[[Outcome, SspiError | None], T] | None = finish
        self._status = PENDING
        self._error: SspiError | None = None
        number = queue.register(self)
        status = submit(self._native, queue.native, number)
        if status < 0:
            queue.forget(number)
            error = error_of(status, _native.last_message()[1])
            _native.call_free(self._native)
            raise error

    def __del__(self, free: Callable[[int], None] = _native.call_free) -> None:
        # Of a call whose loop was closed nobody fetches the outcome; it goes with this.
        free(getattr(self, "_native", 0))

    def _status_now(self) -> int:
        if self._status != PENDING:
            return self._status
        with _lock:
            if self._finish is None:
                return self._status
            state, taken = _native.call_take(self._native)
            if state == PENDING:
                return state
            outcome = Outcome(*taken)
            if outcome.status < 0:
                self._error = error_of(outcome.status, _native.call_message(self._native)[1])
                self._error.token = outcome.token
                self._error.missing = outcome.missing
            finish, self._finish = self._finish, None
            _native.call_free(self._native)
            self._value = finish(outcome, self._error)
            self._status = outcome.status
        return self._status

    def _wait(self, timeout_ms: int) -> None:
        _native.call_wait(self._native, timeout_ms)

    def _take_result(self) -> T:
        if self._error is not None:
            # Anew for each who asks: a raised exception collects tracebacks.
            error = type(self._error)(self._error.status, self._error.message)
            error.token = self._error.token
            error.missing = self._error.missing
            raise error
        return self._value

    def cancel(self) -> bool:
        """Complete the call now; see `Call.cancel`."""
        with _lock:
            if self._finish is None:
                return False
            status = _native.call_cancel(self._native)
        if status == Status.SEC_E_NO_CONTEXT:
            return False
        check(status)
        return True

    def _deliver(self, queue: Queue) -> None:
        """Fetch the outcome first; for use by the queue."""
        self._status_now()
        super()._deliver(queue)
