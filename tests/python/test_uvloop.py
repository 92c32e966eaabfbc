# SPDX-License-Identifier: MIT
"""The same on the loop of uvloop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, Callable

import pytest
from conftest import Probe, handshake_async

import sspi_async
from sspi_async import Call, Cancelled, Status, delete_many
from sspi_async.testing import NtlmUsers

uvloop = pytest.importorskip("uvloop")

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def run() -> Iterator[Run]:
    """Run a coroutine on such a loop."""
    loop = uvloop.new_event_loop()
    yield loop.run_until_complete
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def test_handshake(run: Run, ntlm_users: NtlmUsers) -> None:
    async def main() -> None:
        async with (
            sspi_async.client(
                "HTTP@localhost", package="NTLM", identity=ntlm_users.client()
            ) as client,
            sspi_async.server(package="NTLM", identity=ntlm_users.server) as server,
        ):
            await handshake_async(client, server)
            assert server.decrypt(client.encrypt(b"hello")) == b"hello"

    run(main())


def test_many_tasks_wait_at_once(run: Run, probe: Probe) -> None:
    """Wrong would be: a task that this loop does not resume, or not on its thread."""
    threads: set[threading.Thread] = set()

    async def one() -> None:
        context = probe.client()
        assert await context.step() == b"\1"
        await context.delete(callback=lambda _: threads.add(threading.current_thread()))

    async def main() -> None:
        await asyncio.gather(*[one() for _ in range(100)])
        contexts = [probe.client() for _ in range(100)]
        await asyncio.gather(*[context.step() for context in contexts])
        await delete_many(contexts)

    run(main())
    assert threads == {threading.current_thread()}


def test_cancelling_the_task_cancels_the_call(run: Run, probe: Probe) -> None:
    calls: list[Call[bytes]] = []

    async def step() -> None:
        calls.append(probe.client("block").step())
        await calls[0]

    async def main() -> None:
        task = asyncio.ensure_future(step())
        await asyncio.sleep(0)
        probe.wait_blocked()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert calls[0].status is Status.SEC_E_UNFINISHED_CONTEXT_DELETED
        with pytest.raises(Cancelled):
            await calls[0]
        probe.release()

    run(main())


def test_another_thread_waits_while_the_loop_stands_still(run: Run, probe: Probe) -> None:
    """Wrong would be: a thread that needs the loop to hear its completion."""

    async def main() -> None:
        context = probe.client()
        await context.step()
        results: list[object] = []
        call = context.delete(callback=results.append)
        thread = threading.Thread(target=lambda: results.append(call.result(10)))
        thread.start()
        thread.join(10)  # in the loop's own thread
        assert results == [None]
        await asyncio.sleep(0.01)
        assert results == [None, call]

    run(main())


def test_deadlines_and_futures(run: Run, probe: Probe) -> None:
    """Wrong would be: a clock of uvloop's that is another one."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(sspi_async.DeadlineExceeded):
            await probe.client("block").step(deadline=loop.time() + 0.05)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(probe.client("block").step(), 0.05)
        calls = [probe.client(f"delay={delay} token='{delay}'").step() for delay in (40, 0)]
        results = [await one for one in asyncio.as_completed(calls, timeout=10)]
        assert results == [b"0", b"40"]
        assert await asyncio.wrap_future(calls[0].future()) == b"40"

    run(main())
    probe.wait_blocked(2)
    probe.release(2)
    probe.wait_released()
