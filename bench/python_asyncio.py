# SPDX-License-Identifier: MIT
"""Row "asyncio": deletes that are awaited, 64 in flight.

64 tasks delete one context after the other. The contexts are of the package Scripted, whose
own work is next to nothing, and are made beforehand. The peers run the synchronous delete of
such a context on asyncio's threads. All is done on asyncio's own loop, and on uvloop's if that
is installed.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import time
from collections.abc import Awaitable, Iterator
from typing import Any, Callable

import measure

import sspi_async
from sspi_async import Credential, CredentialUse, SecurityContext, _native

ROW = "asyncio"
IN_FLIGHT = 64

Delete = Callable[[Any], Awaitable[object]]


# ---- Ways to delete one and to wait for it -------------------------------------------------


async def by_await(context: SecurityContext) -> None:
    """The package's own awaitable."""
    await context.delete()


async def by_future(context: SecurityContext) -> None:
    """A future of asyncio's that a callback resolves."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def done(_: sspi_async.Call[None]) -> None:
        future.set_result(None)

    call = context.delete(callback=done)
    await future
    call.result(0)


def delete_now(handle: int) -> None:
    """What the peers' threads run."""
    status = _native.delete_context_now(handle)
    if status != 0:
        raise RuntimeError(f"delete: {status:#x}")


async def in_executor(handle: int) -> None:
    """By the threads of asyncio."""
    await asyncio.get_running_loop().run_in_executor(None, delete_now, handle)


async def in_thread(handle: int) -> None:
    """The same with a copy of the context variables, as most programs write it."""
    await asyncio.to_thread(delete_now, handle)


# ---- Rounds ----------------------------------------------------------------------------------


async def make(credential: Credential, count: int) -> list[SecurityContext]:
    """Contexts that are alive."""
    contexts = [sspi_async.client("", credential=credential) for _ in range(count)]
    await asyncio.gather(*[context.step() for context in contexts])
    return contexts


async def work(left: Iterator[Any], delete: Delete) -> None:
    """One task of the 64."""
    for item in left:
        await delete(item)


async def timed(items: list[Any], delete: Delete) -> float:
    """Microseconds a delete."""
    gc.collect()
    left = iter(items)
    begun = time.perf_counter()
    await asyncio.gather(*[work(left, delete) for _ in range(IN_FLIGHT)])
    return (time.perf_counter() - begun) * 1e6 / len(items)


async def ours(credential: Credential, count: int, delete: Delete) -> float:
    """One round of ours."""
    return await timed(await make(credential, count), delete)


async def ours_at_once(credential: Credential, count: int) -> float:
    """One round of ours: one awaitable for each 64."""
    contexts = await make(credential, count)
    delete_many = getattr(sspi_async, "delete_many")  # noqa: B009 - it may not be there
    gc.collect()
    begun = time.perf_counter()
    for first in range(0, count, IN_FLIGHT):
        await delete_many(contexts[first : first + IN_FLIGHT])
    return (time.perf_counter() - begun) * 1e6 / count


async def theirs(credential: Credential, count: int, delete: Delete) -> float:
    """One round of a peer's."""
    contexts = await make(credential, count)
    handles = [context._handle for context in contexts]
    for context in contexts:
        context._handle = 0  # its end is not the context's any more
    return await timed(handles, delete)


def loops() -> Iterator[tuple[str, asyncio.AbstractEventLoop]]:
    """Event loops, each with what its cases are called besides."""
    yield "", asyncio.new_event_loop()
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        measure.note("not measured: uvloop (it is not installed)")
        return
    yield ", uvloop", uvloop.new_event_loop()


def compare(name: str, loop: asyncio.AbstractEventLoop, credential: Credential) -> None:
    """Measure the row on one loop."""
    count = measure.options.count(100 * IN_FLIGHT) // IN_FLIGHT * IN_FLIGHT

    def side(coroutine: Callable[..., Any], *arguments: Any) -> measure.Side:
        return lambda: float(loop.run_until_complete(coroutine(credential, count, *arguments)))

    cases = [
        ("plain future", side(ours, by_future)),
        ("await ctx.delete()", side(ours, by_await)),
    ]
    if hasattr(sspi_async, "delete_many"):
        cases.append(("many at once", side(ours_at_once)))
    else:
        measure.note("not measured: many at once (there is no sspi_async.delete_many)")
    for peer, delete in (("run_in_executor", in_executor), ("to_thread", in_thread)):
        for case, our_side in cases:
            measure.compare(ROW, case + name, peer, "us", our_side, side(theirs, delete))


def main() -> None:
    """Measure the row."""
    credential = Credential.acquire("Scripted", CredentialUse.BOTH).result(10)
    for name, loop in loops():
        compare(name, loop, credential)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


if __name__ == "__main__" and measure.options.wants(ROW):
    main()
