# SPDX-License-Identifier: MIT
"""Deletes, of one and of many; on loops, where a completion is all that is heard of them."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Probe, collect, eventually

import sspi_async
from sspi_async import Call, Cancelled, InvalidHandle, SecurityContext, Status, delete_many


def complete(probe: Probe, count: int) -> list[SecurityContext]:
    """Contexts that are alive."""
    contexts = [probe.client() for _ in range(count)]
    for context in contexts:
        context.step().result(10)
    return contexts


def busy(probe: Probe) -> SecurityContext:
    """A context whose second leg is blocked: a delete waits for it."""
    context = probe.client("more")
    context.step().result(10)
    context.target = "block"
    context.step()
    probe.wait_blocked()
    return context


async def submit_delete(context: SecurityContext) -> Call[None]:
    return context.delete()


async def wait_for(call: Call[Any]) -> Any:
    return await call


# ---- Many ----------------------------------------------------------------------------------


def test_many_are_deleted_as_one_call(probe: Probe) -> None:
    """Wrong would be: one that is left, or one that can still be used."""
    contexts = complete(probe, 300)
    called = threading.Event()
    call = delete_many(contexts, callback=lambda _: called.set())
    assert not any(context.complete for context in contexts)
    with pytest.raises(InvalidHandle):
        contexts[0].sign(b"x")
    call.result(10)
    assert called.wait(10)
    assert probe.live_contexts == 0


@pytest.mark.asyncio
async def test_many_are_awaited_at_once(probe: Probe) -> None:
    contexts = complete(probe, 300)

    def those() -> Iterator[SecurityContext]:
        yield from contexts

    call = delete_many(those())  # any iterable
    assert repr(call).startswith("<sspi_async.Call ")
    await call
    await call
    assert call.status is Status.SEC_E_OK
    assert probe.live_contexts == 0
    await delete_many([])


@pytest.mark.asyncio
async def test_one_that_is_dead_does_not_save_the_others(probe: Probe) -> None:
    """Wrong would be: silence, or contexts that live on."""
    contexts = complete(probe, 3)
    await contexts[1].delete()
    call = delete_many(contexts)
    with pytest.raises(InvalidHandle, match="DeleteSecurityContext"):
        await call
    assert probe.live_contexts == 0
    with pytest.raises(InvalidHandle):
        await delete_many([probe.client()])  # no context yet
    with pytest.raises(InvalidHandle):
        await delete_many([*complete(probe, 1) * 2])


@pytest.mark.asyncio
async def test_deleted_context_makes_no_new_one(probe: Probe) -> None:
    """Wrong would be: a step after a delete that is a first leg."""
    for delete in (lambda it: it.delete(), lambda it: delete_many([it])):
        context = complete(probe, 1)[0]
        await delete(context)
        with pytest.raises(InvalidHandle):
            await context.step()
        context.delete_nowait()
    assert probe.live_contexts == 0


# ---- Wait, poll, cancel --------------------------------------------------------------------


@pytest.mark.asyncio
async def test_cancelling_the_task_cancels_the_delete(probe: Probe) -> None:
    """Wrong would be: a task that waits on, a call that stays pending, or a context left."""
    call = busy(probe).delete()
    task = asyncio.ensure_future(wait_for(call))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert call.status is Status.SEC_E_UNFINISHED_CONTEXT_DELETED
    with pytest.raises(Cancelled):
        await call
    assert not call.cancel()
    probe.release()
    await asyncio.sleep(0.05)  # the completion that comes after all changes nothing
    assert call.status is Status.SEC_E_UNFINISHED_CONTEXT_DELETED
    eventually(lambda: probe.live_contexts == 0)


@pytest.mark.asyncio
async def test_reason_of_the_cancel_reaches_the_task(probe: Probe) -> None:
    call = busy(probe).delete()
    task = asyncio.ensure_future(wait_for(call))
    await asyncio.sleep(0)
    task.cancel("because")
    seen: list[BaseException] = []
    try:
        await task
    except asyncio.CancelledError as error:
        seen.append(error)
    while seen[-1].__context__ is not None:
        seen.append(seen[-1].__context__)
    assert ("because",) in [error.args for error in seen]
    probe.release()


@pytest.mark.asyncio
async def test_cancel_tells_all_who_wait(probe: Probe) -> None:
    loop = asyncio.get_running_loop()
    call = busy(probe).delete()
    told: list[Call[None]] = []
    call.add_done_callback(told.append)
    tasks = [asyncio.ensure_future(wait_for(call)) for _ in range(3)]
    elsewhere = loop.run_in_executor(None, call.exception, 10)
    await asyncio.sleep(0.05)
    assert call.cancel()
    for task in tasks:
        with pytest.raises(Cancelled):
            await asyncio.wait_for(task, 10)
    assert isinstance(await elsewhere, Cancelled)
    assert told == [call]
    probe.release()


@pytest.mark.asyncio
async def test_task_that_is_cancelled_as_the_call_ends(probe: Probe) -> None:
    """Wrong would be: a task that is resumed twice."""
    for context in complete(probe, 50):
        call = context.delete()
        task = asyncio.ensure_future(wait_for(call))
        await asyncio.sleep(0)
        eventually(call.done)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.asyncio
async def test_another_thread_waits_for_a_call_of_the_loop(probe: Probe) -> None:
    """Wrong would be: a thread that misses what the loop has heard."""
    loop = asyncio.get_running_loop()
    call = busy(probe).delete()
    waiting = [loop.run_in_executor(None, call.result, 10) for _ in range(3)]
    with pytest.raises(TimeoutError):
        await loop.run_in_executor(None, call.result, 0.01)
    await asyncio.sleep(0.05)
    probe.release()
    assert await asyncio.gather(*waiting) == [None] * 3


@pytest.mark.asyncio
async def test_another_thread_waits_while_the_loop_stands_still(probe: Probe) -> None:
    """Wrong would be: a thread that needs the loop to hear its completion."""
    threads: list[threading.Thread] = []
    call = busy(probe).delete(callback=lambda _: threads.append(threading.current_thread()))
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(call.result(10)))
    thread.start()
    probe.release()
    thread.join(10)  # in the loop's own thread
    assert results == [None]
    assert call.done()
    assert threads == []
    await asyncio.sleep(0.01)
    assert threads == [threading.current_thread()]


@pytest.mark.asyncio
async def test_loop_may_wait_for_its_own_call(probe: Probe) -> None:
    context, other = complete(probe, 2)
    result: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    call = other.delete()
    call.result(10)
    context.delete(callback=lambda _: result.set_result(other.delete().exception(10)))
    assert isinstance(await asyncio.wait_for(result, 10), InvalidHandle)


@pytest.mark.asyncio
async def test_callbacks_run_in_the_order_of_completion(probe: Probe) -> None:
    """Wrong would be: a call that jumps the queue because somebody asked for it."""
    contexts = complete(probe, 40)
    order: list[int] = []

    def note(number: int) -> Any:
        def callback(call: Call[None]) -> None:
            assert call.done()
            order.append(number)

        return callback

    calls = []
    for number, context in enumerate(contexts):
        calls.append(context.delete(callback=note(number)))
        calls[number].result(10)  # one after the other, heard by whoever asks
        if number % 3 == 0:
            await asyncio.sleep(0)
        if number % 7 == 0:
            await asyncio.get_running_loop().run_in_executor(None, calls[number].done)
    await asyncio.gather(*calls)
    assert order == list(range(40))
    calls[0].add_done_callback(note(40))
    calls[0].add_done_callback(note(41))
    await asyncio.sleep(0.01)
    assert order == list(range(42))


@pytest.mark.asyncio
async def test_exception_of_a_callback_stops_no_task(probe: Probe) -> None:
    loop = asyncio.get_running_loop()
    seen: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: seen.append(context))

    def fail(call: object) -> None:
        raise ZeroDivisionError

    contexts = complete(probe, 5)
    for context in contexts:
        await context.delete(callback=fail)
    assert [type(context["exception"]) for context in seen] == [ZeroDivisionError] * 5


def test_interrupt_in_a_task_loses_no_completion(probe: Probe) -> None:
    """Wrong would be: tasks that wait for ever after a KeyboardInterrupt in one of them."""
    loop = asyncio.new_event_loop()
    contexts = complete(probe, 10)

    async def one(number: int) -> int:
        call = contexts[number].delete()
        await call
        if number == 3:
            raise KeyboardInterrupt
        return number

    async def main() -> list[int]:
        return await asyncio.gather(*[task for task in tasks if not task.done()])

    tasks = [loop.create_task(one(number)) for number in range(10)]
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(asyncio.wait(tasks, timeout=10))
    with pytest.raises(KeyboardInterrupt):
        tasks[3].result()
    loop.run_until_complete(asyncio.wait_for(main(), 10))
    assert {task.result() for task in tasks if task is not tasks[3]} == {*range(10)} - {3}
    loop.close()


# ---- Other loops, closed loops, forks ------------------------------------------------------


def test_call_of_another_loop_can_be_awaited(probe: Probe) -> None:
    call: list[Call[None]] = []
    ready = threading.Event()
    over = threading.Event()

    async def owner() -> None:
        call.append(busy(probe).delete())
        ready.set()
        await asyncio.get_running_loop().run_in_executor(None, over.wait, 10)

    thread = threading.Thread(target=lambda: asyncio.run(owner()))
    thread.start()
    ready.wait(10)
    threading.Timer(0.05, probe.release).start()
    assert asyncio.run(wait_for(call[0])) is None
    over.set()
    thread.join(10)


def test_loop_closed_with_a_delete_pending(probe: Probe) -> None:
    """Wrong would be: a completion that nobody can hear any more."""
    calls = [asyncio.run(submit_delete(busy(probe))) for _ in range(3)]
    assert not calls[0].done()
    timer = threading.Timer(0.05, lambda: probe.release(3))
    timer.start()
    assert [call.result(10) for call in calls] == [None] * 3
    timer.join()
    late: list[object] = []
    calls[0].add_done_callback(late.append)  # there is no loop to run it: nothing happens
    calls.append(asyncio.run(submit_delete(complete(probe, 1)[0])))
    assert asyncio.run(wait_for(calls[3])) is None  # in another loop
    calls.append(asyncio.run(submit_delete(busy(probe))))
    timer = threading.Timer(0.05, probe.release)
    timer.start()
    assert asyncio.run(wait_for(calls[4])) is None
    timer.join()
    assert late == []


def test_closed_loops_leave_nothing_behind(probe: Probe) -> None:
    """Wrong would be: a queue, and its descriptor, for every loop that had a delete pending."""
    contexts = [busy(probe) for _ in range(20)]
    before = len(os.listdir("/proc/self/fd"))
    for context in contexts:
        asyncio.run(submit_delete(context))
    probe.release(20)
    collect()
    eventually(lambda: len(os.listdir("/proc/self/fd")) <= before + 2)


def test_deletes_that_are_pending_in_a_fork_are_the_parents(probe: Probe) -> None:
    """Wrong would be: a child that waits for what only the parent hears."""
    from test_fork import in_child

    call = asyncio.run(submit_delete(busy(probe)))

    def look() -> None:
        with pytest.raises(sspi_async.ShuttingDown):
            call.result(5)
        asyncio.run(use())

    async def use() -> None:
        contexts = complete(probe, 3)
        await contexts[0].delete()
        await delete_many(contexts[1:])

    in_child(look)
    assert not call.done()
    probe.release()
    assert call.result(10) is None


def test_many_threads_ask_for_calls_of_one_loop(probe: Probe) -> None:
    """Wrong would be: a completion that is lost between those who hear."""
    stop = threading.Event()
    current: list[Call[None]] = []
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            while not stop.is_set():
                for call in current[-8:]:
                    call.done()
                    call.exception(10)
        except BaseException as error:
            failures.append(error)

    async def main() -> None:
        called = 0

        def count(_: Call[None]) -> None:
            nonlocal called
            called += 1

        end = time.monotonic() + 1
        made = 0
        while time.monotonic() < end:
            contexts = [probe.client() for _ in range(16)]
            await asyncio.gather(*[context.step() for context in contexts])
            current[:] = [context.delete(callback=count) for context in contexts]
            made += 16
            await asyncio.wait_for(asyncio.gather(*current), 10)
        await asyncio.sleep(0.01)
        assert called == made

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        asyncio.run(main())
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    assert failures == []
