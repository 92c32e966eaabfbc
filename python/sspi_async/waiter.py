# SPDX-License-Identifier: MIT
"""What a task of asyncio waits for: a future that calls nobody but that task, at once."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any, Callable


class Waiter:
    """As much of asyncio.Future as a task needs of what it awaits.

    It is awaited once, by one task. Its end runs the task there and then, where a future of
    asyncio would only note that for the next turn of the loop.
    """

    __slots__ = ("_asyncio_future_blocking", "_cancelled", "_context", "_loop", "_resume")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._asyncio_future_blocking = True  # the protocol's "yielded by await"
        self._loop = loop
        self._resume: Callable[[Waiter], object] | None = None
        self._cancelled: tuple[Any, ...] | None = None

    def wake(self) -> None:
        """Run the task that waits, on its loop, in no task."""
        resume, self._resume = self._resume, None
        if resume is not None:
            self._context.run(resume, self)

    # ---- What asyncio.Task asks for ---------------------------------------------------------

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Tell where it is awaited."""
        return self._loop

    def add_done_callback(
        self, resume: Callable[[Waiter], object], *, context: contextvars.Context
    ) -> None:
        """Note the task; it comes once."""
        self._resume = resume
        self._context = context

    def cancel(self, msg: Any = None) -> bool:
        """Have the task find `CancelledError`, in the next turn of the loop."""
        if self._resume is None or self._cancelled is not None:
            return False
        self._cancelled = () if msg is None else (msg,)
        self._loop.call_soon(self.wake)
        return True

    def result(self) -> None:
        """Tell the task whether it was cancelled."""
        if self._cancelled is not None:
            raise asyncio.CancelledError(*self._cancelled)
