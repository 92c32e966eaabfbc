# SPDX-License-Identifier: MIT
"""The eleven functions, by their names: the contracts of the C tests once more."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from conftest import Probe, collect, eventually

from sspi_async import CredentialUse, Status, raw
from sspi_async.testing import NtlmUsers

TOKEN = raw.SECBUFFER_TOKEN


def create() -> raw.AsyncContext:
    context = raw.SspiCreateAsyncContext()
    assert context is not None
    return context


def submit_leg(
    context: raw.AsyncContext, probe: Probe, script: str
) -> tuple[raw.CtxtHandle, list[raw.SecBuffer], raw.Ref[int], Status]:
    made = raw.CtxtHandle()
    output = [raw.SecBuffer(TOKEN)]
    attributes = raw.Ref(0)
    status = raw.SspiInitializeSecurityContextAsync(
        context, raw.CredHandle(probe.credential._handle), None, script, 0, 0, 0,
        [raw.SecBuffer(TOKEN, b"input")], 0, made, output, attributes,
    )  # fmt: skip
    return made, output, attributes, status


def final(context: raw.AsyncContext) -> Status:
    eventually(lambda: raw.SspiGetAsyncCallStatus(context) != Status.SEC_I_ASYNC_CALL_PENDING)
    return raw.SspiGetAsyncCallStatus(context)


def test_poller_that_sees_the_final_status_sees_the_outputs(probe: Probe) -> None:
    context = create()
    assert raw.SspiGetAsyncCallStatus(context) is Status.SEC_E_NO_CONTEXT
    assert not raw.SspiAsyncContextRequiresNotify(context)
    made, output, attributes, status = submit_leg(context, probe, "more block token=4 extra=2")
    assert status is Status.SEC_E_OK
    probe.wait_blocked()
    assert raw.SspiGetAsyncCallStatus(context) is Status.SEC_I_ASYNC_CALL_PENDING
    assert raw.SspiReinitAsyncContext(context) == raw.STATUS_DEVICE_BUSY
    busy = raw.SspiSetAsyncNotifyCallback(context, print)
    assert busy is Status.SEC_E_INVALID_PARAMETER
    assert submit_leg(context, probe, "")[3] is Status.SEC_E_INVALID_PARAMETER
    probe.release()
    assert final(context) is Status.SEC_I_CONTINUE_NEEDED
    assert made.value != 0
    assert output[0].data == b"\1\1\1\1"
    assert (output[1].type, output[1].count) == (raw.SECBUFFER_EXTRA, 2)
    assert attributes.value == 0x12
    # Complete, and not made ready for another call.
    assert submit_leg(context, probe, "")[3] is Status.SEC_E_INVALID_PARAMETER
    assert raw.SspiReinitAsyncContext(context) == raw.STATUS_SUCCESS
    assert raw.SspiGetAsyncCallStatus(context) is Status.SEC_E_NO_CONTEXT
    assert raw.SspiDeleteSecurityContextAsync(context, made) is Status.SEC_E_OK
    assert final(context) is Status.SEC_E_OK
    assert raw.SspiReinitAsyncContext(context) == raw.STATUS_SUCCESS
    assert raw.SspiDeleteSecurityContextAsync(context, made) is Status.SEC_E_OK
    assert final(context) is Status.SEC_E_INVALID_HANDLE
    raw.SspiFreeAsyncContext(context)
    raw.SspiFreeAsyncContext(context)
    assert raw.SspiGetAsyncCallStatus(context) is Status.SEC_E_INVALID_HANDLE
    assert raw.SspiReinitAsyncContext(context) == raw.STATUS_INVALID_HANDLE
    dead = raw.SspiSetAsyncNotifyCallback(context, print)
    assert dead is Status.SEC_E_INVALID_HANDLE
    assert raw.SspiDeleteSecurityContextAsync(context, made) is Status.SEC_E_INVALID_HANDLE


def test_callback_that_was_set_at_submit_runs_once(probe: Probe) -> None:
    seen: list[Any] = []
    context = create()

    def on_done(done: raw.AsyncContext, data: object) -> None:
        assert raw.SspiGetAsyncCallStatus(done) is Status.SEC_E_OK
        seen.append((done, data, made.value != 0))

    assert raw.SspiSetAsyncNotifyCallback(context, on_done, "data") is Status.SEC_E_OK
    assert raw.SspiAsyncContextRequiresNotify(context)
    made, *_, status = submit_leg(context, probe, "")
    assert status is Status.SEC_E_OK
    eventually(lambda: len(seen) == 1)
    assert seen == [(context, "data", True)]
    assert raw.SspiReinitAsyncContext(context) == raw.STATUS_SUCCESS
    assert raw.SspiAsyncContextRequiresNotify(context)  # kept
    assert raw.SspiDeleteSecurityContextAsync(context, made) is Status.SEC_E_OK
    eventually(lambda: len(seen) == 2)


def test_refused_submit_never_notifies(probe: Probe) -> None:
    seen: list[Any] = []
    context = create()
    raw.SspiSetAsyncNotifyCallback(context, lambda *arguments: seen.append(arguments))
    refused = raw.SspiAcquireCredentialsHandleAsync(
        context, None, None, CredentialUse.BOTH, None, None, None, None, raw.CredHandle()
    )
    assert refused is Status.SEC_E_INVALID_PARAMETER
    zero = raw.SspiAcquireCredentialsHandleAsync(
        context, "a\0b", "Probe", CredentialUse.BOTH, None, None, None, None, raw.CredHandle()
    )
    assert zero is Status.SEC_E_INVALID_PARAMETER
    assert raw.SspiGetAsyncCallStatus(context) is Status.SEC_E_NO_CONTEXT
    made, *_ = submit_leg(context, probe, "")
    eventually(lambda: len(seen) == 1)
    raw.SspiReinitAsyncContext(context)
    raw.SspiDeleteSecurityContextAsync(context, made)
    eventually(lambda: len(seen) == 2)


def test_free_while_pending_discards_the_outcome(probe: Probe) -> None:
    seen: list[Any] = []
    context = create()
    raw.SspiSetAsyncNotifyCallback(context, lambda *arguments: seen.append(arguments))
    made, output, *_ = submit_leg(context, probe, "block")
    probe.wait_blocked()
    raw.SspiFreeAsyncContext(context)
    probe.release()
    eventually(lambda: probe.live_contexts == 0)
    assert (made.value, output[0].data, seen) == (0, b"", [])


def test_free_of_a_complete_context_leaves_the_outputs(probe: Probe) -> None:
    """As in C, where they are the caller's memory."""
    context = create()
    made, output, *_ = submit_leg(context, probe, "block")
    probe.wait_blocked()
    probe.release()
    eventually(lambda: probe.live_contexts == 1)
    final(context)
    raw.SspiFreeAsyncContext(context)
    assert made.value != 0
    other = create()
    raw.SspiDeleteSecurityContextAsync(other, made)
    raw.SspiFreeAsyncContext(other)  # to be told nothing
    eventually(lambda: probe.live_contexts == 0)


