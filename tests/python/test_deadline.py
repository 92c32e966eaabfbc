# SPDX-License-Identifier: MIT
"""Deadlines: the call ends, and its work with it."""

from __future__ import annotations

import asyncio
import datetime
import importlib
import math
import pickle
import time
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Probe, eventually

import sspi_async
from sspi_async import Cancelled, Credential, DeadlineExceeded, Status, delete_many

SOON = 0.1


@pytest.fixture
def default_timeout() -> Iterator[None]:
    yield
    sspi_async.set_default_timeout(None)


def busy(probe: Probe) -> sspi_async.SecurityContext:
    """A context whose second leg is blocked: a delete waits for it."""
    context = probe.client("more")
    context.step().result(10)
    context.target = "block"
    context.step()
    probe.wait_blocked()
    return context


# ---- The call ends -------------------------------------------------------------------------


def test_leg_ends_at_its_timeout(probe: Probe) -> None:
    """Wrong would be: a call that is pending for ever, or ends before its time."""
    with probe.client("block") as context:
        begun = time.monotonic()
        with pytest.raises(DeadlineExceeded, match="InitializeSecurityContext") as caught:
            context.step(timeout=SOON).result(30)
        assert time.monotonic() - begun >= SOON
        assert isinstance(caught.value, TimeoutError)
        assert caught.value.status is Status.SEC_E_SECURITY_QOS_FAILED
        probe.wait_blocked()
    probe.release()


@pytest.mark.asyncio
async def test_leg_ends_at_its_deadline(probe: Probe) -> None:
    loop = asyncio.get_running_loop()
    async with probe.client("block") as context:
        with pytest.raises(DeadlineExceeded):
            await context.step(deadline=loop.time() + SOON)
        probe.wait_blocked()
        # The earlier one of two; what has passed is over at once.
        context.target = "delay=50"
        with pytest.raises(DeadlineExceeded):
            await context.step(timeout=60, deadline=loop.time())
        with pytest.raises(DeadlineExceeded):
            await context.step(timeout=-1, deadline=math.inf)
    probe.release()
    probe.wait_released()


@pytest.mark.asyncio
async def test_context_has_a_timeout_for_all_its_legs(probe: Probe) -> None:
    context = sspi_async.client("block", credential=probe.credential, timeout=SOON)
    with pytest.raises(DeadlineExceeded):
        await context.step()
    probe.wait_blocked()
    context.target = ""
    assert await context.step(timeout=math.inf) == b"\1"  # the call's own comes before it
    await context.delete()
    shared = sspi_async.client(
        "delay=50", credential=probe.credential, deadline=time.monotonic() - 1
    )
    with pytest.raises(DeadlineExceeded):
        await shared.step()
    probe.release()
    probe.wait_released()


def test_acquire_ends_at_its_timeout(probe: Probe) -> None:
    call = Credential.acquire("Scripted", principal="acquire: block", timeout=SOON)
    with pytest.raises(DeadlineExceeded):
        call.result(30)
    probe.wait_blocked()
    probe.release()
    probe.wait_released()


@pytest.mark.asyncio
async def test_delete_ends_and_is_carried_out(probe: Probe) -> None:
    """Wrong would be: a deadline that leaves the context alive."""
    context = busy(probe)
    with pytest.raises(DeadlineExceeded):
        await context.delete(timeout=SOON)
    assert probe.live_contexts == 1
    probe.release()
    eventually(lambda: probe.live_contexts == 0)
    contexts = [probe.client() for _ in range(3)]
    for one in contexts:
        await one.step()
    await delete_many(contexts, timeout=60)
    assert probe.live_contexts == 0
    credential = await Credential.acquire("Scripted")
    await credential.free(deadline=time.monotonic() + 60)


def test_process_has_a_default(probe: Probe, default_timeout: None) -> None:
    sspi_async.set_default_timeout(SOON)
    context = probe.client("block")
    with pytest.raises(DeadlineExceeded):
        context.step().result(30)
    call = probe.client("block").step(timeout=math.inf)
    probe.wait_blocked(2)
    assert not call.done()
    probe.release(2)
    assert call.result(30) == b"\1"
    sspi_async.set_default_timeout(math.inf)
    sspi_async.set_default_timeout(None)
    call = probe.client("delay=100").step()
    assert call.result(30) == b"\1"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [("1", TypeError), (datetime.timedelta(seconds=1), TypeError), (math.nan, ValueError)],
)
def test_what_is_no_time_is_refused(probe: Probe, wrong: Any, error: type[Exception]) -> None:
    context = probe.client()
    with pytest.raises(error, match="timeout"):
        context.step(timeout=wrong)
    with pytest.raises(error, match="deadline"):
        context.step(deadline=wrong)
    with pytest.raises(error, match="timeout"):
        context.delete(timeout=wrong)
    with pytest.raises(error, match="deadline"):
        Credential.acquire("Scripted", deadline=wrong)
    with pytest.raises(error, match="seconds"):
        sspi_async.set_default_timeout(wrong)
    assert probe.live_contexts == 0


def test_exception_is_a_timeout_error(probe: Probe) -> None:
    error = probe.client("delay=50").step(timeout=0).exception(30)
    assert isinstance(error, DeadlineExceeded)
    assert isinstance(error, sspi_async.SspiError)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(again), str(again), again.status) == (type(error), str(error), error.status)
    assert repr(error).startswith("DeadlineExceeded(SEC_E_SECURITY_QOS_FAILED: ")


# ---- So it does with the timeouts of the event loops ---------------------------------------


@pytest.mark.asyncio
async def test_asyncio_timeouts_end_the_work(probe: Probe) -> None:
    """Wrong would be: a block that is left when the package has come back."""
    calls = []
    with pytest.raises(asyncio.TimeoutError):
        async with probe.client("block") as context:
            calls.append(context.step())
            probe.wait_blocked()
            await asyncio.wait_for(calls[0], SOON)
    if hasattr(asyncio, "timeout"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON), probe.client("more") as context:
                await context.step()
                context.target = "block"
                calls.append(context.step())
                probe.wait_blocked(2)
                await calls[1]
    assert [type(call.exception(0)) for call in calls] == [Cancelled] * len(calls)
    probe.release(len(calls))
    probe.wait_released()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_scopes_of_anyio_and_trio_end_the_work(probe: Probe, backend: str) -> None:
    anyio = pytest.importorskip("anyio")
    importlib.import_module(backend)
    calls = []

    async def main() -> None:
        with anyio.move_on_after(SOON) as scope:
            async with probe.client("more") as context:
                await context.step()
                context.target = "block"
                calls.append(context.step())
                probe.wait_blocked()
                await calls[0]
        assert scope.cancelled_caught
        with pytest.raises(TimeoutError), anyio.fail_after(SOON):
            await probe.client("block").step()

    anyio.run(main, backend=backend)
    assert isinstance(calls[0].exception(0), Cancelled)
    probe.wait_blocked(2)
    probe.release(2)
    probe.wait_released()


@pytest.mark.asyncio
async def test_block_is_left_while_a_leg_still_runs(probe: Probe) -> None:
    """Wrong would be: a delete that waits for what its deadline has ended."""
    async with probe.client("more") as context:
        await context.step()
        context.target = "block"
        with pytest.raises(DeadlineExceeded):
            await context.step(timeout=SOON)
        probe.wait_blocked()
    assert probe.live_contexts == 1
    with pytest.raises(TimeoutError), probe.client("more") as other:
        other.step().result(10)
        other.target = "block"
        other.step().result(SOON)
    probe.wait_blocked(2)
    probe.release(2)
    eventually(lambda: probe.live_contexts == 0)
