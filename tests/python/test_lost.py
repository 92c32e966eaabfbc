# SPDX-License-Identifier: MIT
"""Failures that were never retrieved, and what was left to the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest
from conftest import Probe, collect, eventually, run_python

import sspi_async
from sspi_async import Call, Credential, lost

DENIED = "status=SEC_E_LOGON_DENIED say='not you'"


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost, "listeners", [])


@pytest.fixture
def unraisable(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    return seen


def wait_unseen(call: Call[Any]) -> None:
    """Wait until a call has failed, and all who wait for it were told."""
    eventually(lambda: call._heard < 0)


def fail(probe: Probe) -> Call[bytes]:
    """A call that has failed."""
    call = probe.client(DENIED).step()
    wait_unseen(call)
    return call


def test_goes_to_the_unraisable_hook(
    probe: Probe, nobody_listens: None, unraisable: list[Any]
) -> None:
    """Wrong would be: silence."""
    fail(probe)
    collect()
    eventually(lambda: len(unraisable) == 1)
    assert isinstance(unraisable[0].exc_value, sspi_async.LogonDenied)
    assert "SEC_E_LOGON_DENIED" in repr(unraisable[0].object)
    unraisable.clear()


async def told(call: Call[Any]) -> None:
    """Wait for a call without looking at what became of it."""
    done = asyncio.Event()
    call.add_done_callback(lambda _: done.set())
    await done.wait()


def test_goes_to_the_handler_of_the_loop(
    probe: Probe, nobody_listens: None, unraisable: list[Any]
) -> None:
    seen: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: seen.append(what))
        for call in (probe.client(DENIED).step(), probe.client().delete()):
            await told(call)
            del call
        await asyncio.sleep(0)
        collect()

    asyncio.run(main())
    assert {type(what["exception"]).__name__ for what in seen} == {
        "LogonDenied",
        "InvalidHandle",
    }
    assert all("was never retrieved" in what["message"] for what in seen)
    assert unraisable == []


@pytest.mark.parametrize(
    "look",
    [
        lambda call: call.exception(),
        lambda call: call.status,
        lambda call: call.future(),
    ],
)
def test_looked_at(
    probe: Probe, nobody_listens: None, unraisable: list[Any], look: Any
) -> None:
    """Wrong would be: a report of what the program has seen."""
    call = fail(probe)
    held = look(call)
    if hasattr(held, "cancel"):
        assert held.exception(10) is not None
    del call, held
    collect()
    assert unraisable == []


def test_cancelled_on_purpose(
    probe: Probe, nobody_listens: None, unraisable: list[Any]
) -> None:
    call = probe.client("block").step()
    probe.wait_blocked()
    call.cancel()
    del call

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(probe.client("block").step(), 0.05)

    asyncio.run(main())
    probe.wait_blocked(2)
    probe.release(2)
    probe.wait_released()
    collect()
    assert unraisable == []


def test_first_leg_is_reported_once(
    probe: Probe, nobody_listens: None, unraisable: list[Any]
) -> None:
    for script in ("acquire: status=SEC_E_NO_CREDENTIALS", DENIED):
        context = sspi_async.client(
            "", package="Scripted", identity=sspi_async.Identity(user=script)
        )
        wait_unseen(context.step())
        del context
        collect()
        eventually(lambda: len(unraisable) == 1)
        unraisable.clear()


def test_is_in_the_log(
    probe: Probe, nobody_listens: None, unraisable: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    fail(probe)
    collect()
    eventually(lambda: len(unraisable) == 1)
    warned = [one for one in caplog.records if one.name == "sspi_async"]
    assert [one.levelno for one in warned] == [logging.WARNING]
    assert "not you" in warned[0].getMessage()


def test_plugin_fails_the_test(tmp_path: pathlib.Path) -> None:
    """Wrong would be: a test that passes over a failure."""
    (tmp_path / "test_it.py").write_text("""
import sspi_async
from sspi_async.testing import Leg, scripted
from sspi_async import Status

def fail():
    context = sspi_async.client("x", credential=scripted(Leg(status=Status.SEC_E_LOGON_DENIED)))
    call = context.step()
    while call._heard >= 0:  # done, and those who wait for it were told
        pass

def test_loses():
    fail()

def test_looks():
    context = sspi_async.client("x", credential=scripted(Leg(status=Status.SEC_E_LOGON_DENIED)))
    assert context.step().exception() is not None

def test_means_to(lost_calls):
    fail()
    while not lost_calls:
        pass
    assert "LogonDenied" in lost_calls[0]
    lost_calls.clear()
""")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull,
         "--rootdir", str(tmp_path), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    # At its end, or as it is taken down, when the loss is told of a moment later.
    blamed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    assert [line.partition("::")[2].split(" ")[0] for line in blamed] == ["test_loses"]
    assert "was never retrieved: LogonDenied(SEC_E_LOGON_DENIED: " in done.stdout


def warns_when_gone(made: list[object], wanted: str) -> None:
    """Let go of our last reference; the thread that told of it may have one a moment longer."""

    def has_warned() -> bool:
        gc.collect()
        return len(caught) > 0

    def let_go() -> None:
        made.clear()
        eventually(has_warned)

    with pytest.warns(ResourceWarning, match=wanted) as caught:
        let_go()


def test_what_was_left_warns(probe: Probe) -> None:
    context = probe.client()
    context.step().result(10)
    made: list[object] = [context]
    del context
    wanted = r"<sspi_async.SecurityContext Scripted .* was left"
    warns_when_gone(made, wanted)
    made.append(Credential.acquire("Scripted").result(10))
    wanted = r"Credential\('Scripted', OUTBOUND.* was left"
    warns_when_gone(made, wanted)


def test_what_was_ended_does_not_warn() -> None:
    code = """
import sspi_async
from sspi_async import Credential, Identity
alice = Identity(user="alice", password="secret")
with sspi_async.client("HTTP@h", package="NTLM", identity=alice) as context:
    context.step().result()
context = sspi_async.client("HTTP@h", package="NTLM", identity=alice)
context.step().result()
context.delete().result()
with Credential.acquire("NTLM", identity=alice).result() as credential:
    context = sspi_async.client("HTTP@h", credential=credential)
context.delete_nowait()
Credential.acquire("NTLM", identity=alice).result().free_nowait()
Credential.acquire("NTLM", identity=alice).result().free().result()
"""
    done = run_python("import warnings; warnings.simplefilter('error')\n" + code)
    assert (done.returncode, done.stderr) == (0, "")
