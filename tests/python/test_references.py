# SPDX-License-Identifier: MIT
"""What is held of a call, by whom and for how long: the id of its completion is its address."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from typing import Any

import pytest
from conftest import Probe, collect, eventually
from test_ending import busy, complete, submit_delete

import sspi_async
from sspi_async import Call, delete_many
from sspi_async.ending import Ending
from sspi_async.operation import Operation
from sspi_async.place import place

ROUNDS = 200
IN_A_ROUND = 250


async def rounds(probe: Probe, count: int) -> None:
    """Legs and deletes: awaited, called back, of many at once, cancelled, failed, abandoned."""
    for _ in range(count):
        contexts = [probe.client() for _ in range(IN_A_ROUND)]
        tokens = [context.step(callback=len_of) for context in contexts]
        await asyncio.gather(*tokens)
        for context in contexts[:50]:
            await context.delete(callback=len_of)
        await asyncio.gather(*[context.delete() for context in contexts[50:100]])
        for context in contexts[100:150]:
            call = context.delete()
            call.add_done_callback(len_of)
            call.add_done_callback(len_of)
            task = asyncio.ensure_future(one(call))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        for context in contexts[150:200]:
            context.delete()
        await delete_many(contexts[200:])
        for context in contexts[:10]:
            call = context.delete()
            with pytest.raises(sspi_async.InvalidHandle):
                await call


async def one(call: Call[Any]) -> Any:
    return await call


def len_of(_: Call[Any]) -> int:
    return 1


def counts() -> dict[str, int]:
    """What must not grow with the number of calls.

    sys.gettotalrefcount would tell all at once, but counts only for a module that is compiled
    for such an interpreter.
    """
    collect()
    return {
        "objects": len(gc.get_objects()),
        "None": sys.getrefcount(None),
        "Ending": sys.getrefcount(Ending),
        "Operation": sys.getrefcount(Operation),
        "SecurityContext": sys.getrefcount(sspi_async.SecurityContext),
        "function": sys.getrefcount(len_of),
    }


@pytest.mark.asyncio
async def test_calls_leave_no_reference_behind(probe: Probe) -> None:
    """Wrong would be: an object that stays, or one reference too many or too few to it."""
    await rounds(probe, 5)
    before = counts()
    await rounds(probe, ROUNDS)  # some 100,000 calls
    after = counts()
    grown = {name: after[name] - before[name] for name in before}
    assert all(abs(grown[name]) < ROUNDS for name in grown), grown


@pytest.mark.asyncio
async def test_calls_that_are_over_go_at_once(probe: Probe) -> None:
    """Wrong would be: a circle that waits for the garbage collector."""
    gc.disable()
    try:
        context = complete(probe, 1)[0]
        seen: list[weakref.ref[Any]] = []

        async def delete() -> None:
            call = context.delete(callback=lambda _: None)
            seen.append(weakref.ref(call))
            await call

        await delete()
        await asyncio.sleep(0)
        assert [ref() for ref in seen] == [None]
    finally:
        gc.enable()


@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.asyncio
async def test_call_that_nobody_keeps_lives_until_it_is_over(
    cancelled: bool, probe: Probe
) -> None:
    """Wrong would be: a completion whose id is the address of something else by then."""
    refs = []
    for context in [busy(probe) for _ in range(3)]:
        call = context.delete()
        if cancelled:
            assert call.cancel()
        refs.append(weakref.ref(call))
        del call
    await asyncio.sleep(0.01)
    collect()
    assert all(ref() is not None for ref in refs)
    probe.release(3)
    for _ in range(1000):
        await asyncio.sleep(0.001)
        if all(ref() is None for ref in refs):
            break
    assert [ref() for ref in refs] == [None] * 3


def test_pending_calls_of_a_closed_loop_can_be_collected(probe: Probe) -> None:
    """Wrong would be: calls that keep the queue which keeps them."""
    refs: list[weakref.ref[Any]] = []

    async def leave() -> None:
        for context in (busy(probe), busy(probe)):
            call = context.delete()
            call.add_done_callback(lambda _, call=call: call)  # type: ignore[misc]
            refs.append(weakref.ref(call))
        refs.append(weakref.ref(probe.client("block").step()))
        probe.wait_blocked(3)

    async def sweep() -> None:  # a new loop sweeps what was closed
        context = probe.client()
        await context.step()
        await context.delete()

    asyncio.run(leave())
    asyncio.run(asyncio.sleep(0))
    asyncio.run(sweep())
    collect()
    assert [ref() for ref in refs] == [None] * 3
    probe.release(3)
    eventually(lambda: probe.live_contexts == 0)


def test_child_lets_go_of_what_is_pending_in_the_parent(probe: Probe) -> None:
    """Wrong would be: memory of the parent in each child, or calls that the parent loses."""
    from test_fork import in_child

    call = asyncio.run(submit_delete(busy(probe)))
    refs: list[weakref.ref[Any]] = [weakref.ref(call)]
    refs.append(weakref.ref(probe.client("block").step()))
    probe.wait_blocked(2)
    del call

    def look() -> None:
        collect()
        assert [ref() for ref in refs] == [None] * 2

    in_child(look)
    probe.release(2)
    eventually(lambda: probe.live_contexts == 0)


def test_task_that_is_thrown_away_gives_its_call_up(probe: Probe) -> None:
    """Wrong would be: a leg that goes on for nobody, or a crash."""
    calls: list[Call[Any]] = []
    loop = asyncio.new_event_loop()

    async def step() -> None:
        calls.append(probe.client("block").step())
        await calls[0]

    coroutine = step()

    async def start() -> None:
        waiter = coroutine.send(None)
        assert waiter._asyncio_future_blocking

    loop.run_until_complete(start())
    probe.wait_blocked()
    coroutine.close()
    assert calls[0].status is sspi_async.Status.SEC_E_UNFINISHED_CONTEXT_DELETED
    probe.release()
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()


def test_what_is_not_made_by_hand_says_so() -> None:
    """Wrong would be: objects without what C takes for granted."""
    for kind in (Ending, Operation, Call, place.waiter):
        with pytest.raises(TypeError):
            kind()
    with pytest.raises(TypeError):
        delete_many([1])  # type: ignore[list-item]
