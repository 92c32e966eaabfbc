# SPDX-License-Identifier: MIT
"""Calls: the contracts of asynchronous calls once more, from asyncio and from threads."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from typing import Any

import pytest
from conftest import PER_LEG, Probe, all_done, collect, eventually

import sspi_async
from sspi_async import Call, Cancelled, Credential, InvalidHandle, Status


def test_status_goes_from_pending_to_final(probe: Probe) -> None:
    context = probe.client("block token=3")
    call = context.step()
    probe.wait_blocked()
    before = call.status
    assert before is Status.SEC_I_ASYNC_CALL_PENDING
    assert not call.done()
    with pytest.raises(TimeoutError):
        call.result(0.01)
    probe.release()
    assert call.result(10) == b"\1\1\1"
    assert call.done()
    assert call.status is Status.SEC_E_OK
    assert call.result(0) == b"\1\1\1"
    assert context.complete
    assert context.delete().result(10) is None


def test_result_does_not_hold_the_interpreter(probe: Probe) -> None:
    """Wrong would be: a blocking wait with the interpreter lock held; nobody could release."""
    context = probe.client("block")
    timer = threading.Timer(0.05, probe.release)
    timer.start()
    assert context.step().result(10) == b"\1"
    timer.join()
    context.delete_nowait()


def test_dead_handles_show_in_the_result(probe: Probe) -> None:
    context = probe.client()
    context.step().result(10)
    context.delete().result(10)
    call = context.delete()  # queued all the same
    with pytest.raises(InvalidHandle) as caught:
        call.result(10)
    assert caught.value.status is Status.SEC_E_INVALID_HANDLE
    assert "DeleteSecurityContext" in caught.value.message
    assert isinstance(call.exception(0), InvalidHandle)
    with pytest.raises(InvalidHandle):
        context.sign(b"x")


def test_failure_has_status_message_and_token(probe: Probe) -> None:
    call = probe.client("status=SEC_E_LOGON_DENIED say=because token=5").step()
    with pytest.raises(sspi_async.LogonDenied, match="because") as caught:
        call.result(10)
    assert caught.value.token == b"\1" * 5
    call = probe.client("status=SEC_E_INCOMPLETE_MESSAGE missing=77").step()
    with pytest.raises(sspi_async.IncompleteMessage) as incomplete:
        call.result(10)
    assert incomplete.value.missing == 77


def test_callback_runs_on_the_dispatcher_thread(probe: Probe) -> None:
    seen: list[Any] = []
    context = probe.client()
    called = threading.Event()

    def on_done(call: Call[bytes]) -> None:
        seen.extend([call, call.status, call.result(0), threading.current_thread()])
        called.set()

    call = context.step(callback=on_done)
    assert called.wait(10)
    assert seen[:3] == [call, Status.SEC_E_OK, b"\1"]
    assert seen[3].name == "sspi-async"
    assert seen[3].daemon
    late: list[Call[bytes]] = []
    call.add_done_callback(late.append)
    eventually(lambda: late == [call])
    # A callback may submit the next call, and block on it.
    results: list[object] = []
    context.delete(callback=lambda _: results.append(probe.client().step().result(10)))
    eventually(lambda: results == [b"\1"])


def test_exception_in_a_callback_reaches_the_threads_hook(
    probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong would be: silence, or a dispatcher that ends."""
    seen: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)

    def fail(call: object) -> None:
        raise ZeroDivisionError

    context = probe.client()
    context.step(callback=fail).result(10)
    eventually(lambda: len(seen) == 1)
    assert seen[0].exc_type is ZeroDivisionError
    called = threading.Event()
    context.delete(callback=lambda _: called.set())
    assert called.wait(10)


def test_cancel_completes_at_once(probe: Probe) -> None:
    context = probe.client("block")
    call = context.step()
    probe.wait_blocked()
    assert call.cancel()
    with pytest.raises(Cancelled):
        call.result(0)
    assert not call.cancel()
    probe.release()


def test_call_goes_on_when_nobody_keeps_it(probe: Probe) -> None:
    context = probe.client()
    context.step().result(10)
    called = threading.Event()
    context.delete(callback=lambda _: called.set())
    collect()
    assert called.wait(10)


def test_delete_and_forget(probe: Probe) -> None:
    context = probe.client()
    context.step().result(10)
    context.delete_nowait()
    eventually(lambda: probe.live_contexts == 0)
    with pytest.raises(InvalidHandle):
        context.delete().result(10)


def test_what_is_left_to_the_garbage_collector_is_freed(probe: Probe) -> None:
    context = probe.client()
    context.step().result(10)
    Credential.acquire("Scripted", principal=PER_LEG).result(10)
    assert probe.live_contexts == 1
    del context
    collect()
    eventually(lambda: probe.live_contexts == 0)
    eventually(lambda: probe.live_credentials == 0)


