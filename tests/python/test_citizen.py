# SPDX-License-Identifier: MIT
"""Calls among the awaitables and futures of others."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from typing import Any

import pytest
from conftest import Probe

from sspi_async import Call, Cancelled, LogonDenied

DENIED = "status=SEC_E_LOGON_DENIED"


def calls_of(probe: Probe, *scripts: str) -> list[Call[bytes]]:
    return [probe.client(script).step() for script in scripts]


# ---- asyncio -------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_gather_and_wait_for(probe: Probe) -> None:
    calls = calls_of(probe, "", "delay=20", DENIED)
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results[:2] == [b"\1", b"\1"]
    assert isinstance(results[2], LogonDenied)
    assert await asyncio.wait_for(calls_of(probe, "")[0], 10) == b"\1"


@pytest.mark.asyncio
async def test_wait(probe: Probe) -> None:
    """Wrong would be: AttributeError, or a set that has other objects than were given."""
    calls = [asyncio.ensure_future(call) for call in calls_of(probe, "", "block")]
    done, pending = await asyncio.wait(calls, timeout=10, return_when=asyncio.FIRST_COMPLETED)
    assert (done, pending) == ({calls[0]}, {calls[1]})
    probe.wait_blocked()
    probe.release()
    assert await calls[1] == b"\1"


@pytest.mark.asyncio
async def test_wait_takes_calls_themselves(probe: Probe) -> None:
    calls: list[Any] = calls_of(probe, "", "block", DENIED)
    try:
        done, pending = await asyncio.wait(
            calls, timeout=10, return_when=asyncio.FIRST_EXCEPTION
        )
    finally:
        probe.wait_blocked()
        probe.release()
    if calls[0] in done:  # since Python 3.11; before, they are wrapped in tasks
        assert calls[2] in done
    else:
        assert all(isinstance(one, asyncio.Task) for one in done)
        await asyncio.gather(*done, *pending, return_exceptions=True)
    await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.asyncio
async def test_as_completed(probe: Probe) -> None:
    calls = calls_of(probe, "delay=50 token='slow'", "token='quick'")
    results = [await one for one in asyncio.as_completed(calls, timeout=10)]
    assert results == [b"quick", b"slow"]


@pytest.mark.asyncio
async def test_shield(probe: Probe) -> None:
    """Wrong would be: a call that is cancelled through its shield."""
    call = calls_of(probe, "block")[0]
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.shield(call), 0.05)
    assert not call.done()
    probe.wait_blocked()
    probe.release()
    assert await call == b"\1"
    assert not call.cancelled()


@pytest.mark.asyncio
async def test_callback_can_be_removed(probe: Probe) -> None:
    told: list[object] = []

    def first(_: object) -> None:
        told.append("first")

    def second(_: object) -> None:
        told.append("second")

    call = calls_of(probe, "block")[0]
    for callback in (first, second, first, second):
        call.add_done_callback(callback)
    assert call.remove_done_callback(first) == 2
    assert call.remove_done_callback(first) == 0
    call.add_done_callback(first)
    probe.wait_blocked()
    probe.release()
    await call
    assert told == ["first", "second", "second"]
    assert call.remove_done_callback(second) == 0


# ---- concurrent.futures --------------------------------------------------------------------


def test_futures_of_calls(probe: Probe) -> None:
    calls = calls_of(probe, "block", "token='now'", DENIED)
    futures = [call.future() for call in calls]
    done, pending = concurrent.futures.wait(futures[1:], 10)
    assert (done, pending) == ({*futures[1:]}, set())
    assert futures[1].result() == b"now"
    assert isinstance(futures[2].exception(), LogonDenied)
    with pytest.raises(TimeoutError if not futures else concurrent.futures.TimeoutError):
        futures[0].result(0.01)
    probe.wait_blocked()
    probe.release()
    assert [one.result() for one in concurrent.futures.as_completed(futures[:2], 10)]


def test_cancelling_the_future_cancels_the_call(probe: Probe) -> None:
    call = calls_of(probe, "block")[0]
    future = call.future()
    probe.wait_blocked()
    assert future.cancel()
    assert concurrent.futures.wait([future], 10).done == {future}
    assert future.cancelled()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result(0)
    assert isinstance(call.exception(0), Cancelled)
    assert future.cancel()
    probe.release()
    done = calls_of(probe, "")[0]
    done.result(10)
    assert not done.future().cancel()


@pytest.mark.asyncio
async def test_future_of_a_call_of_the_loop(probe: Probe) -> None:
    loop = asyncio.get_running_loop()
    future = calls_of(probe, "delay=20")[0].future()
    assert await loop.run_in_executor(None, future.result, 10) == b"\1"
    assert await asyncio.wrap_future(calls_of(probe, "")[0].future()) == b"\1"


def test_future_is_resolved_on_the_dispatcher_thread(probe: Probe) -> None:
    names: list[str] = []
    future = calls_of(probe, "delay=20")[0].future()
    future.add_done_callback(lambda _: names.append(threading.current_thread().name))
    future.result(10)
    while not names:
        pass
    assert names == ["sspi-async"]


# ---- anyio ---------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_of_anyio(probe: Probe, backend: str) -> None:
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)
    results: list[bytes] = []

    async def one(script: str) -> None:
        async with probe.client(script) as context:
            results.append(await context.step())

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for delay in (30, 0):
                group.start_soon(one, f"delay={delay} token='{delay}'")

    anyio.run(main, backend=backend)
    assert results == [b"0", b"30"]
