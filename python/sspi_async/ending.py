# SPDX-License-Identifier: MIT
"""Calls that end something: deletes and frees. Their completion tells all there is to know."""

from __future__ import annotations

from typing import Any, Callable

from . import _native
from .call import Call
from .error import error_of
from .operation import Operation
from .queue import PENDING, LoopQueue, current_queue, ids
from .status import Status

# Is given a native call or 0, a native queue, an id, and what is to end; returns a status.
End = Callable[[int, int, int, Any], int]
Callback = Callable[[Call[None]], object]

_CANCELLED = int(Status.SEC_E_UNFINISHED_CONTEXT_DELETED)


class Ending(Call[None]):
    """A call on the queue of a loop, without a call of the library.

    Whoever wants to know its status hears what has come to the queue.
    """

    __slots__ = ("_name", "_number")

    _needs_queue = True

    _queue: LoopQueue

    def __init__(
        self, queue: LoopQueue, name: str, end: End, subject: Any, callback: Callback | None
    ) -> None:
        # As `_begin` and `register` have it, without their calls: this is done for each delete.
        self._heard = PENDING
        self._queue = queue
        self._waiter = None
        self._callbacks = None
        self._name = name
        self._number = number = next(ids)
        queue.pending[number] = self
        if callback is not None:
            self.add_done_callback(callback)
        status = end(0, queue.native, number, subject)
        if status < 0:
            queue.forget(number)
            raise error_of(status, _native.last_message()[1])

    def _status_now(self) -> int:
        if self._heard == PENDING:
            self._queue.look()
        return self._heard

    def _wait(self, timeout_ms: int) -> None:
        self._queue.listen(self, timeout_ms)

    def _take_result(self) -> None:
        if self._heard < 0:
            error = error_of(self._heard)
            raise error_of(self._heard, f"{self._name}: {error.message}")

    def cancel(self) -> bool:
        """Complete the call now; see `Call.cancel`."""
        return self._queue.drop(self._number, self, _CANCELLED)


def _nothing(*_: object) -> None:
    """Make the result of an end."""


def begin_ending(
    name: str, end: End, subject: Any, callback: Callback | None = None
) -> Call[None]:
    """Queue an end.

    Args:
        name: The function of Windows, for messages.
        end: The function of the library.
        subject: What is to end.
        callback: As for `Call.add_done_callback`.

    Returns:
        A call.

    Raises:
        SspiError: If it was not queued.
    """
    queue = current_queue()
    if isinstance(queue, LoopQueue):
        return Ending(queue, name, end, subject, callback)
    return _operation(end, subject, callback)


def _operation(end: End, subject: Any, callback: Callback | None) -> Call[None]:
    # Apart from the above, where the variables of a function inside would cost every delete.
    return Operation(
        lambda call, queue, number: end(call, queue, number, subject), _nothing, callback
    )