def test_first_leg_is_made_once(probe: Probe) -> None:
    """Wrong would be: two contexts behind one object."""
    context = probe.client("block")
    call = context.step()
    probe.wait_blocked()
    with pytest.raises(sspi_async.InvalidParameter):
        context.step()
    context.delete().exception(10)
    assert isinstance(call.exception(10), Cancelled)
    probe.release()


def test_zeros_in_text_are_refused(probe: Probe) -> None:
    """Wrong would be: a target that C cuts short."""
    with pytest.raises(sspi_async.InvalidParameter):
        sspi_async.client("HTTP@good\0.evil")
    with pytest.raises(sspi_async.InvalidParameter):
        Credential.acquire(identity=sspi_async.Identity(user="a\0b"))


# ---- asyncio --------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_await_yields_and_the_loop_goes_on(probe: Probe) -> None:
    """Wrong would be: a loop that stands still while a package blocks."""
    context = probe.client("block")
    turns = 0

    async def tick() -> None:
        nonlocal turns
        while not call.done():
            turns += 1
            if turns == 20:
                probe.release()
            await asyncio.sleep(0.001)

    call = context.step()
    ticking = asyncio.ensure_future(tick())
    assert await call == b"\1"
    await ticking
    assert turns >= 20
    assert await call == b"\1"  # again, and at once
    await context.delete()


@pytest.mark.asyncio
async def test_callback_runs_on_the_loop(probe: Probe) -> None:
    context = probe.client()
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    call = context.step(
        callback=lambda call: future.set_result((call, threading.current_thread()))
    )
    assert await asyncio.wait_for(future, 10) == (call, threading.current_thread())
    late: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    call.add_done_callback(late.set_result)
    assert await asyncio.wait_for(late, 10) is call
    await context.delete()


@pytest.mark.asyncio
async def test_exception_in_a_callback_reaches_the_loops_handler(probe: Probe) -> None:
    """Wrong would be: a batch whose other completions are lost."""
    loop = asyncio.get_running_loop()
    seen: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: seen.append(context))

    def fail(call: object) -> None:
        raise ZeroDivisionError

    contexts = [probe.client() for _ in range(10)]
    for context in contexts:
        await context.step()
    calls = [context.delete(callback=fail) for context in contexts]
    await asyncio.wait_for(all_done(*calls), 10)
    assert len(seen) == 10
    assert isinstance(seen[0]["exception"], ZeroDivisionError)


@pytest.mark.asyncio
async def test_cancelling_the_task_cancels_the_call(probe: Probe) -> None:
    context = probe.client("block")
    call: Call[bytes] | None = None

    async def step() -> None:
        nonlocal call
        call = context.step()
        await call

    task = asyncio.ensure_future(step())
    await asyncio.sleep(0)
    probe.wait_blocked()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert call is not None
    assert call.status is Status.SEC_E_UNFINISHED_CONTEXT_DELETED
    probe.release()
    probe.wait_released()
    call = probe.client("block").step()
    probe.wait_blocked()
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(call, 0.01)
    probe.release()


@pytest.mark.asyncio
async def test_cancelled_acquire_leaks_no_credential(probe: Probe) -> None:
    task = asyncio.ensure_future(
        _await(Credential.acquire("Scripted", principal="acquire: block"))
    )
    await asyncio.sleep(0)
    probe.wait_blocked()
    task.cancel()
    await asyncio.wait([task])
    probe.release()


async def _await(call: Call[Any]) -> Any:
    return await call


@pytest.mark.asyncio
async def test_result_is_made_once_whoever_asks(probe: Probe) -> None:
    """Wrong would be: a task that finds no result while another thread makes it, or two."""
    entered, leave = threading.Event(), threading.Event()

    class Slow(Credential):
        def __init__(self, *arguments: Any) -> None:
            entered.set()
            assert leave.wait(10)
            super().__init__(*arguments)

    call = Slow.acquire("Scripted", principal=PER_LEG)
    results: list[Credential] = []
    thread = threading.Thread(target=lambda: results.append(call.result(10)))
    thread.start()
    assert entered.wait(10)
    threading.Timer(0.05, leave.set).start()
    credential = await call
    thread.join(10)
    assert results == [credential]


@pytest.mark.asyncio
async def test_cancelled_delete_is_carried_out(probe: Probe) -> None:
    context = probe.client()
    await context.step()
    task = asyncio.ensure_future(_await(context.delete()))
    task.cancel()
    await asyncio.wait([task])
    for _ in range(1000):
        if probe.live_contexts == 0:
            break
        await asyncio.sleep(0.001)
    assert probe.live_contexts == 0


