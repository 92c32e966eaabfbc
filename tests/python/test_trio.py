# SPDX-License-Identifier: MIT
"""The same in trio."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from conftest import Probe, handshake_async

import sspi_async
from sspi_async import Call, Status
from sspi_async.testing import NtlmUsers

trio = pytest.importorskip("trio")


def test_handshake(ntlm_users: NtlmUsers) -> None:
    async def main() -> None:
        async with (
            sspi_async.client(
                "HTTP@localhost", package="NTLM", identity=ntlm_users.client()
            ) as client,
            sspi_async.server(package="NTLM", identity=ntlm_users.server) as server,
        ):
            await handshake_async(client, server)
            assert server.decrypt(client.encrypt(b"hello")) == b"hello"

    trio.run(main)
    trio.run(main)  # a second run


def test_many_tasks_wait_at_once(probe: Probe) -> None:
    async def one() -> None:
        async with probe.client() as context:
            await context.step()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(100):
                nursery.start_soon(one)

    trio.run(main)


def test_cancelling_the_scope_cancels_the_call(probe: Probe) -> None:
    calls: list[Call[bytes]] = []

    async def main() -> None:
        context = probe.client("block")
        with trio.move_on_after(0.05) as scope:
            calls.append(context.step())
            await calls[0]
        assert scope.cancelled_caught
        assert calls[0].status is Status.SEC_E_UNFINISHED_CONTEXT_DELETED
        probe.wait_blocked()
        probe.release()
        await trio.sleep(0.01)

    trio.run(main)


def test_callback_runs_in_the_run(probe: Probe) -> None:
    seen: list[Any] = []

    async def main() -> None:
        done = trio.Event()

        def on_done(call: Call[None]) -> None:
            seen.append(threading.current_thread())
            done.set()

        context = probe.client()
        await context.step()
        call = context.delete(callback=on_done)
        await done.wait()
        late = trio.Event()
        call.add_done_callback(lambda _: late.set())
        await late.wait()

    trio.run(main)
    assert seen == [threading.main_thread()]


def test_run_that_ends_with_a_call_pending(probe: Probe) -> None:
    context = probe.client("block")
    calls: list[Call[bytes]] = []

    async def main() -> None:
        calls.append(context.step())

    trio.run(main)
    probe.wait_blocked()
    probe.release()
    assert calls[0].result(10) == b"\1"
    context.delete_nowait()
