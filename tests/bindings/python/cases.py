# SPDX-License-Identifier: MIT
"""The list of tests/bindings/cases for Python.

`cases.py` runs all that need no process of their own, `cases.py NAME` begins one that does:
run.py looks how it ends.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import sspi_async
from sspi_async import (
    Credential,
    CredentialUse,
    Identity,
    SecurityContext,
    Status,
    _native,
    raw,
)

probe = ctypes.CDLL(os.environ["PROBE_C"])
PATIENCE = 60


async def eventually(what: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "never"
        await asyncio.sleep(0.001)


async def scripted(script: str = "all: per-leg") -> Credential:
    return await Credential.acquire("Scripted", CredentialUse.BOTH, principal=script)


async def begun(credential: Credential) -> SecurityContext:
    """A context after its first leg."""
    context = sspi_async.client("more", credential=credential)
    await context.step()
    return context


async def shake_hands(client: SecurityContext, server: SecurityContext) -> None:
    token = await client.step()
    while not (client.complete and server.complete):
        token = await server.step(token)
        if not client.complete:
            token = await client.step(token)


async def ntlm(use: Callable[[SecurityContext, SecurityContext], None]) -> None:
    alice = Identity(user="alice", domain="TEST", password=os.environ["ALICE_PASSWORD"])
    users = Identity(ntlm_user_file=os.environ["NTLM_USER_FILE"])
    client = sspi_async.client("HTTP/localhost", package="NTLM", identity=alice)
    server = sspi_async.server(package="NTLM", identity=users)
    async with client, server:
        await shake_hands(client, server)
        use(client, server)


async def fails(call: Awaitable[Any], status: Status) -> None:
    got = Status.SEC_E_OK
    try:
        await call
    except sspi_async.SspiError as error:
        got = error.status
    assert got == status


def release(count: int) -> None:
    probe.probe_release(count)


async def acquire() -> None:
    credential = await scripted()
    assert probe.probe_credentials() == 1
    await credential.free()
    assert probe.probe_credentials() == 0
    await fails(
        scripted("acquire: status=SEC_E_LOGON_DENIED say=no"), Status.SEC_E_LOGON_DENIED
    )


async def ntlm_handshake() -> None:
    def use(_: SecurityContext, server: SecurityContext) -> None:
        assert server.attributes.user_name == "TEST\\alice"

    await ntlm(use)


async def tls_handshake() -> None:
    certificate = os.environ["TLS_CERTIFICATE"]
    client = sspi_async.client(
        "localhost",
        package="Schannel",
        identity=sspi_async.TlsIdentity(roots=certificate),
        application_protocols=["h2", "http/1.1"],
    )
    server = sspi_async.server(
        package="Schannel",
        identity=sspi_async.TlsIdentity(certificate=certificate),
        application_protocols=["http/1.1"],
    )
    async with client, server:
        await shake_hands(client, server)
        assert client.attributes.application_protocol == "http/1.1"
        assert client.attributes.endpoint_bindings == server.attributes.endpoint_bindings
        assert server.decrypt(client.encrypt(b"hello")) == b"hello"


async def kerberos_handshake() -> None:
    client = sspi_async.client("HTTP@localhost", package="Kerberos")
    server = sspi_async.server(package="Kerberos")
    async with client, server:
        await shake_hands(client, server)
        assert server.attributes.user_name == f"alice@{os.environ['REALM']}"
        assert client.expiry is not None


async def seal_and_unseal() -> None:
    def use(client: SecurityContext, server: SecurityContext) -> None:
        message = b"h\x00\xffi"
        sealed = client.encrypt(message)
        assert message not in sealed
        assert server.decrypt(sealed) == message
        try:
            server.decrypt(sealed[:-1] + bytes([sealed[-1] ^ 1]))
        except (sspi_async.MessageAltered, sspi_async.OutOfSequence):
            pass
        else:
            raise AssertionError("an altered message was opened")
        server.verify(message, client.sign(message))

    await ntlm(use)


async def delete_pending_then_ok() -> None:
    credential = await scripted()
    context = await begun(credential)
    leg, end = raw.SspiCreateAsyncContext(), raw.SspiCreateAsyncContext()
    assert leg is not None
    assert end is not None
    handle = raw.CtxtHandle(context._handle)
    named = raw.CredHandle(credential._handle)
    status = raw.SspiInitializeSecurityContextAsync(
        leg, named, handle, "block", 0, 0, 0, None, 0, None, None
    )
    assert status == Status.SEC_E_OK
    heard = asyncio.Event()
    raw.SspiSetAsyncNotifyCallback(end, lambda _context, _data: heard.set())
    assert raw.SspiDeleteSecurityContextAsync(end, handle) == Status.SEC_E_OK
    assert raw.SspiGetAsyncCallStatus(end) == Status.SEC_I_ASYNC_CALL_PENDING
    release(1)
    await heard.wait()
    assert raw.SspiGetAsyncCallStatus(end) == Status.SEC_E_OK
    raw.SspiFreeAsyncContext(leg)
    raw.SspiFreeAsyncContext(end)
    context.delete_nowait()
    await credential.free()


async def delete_heard_on_the_loop() -> None:
    credential = await scripted()
    heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    context = await begun(credential)
    context.delete(callback=lambda _: heard.set_result(threading.get_ident()))
    assert not heard.done()
    assert await heard == threading.get_ident()
    await credential.free()


async def fire_and_forget() -> None:
    credential = await scripted()
    contexts = [await begun(credential) for _ in range(100)]
    assert probe.probe_contexts() == 100
    for context in contexts:
        context.delete_nowait()
    await credential.free()
    await eventually(lambda: probe.probe_contexts() == 0)


async def double_delete() -> None:
    credential = await scripted()
    context = await begun(credential)
    await context.delete()
    await fails(context.delete(), Status.SEC_E_INVALID_HANDLE)
    await credential.free()


async def exception_in_callback() -> None:
    credential = await scripted()
    first, second = await begun(credential), await begun(credential)
    loop = asyncio.get_running_loop()
    caught: asyncio.Future[BaseException] = loop.create_future()
    loop.set_exception_handler(lambda _, about: caught.set_result(about["exception"]))

    def fail(_: object) -> None:
        raise RuntimeError("boom")

    first.delete(callback=fail)
    await second.delete()
    assert str(await caught) == "boom"
    loop.set_exception_handler(None)
    await credential.free()


async def many_deletions(credential: Credential, count: int) -> None:
    """So many legs, each with the deletion of its context, 64 at a time."""
    numbers = iter(range(count))

    async def some() -> None:
        for _ in numbers:
            await (await begun(credential)).delete()

    await asyncio.gather(*(some() for _ in range(64)))


async def ten_thousand_deletions() -> None:
    credential = await scripted()
    await many_deletions(credential, 10000)
    assert probe.probe_contexts() == 0
    await credential.free()


async def late_numbers() -> None:
    for _ in range(600000):
        call = _native.call_create()
        assert 0 < call < 2**53
        assert _native.call_status(call) == Status.SEC_E_NO_CONTEXT
        _native.call_free(call)


async def text_with_nul() -> None:
    credential = await scripted()
    attempts: list[Callable[[], object]] = [
        lambda: Credential.acquire("Scripted", principal="all: name=ab\0evil"),
        lambda: Credential.acquire("Scripted\0"),
        lambda: Credential.acquire("NTLM", identity=Identity(user="a", password="x\0user\0b")),
        lambda: sspi_async.client("more\0evil", credential=credential),
    ]
    for attempt in attempts:
        try:
            attempt()
        except (ValueError, sspi_async.InvalidParameter):
            continue
        raise AssertionError("it was accepted")
    status, _ = _native.package_number("Scripted\0", 0)
    assert status == Status.SEC_E_INVALID_PARAMETER
    await credential.free()


async def text_beyond_bmp() -> None:
    credential = await scripted("all: per-leg name=\U0001f511\u00e9")
    context = await begun(credential)
    assert context.attributes.user_name == "\U0001f511\u00e9"
    await context.delete()
    await credential.free()


async def deadline_ends_a_blocked_leg() -> None:
    credential = await scripted()
    try:
        await sspi_async.client("block", credential=credential).step(timeout=0.02)
    except TimeoutError:
        pass
    else:
        raise AssertionError("it did not end")
    release(probe.probe_blocked())
    await credential.free()


async def cancel() -> None:
    credential = await scripted()
    leg = asyncio.ensure_future(sspi_async.client("block", credential=credential).step())
    await eventually(lambda: probe.probe_blocked() == 1)
    leg.cancel()
    try:
        await leg
    except asyncio.CancelledError:
        pass
    else:
        raise AssertionError("it was not cancelled")
    release(1)
    await credential.free()


async def collector_with_calls_pending() -> None:
    credential = await scripted()
    for _ in range(20):
        sspi_async.client("block", credential=credential).step()

    def collected(value: Callable[[], int], wanted: int) -> bool:
        gc.collect()
        return value() == wanted

    await eventually(lambda: collected(probe.probe_blocked, 20))
    release(20)
    await eventually(lambda: collected(probe.probe_contexts, 0))
    await credential.free()


async def deletions() -> None:
    credential = await scripted()
    for _ in range(200):
        await (await begun(credential)).delete()
    await credential.free()


async def two_loops() -> None:
    await asyncio.gather(*(asyncio.to_thread(asyncio.run, deletions()) for _ in range(2)))
    assert probe.probe_contexts() == 0


async def fork() -> None:
    credential = await scripted()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            context = sspi_async.client("more", credential=credential)
            context.step().result(PATIENCE)
            context.delete().result(PATIENCE)
            code = 0
        finally:
            os._exit(code)
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    assert status == 0
    await (await begun(credential)).delete()
    await credential.free()


CASES = [
    acquire, ntlm_handshake, tls_handshake, kerberos_handshake, seal_and_unseal,
    delete_pending_then_ok, delete_heard_on_the_loop, fire_and_forget, double_delete,
    exception_in_callback, ten_thousand_deletions, late_numbers, text_with_nul, text_beyond_bmp,
    deadline_ends_a_blocked_leg, cancel, collector_with_calls_pending, two_loops, fork,
]  # fmt: skip


async def hundred_blocked() -> list[Any]:
    credential = await scripted()
    calls = [sspi_async.client("block", credential=credential).step() for _ in range(100)]
    await eventually(lambda: probe.probe_blocked() > 0)
    return calls


async def exit_with_calls_pending() -> None:
    await hundred_blocked()
    sys.exit(3)


async def killed_by_sigterm_while_waiting() -> None:
    calls = await hundred_blocked()
    print("waiting", flush=True)
    await calls[0]


async def memory_stays_flat() -> None:
    """So many calls in 20 lots; what the process has after each."""
    credential = await scripted()
    for _ in range(20):
        await many_deletions(credential, int(sys.argv[2]) // 40)
        gc.collect()
        print(probe.probe_resident(), flush=True)
    await credential.free()


def natural_end_with_calls_pending() -> None:
    """Of a program without a loop: its last line is reached."""
    credential = Credential.acquire(
        "Scripted", CredentialUse.BOTH, principal="all: per-leg"
    ).result()
    for _ in range(100):
        sspi_async.client("block", credential=credential).step()
    raise SystemExit(3)


async def run_case(body: Callable[[], Awaitable[None]]) -> None:
    await body()
    gc.collect()
    await eventually(lambda: probe.probe_contexts() == 0 and probe.probe_credentials() == 0)


def main() -> None:
    for body in CASES:
        try:
            asyncio.run(run_case(body))
            print(f"PASS {body.__name__}", flush=True)
        except Exception:
            why = re.sub(r"\s*\n\s*", " | ", traceback.format_exc())
            print(f"FAIL {body.__name__}: {why}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    elif sys.argv[1] == "natural_end_with_calls_pending":
        natural_end_with_calls_pending()
    else:
        asyncio.run(globals()[sys.argv[1]]())
