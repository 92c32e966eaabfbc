# SPDX-License-Identifier: MIT
"""How a coroutine waits for calls, whichever kind of adapter runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from typing import Any, Callable, TypeVar

from ..call import Call

T = TypeVar("T")
Wait = Callable[[Call[Any]], Awaitable[Any]]


async def in_loop(call: Call[T]) -> T:
    """Await a call, in asyncio or trio."""
    return await call


async def on_this_thread(call: Call[T]) -> T:
    """Block until a call is done; never suspends."""
    return call.result()


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("a coroutine on a thread without a loop has suspended")
