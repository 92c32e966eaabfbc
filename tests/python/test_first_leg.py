# SPDX-License-Identifier: MIT
"""The first leg acquires a credential, if there is none."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
from typing import Any

import pytest
from conftest import Probe, eventually, handshake, handshake_async, run_python

import sspi_async
from sspi_async import (
    Call,
    Cancelled,
    DeadlineExceeded,
    Identity,
    InvalidHandle,
    InvalidParameter,
    NoCredentials,
    SecurityContext,
    Status,
)
from sspi_async.testing import NtlmUsers, release


def client(script: str = "") -> SecurityContext:
    """A context without a credential, whose acquire does what the script says."""
    return sspi_async.client("", package="Scripted", identity=Identity(user=script or None))


def test_both_sides_step_without_a_block(ntlm_users: NtlmUsers) -> None:
    """Wrong would be: what 13 of 13 people met who tried it first."""
    ours = sspi_async.client("HTTP@localhost", package="NTLM", identity=ntlm_users.client())
    theirs = sspi_async.server(package="NTLM", identity=ntlm_users.server)
    handshake(ours, theirs)
    assert theirs.decrypt(ours.encrypt(b"hello")) == b"hello"
    assert ours.credential is not None
    ours.delete().result(10)
    theirs.delete_nowait()
    assert theirs.credential is None


@pytest.mark.asyncio
async def test_both_sides_step_in_a_loop(ntlm_users: NtlmUsers) -> None:
    ours = sspi_async.client("HTTP@localhost", package="NTLM", identity=ntlm_users.client())
    theirs = sspi_async.server(package="NTLM", identity=ntlm_users.server)
    await handshake_async(ours, theirs)
    await ours.delete()
    await theirs.delete()


def test_both_sides_step_in_trio(ntlm_users: NtlmUsers) -> None:
    trio = pytest.importorskip("trio")

    async def main() -> None:
        ours = sspi_async.client("HTTP@localhost", package="NTLM", identity=ntlm_users.client())
        theirs = sspi_async.server(package="NTLM", identity=ntlm_users.server)
        token = ours.step().result(10)  # a thread that blocks moves it on, too
        assert await ours.step(await theirs.step(token))
        ours.delete_nowait()
        theirs.delete_nowait()

    trio.run(main)


@pytest.mark.asyncio
async def test_callbacks_run_once_on_the_loop(probe: Probe) -> None:
    told: list[Any] = []
    call = client().step(callback=lambda call: told.append(threading.current_thread()))
    call.add_done_callback(told.append)
    assert await call == b"\1"
    assert await call == b"\1"
    assert told == [threading.current_thread(), call]
    call.add_done_callback(told.append)
    await asyncio.sleep(0.01)
    assert told[2:] == [call]
    assert call.status is Status.SEC_E_OK


@pytest.mark.asyncio
async def test_loop_that_stands_still_moves_it_on(probe: Probe) -> None:
    """Wrong would be: an acquire that is complete, and a leg that nobody submits."""
    told: list[object] = []
    call = client().step(callback=told.append)
    assert call.result(10) == b"\1"
    assert told == []
    await asyncio.sleep(0.01)
    assert told == [call]


def test_call_of_a_closed_loop(probe: Probe) -> None:
    async def submit() -> Call[bytes]:
        return client("acquire: delay=50").step()

    assert asyncio.run(submit()).result(10) == b"\1"


def test_many_threads_ask_for_one(probe: Probe) -> None:
    """Wrong would be: two legs, or a failure of one who asks."""
    for _ in range(30):
        results = ask_in_threads(client().step(), 4)
        assert results == [b"\1"] * 4


def ask_in_threads(call: Call[bytes], count: int) -> list[object]:
    results: list[object] = []
    threads = [
        threading.Thread(target=lambda: results.append(call.result(10))) for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return results


def test_failure_to_acquire_is_that_of_the_call(probe: Probe) -> None:
    context = client("acquire: status=SEC_E_NO_CREDENTIALS say='no key'")
    told = threading.Event()
    call = context.step(callback=lambda _: told.set())
    with pytest.raises(NoCredentials, match="no key"):
        call.result(10)
    assert told.wait(10)
    assert call.status is Status.SEC_E_NO_CREDENTIALS
    assert context.credential is None
    # And so again, for nothing is under way any more.
    with pytest.raises(NoCredentials):
        context.step().result(10)
    with pytest.raises(InvalidHandle):
        context.delete().result(10)


@pytest.mark.asyncio
async def test_deadline_is_that_of_both(probe: Probe) -> None:
    with pytest.raises(DeadlineExceeded):
        await client("acquire: block").step(timeout=0.05)
    with pytest.raises(DeadlineExceeded):
        await client("block").step(timeout=0.05)
    release(2)
    probe.wait_released()


@pytest.mark.asyncio
async def test_cancel_ends_either(probe: Probe) -> None:
    for script in ("acquire: block", "block"):
        call = client(script).step()
        task = asyncio.ensure_future(asyncio.wait_for(call, 30))
        while not task.done():
            await asyncio.sleep(0.01)
            if probe.blocked:
                task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert isinstance(call.exception(10), Cancelled)
        assert call.cancelled()
        release()
        probe.wait_released()


def test_second_step_waits_for_the_first(probe: Probe) -> None:
    context = client("acquire: block")
    call = context.step()
    with pytest.raises(InvalidParameter, match="under way"):
        context.step()
    context.delete_nowait()  # it can be deleted before there is one
    with pytest.raises(Cancelled):
        call.result(10)
    release()
    probe.wait_released()


def test_left_to_the_garbage_collector(probe: Probe) -> None:
    """Wrong would be: a credential or a context that is left in the library."""
    for _ in range(10):
        context = client()
        context.step().result(10)
        del context
    client("acquire: delay=20").step()
    gc.collect()
    eventually(lambda: probe.live_contexts == 0 and probe.live_credentials == 0)


@pytest.mark.parametrize("flags", [[], ["-X", "dev"]])
def test_interpreter_ends_with_one_that_was_left(flags: list[str]) -> None:
    code = (
        "import sspi_async; from sspi_async import Identity\n"
        "context = sspi_async.client('HTTP@h', package='NTLM',"
        " identity=Identity(user='u', password='p'))\n"
        "print(len(context.step().result()) > 0)"
    )
    done = subprocess.run(
        [sys.executable, *flags, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "True\n")
    warned = "ResourceWarning: <sspi_async.SecurityContext NTLM client of HTTP@h" in done.stderr
    assert warned == bool(flags), done.stderr
    if not flags:
        assert done.stderr == ""


def test_interpreter_ends_with_an_acquire_pending() -> None:
    code = (
        "import sspi_async; from sspi_async import Identity\n"
        "call = sspi_async.client('', package='Scripted',"
        " identity=Identity(user='acquire: delay=200')).step()"
    )
    done = run_python(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