@pytest.mark.asyncio
async def test_leaving_the_block_deletes(probe: Probe) -> None:
    async with probe.client() as context:
        await context.step()
        assert probe.live_contexts == 1
    assert probe.live_contexts == 0
    async with probe.client() as context:
        await context.step()
        await context.delete()  # by hand: leaving the block does not mind
    with pytest.raises(ZeroDivisionError):
        async with probe.client() as context:
            await context.step()
            raise ZeroDivisionError
    assert probe.live_contexts == 0


@pytest.mark.asyncio
async def test_call_of_another_loop_can_be_awaited(probe: Probe) -> None:
    context = probe.client("block")
    calls: list[Call[bytes]] = []

    def submit() -> None:  # no loop here: the dispatcher thread owns the call
        calls.append(context.step())

    thread = threading.Thread(target=submit)
    thread.start()
    thread.join()
    probe.wait_blocked()
    probe.release()
    assert await asyncio.wait_for(_await(calls[0]), 10) == b"\1"
    await context.delete()


def test_any_number_of_loops_in_any_threads(probe: Probe) -> None:
    failures: list[BaseException] = []

    async def many() -> None:
        contexts = [probe.client() for _ in range(50)]
        await asyncio.gather(*[context.step() for context in contexts])
        threads: set[threading.Thread] = set()
        calls = [
            context.delete(callback=lambda _: threads.add(threading.current_thread()))
            for context in contexts
        ]
        await asyncio.gather(*calls)
        assert threads == {threading.current_thread()}

    def run() -> None:
        try:
            for _ in range(3):  # a second loop after the first was closed
                asyncio.run(many())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_closed_loops_leave_nothing_behind(probe: Probe) -> None:
    """Wrong would be: a queue, and its descriptor, for every loop that ever was."""
    import os

    from sspi_async import queue

    async def one() -> None:
        async with probe.client() as context:
            await context.step()

    def turn() -> None:
        loop = asyncio.new_event_loop()
        loops.append(weakref.ref(loop))
        loop.run_until_complete(one())
        loop.close()

    loops: list[weakref.ref[Any]] = []
    turn()
    collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        turn()
    collect()
    assert len(os.listdir("/proc/self/fd")) <= before + 1
    assert [loop for loop in loops if loop() is not None] == []
    assert len(queue._loops) <= 1


def test_call_of_a_closed_loop_leaks_nothing(probe: Probe) -> None:
    """Wrong would be: a context that nobody can reach."""

    async def submit() -> None:
        probe.client("block").step()

    asyncio.run(submit())
    probe.wait_blocked()
    asyncio.run(asyncio.sleep(0))
    probe.release()
    eventually(lambda: sspi_async.pool_counts().pending == 0)
    asyncio.run(
        _await(Credential.acquire("Scripted", principal=PER_LEG))
    )  # sweeps the queue of the closed loop
    collect()
    eventually(lambda: probe.live_contexts == 0)


def test_loop_closed_with_a_call_pending(probe: Probe) -> None:
    """Wrong would be: a completion that goes to a loop that is no more."""
    context = probe.client("block")
    calls: list[Call[bytes]] = []

    async def submit() -> None:
        calls.append(context.step())

    asyncio.run(submit())
    probe.wait_blocked()
    probe.release()
    assert calls[0].result(10) == b"\1"
    asyncio.run(_await(context.delete()))


@pytest.mark.asyncio
async def test_completions_are_taken_in_batches(probe: Probe) -> None:
    """Wrong would be: one turn of the loop for each completion, or one turn for any number."""
    loop = asyncio.get_running_loop()
    turns: list[int] = [0]

    def turn() -> None:
        turns.append(0)
        loop.call_soon(turn)

    def count(_: Call[None]) -> None:
        turns[-1] += 1

    contexts = [probe.client() for _ in range(400)]
    await asyncio.gather(*[context.step() for context in contexts])
    calls = [context.delete(callback=count) for context in contexts]
    eventually(lambda: sspi_async.pool_counts().pending == 0)  # so that all are there
    loop.call_soon(turn)
    await asyncio.gather(*calls)
    assert sum(turns) == 400
    assert 2 <= max(turns) <= 128  # as many as can be had in a short time


@pytest.mark.asyncio
async def test_loop_goes_on_between_completions_that_take_long(probe: Probe) -> None:
    """Wrong would be: a loop that stands still until the last of many is delivered."""
    in_turn: list[int] = [0]

    def work(_: Call[bytes]) -> None:
        in_turn[-1] += 1
        time.sleep(0.001)  # longer than a turn is given

    contexts = [probe.client() for _ in range(40)]
    for context in contexts:
        context.step(callback=work)
    eventually(lambda: sspi_async.pool_counts().pending == 0)  # so that all are there
    while sum(in_turn) < 40:
        await asyncio.sleep(0)
        in_turn.append(0)
    assert max(in_turn) == 2
    await sspi_async.delete_many(contexts)