def test_callback_may_do_anything(probe: Probe) -> None:
    """Free its context, reinit it and submit the next call, delete what the call used."""
    done = threading.Event()
    count = 0

    def again(context: raw.AsyncContext, made: raw.CtxtHandle) -> None:
        nonlocal count
        count += 1
        if count == 1000:
            raw.SspiFreeAsyncContext(context)
            done.set()
            return
        assert raw.SspiReinitAsyncContext(context) == raw.STATUS_SUCCESS
        assert raw.SspiDeleteSecurityContextAsync(context, made) is Status.SEC_E_OK

    context = create()
    raw.SspiSetAsyncNotifyCallback(context, again, raw.CtxtHandle())
    raw.SspiDeleteSecurityContextAsync(context, raw.CtxtHandle())
    del context
    collect()
    assert done.wait(30)
    assert count == 1000


@pytest.mark.asyncio
async def test_callbacks_run_on_the_loop(probe: Probe) -> None:
    future: asyncio.Future[threading.Thread] = asyncio.get_running_loop().create_future()
    context = create()
    raw.SspiSetAsyncNotifyCallback(
        context, lambda context, data: future.set_result(threading.current_thread())
    )
    raw.SspiDeleteSecurityContextAsync(context, raw.CtxtHandle(12345))
    assert await asyncio.wait_for(future, 10) is threading.current_thread()
    assert raw.SspiGetAsyncCallStatus(context) is Status.SEC_E_INVALID_HANDLE


def test_handshake_and_free(ntlm_users: NtlmUsers) -> None:
    def acquire(use: CredentialUse, identity: Any) -> raw.CredHandle:
        context, handle, expiry = create(), raw.CredHandle(), raw.Ref(0)
        raw.SspiAcquireCredentialsHandleAsync(
            context, None, "NTLM", use, None, identity, None, None, handle, expiry
        )
        assert final(context) is Status.SEC_E_OK
        assert handle.value != 0
        assert expiry.value == -1
        return handle

    ours = acquire(CredentialUse.OUTBOUND, ntlm_users.client())
    theirs = acquire(CredentialUse.INBOUND, ntlm_users.server)
    context = create()
    client, server = raw.CtxtHandle(), raw.CtxtHandle()
    token = b""
    for leg in range(2):
        output = [raw.SecBuffer(TOKEN)]
        raw.SspiInitializeSecurityContextAsync(
            context, ours, client if leg else None, "HTTP/localhost", 0x10, 0, 0,
            [raw.SecBuffer(TOKEN, token)], 0, client, output,
        )  # fmt: skip
        status = final(context)
        raw.SspiReinitAsyncContext(context)
        answer = [raw.SecBuffer(TOKEN)]
        raw.SspiAcceptSecurityContextAsync(
            context, theirs, server if leg else None,
            [raw.SecBuffer(TOKEN, output[0].data)], 0, 0, server, answer,
        )  # fmt: skip
        accepted = final(context)
        raw.SspiReinitAsyncContext(context)
        token = answer[0].data
    assert (status, accepted) == (Status.SEC_E_OK, Status.SEC_E_OK)
    for handle in (client, server):
        raw.SspiDeleteSecurityContextAsync(context, handle)
        assert final(context) is Status.SEC_E_OK
        raw.SspiReinitAsyncContext(context)
    for credential in (ours, theirs):
        raw.SspiFreeCredentialsHandleAsync(context, credential)
        assert final(context) is Status.SEC_E_OK
        raw.SspiReinitAsyncContext(context)
