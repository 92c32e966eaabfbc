# SPDX-License-Identifier: MIT
"""NTLM servers that ask a function of the program."""

from __future__ import annotations

import asyncio
import textwrap
import threading
import weakref
from typing import Any, Callable

import pytest
from conftest import collect, eventually, handshake, handshake_async, run_python

import sspi_async
import sspi_async.raw
from sspi_async import (
    Credential,
    CredentialUse,
    Identity,
    InvalidParameter,
    LogonDenied,
    NoAuthority,
    SecurityContext,
)

PASSWORD = "correct-horse"
NT_HASH = bytes.fromhex("91c81bd7d0872ad66d3f917fea9fb5fb")


def client(password: str = PASSWORD, package: str = "NTLM") -> SecurityContext:
    identity = Identity(user="alice", domain="TEST", password=password, packages="NTLM")
    return sspi_async.client("HTTP@localhost", package=package, identity=identity)


def server(function: Any, package: str = "NTLM") -> SecurityContext:
    return sspi_async.server(package=package, identity=Identity(ntlm_verifier=function))


def end(*contexts: SecurityContext) -> None:
    for context in contexts:
        context.delete_nowait()


def refuse(function: Any, kind: type[Exception]) -> None:
    ours, theirs = client(), server(function)
    with pytest.raises(kind):
        handshake(ours, theirs)
    end(ours, theirs)


@pytest.mark.parametrize("package", ["NTLM", "Negotiate"])
@pytest.mark.parametrize("account", [PASSWORD, NT_HASH])
def test_function_knows_the_account(package: str, account: str | bytes) -> None:
    """Wrong would be: names that are not the client's, or keys that differ."""
    asked: list[tuple[str, str]] = []

    def look_up(user: str, domain: str) -> str | bytes:
        asked.append((user, domain))
        return account

    ours, theirs = client(package=package), server(look_up, package)
    handshake(ours, theirs)
    assert asked == [("alice", "TEST")]
    assert theirs.attributes.user_name == "TEST\\alice"
    assert theirs.decrypt(ours.encrypt(b"hello")) == b"hello"
    end(ours, theirs)


@pytest.mark.parametrize("account", [None, "wrong", bytes(16)])
def test_nobody_else_is_let_in(account: str | bytes | None) -> None:
    refuse(lambda user, domain: account, LogonDenied)


def test_runs_on_the_dispatcher_thread() -> None:
    """Wrong would be: a thread of the library in Python."""
    threads: list[str] = []

    def look_up(user: str, domain: str) -> str:
        threads.append(threading.current_thread().name)
        return PASSWORD

    ours, theirs = client(), server(look_up)
    handshake(ours, theirs)
    assert threads == ["sspi-async"]
    end(ours, theirs)


@pytest.mark.asyncio
async def test_runs_on_the_loop() -> None:
    threads: list[threading.Thread] = []

    def look_up(user: str, domain: str) -> str:
        threads.append(threading.current_thread())
        return PASSWORD

    ours, theirs = client(), server(look_up)
    await handshake_async(ours, theirs)
    assert threads == [threading.current_thread()]
    end(ours, theirs)


@pytest.mark.asyncio
async def test_async_function() -> None:
    """Wrong would be: a loop that stands still while the answer is on its way."""
    asked, known = asyncio.Event(), asyncio.Event()

    async def look_up(user: str, domain: str) -> str:
        asked.set()
        await known.wait()
        return PASSWORD

    ours, theirs = client(), server(look_up)
    shake = asyncio.create_task(handshake_async(ours, theirs))
    await asyncio.wait_for(asked.wait(), 30)
    assert not shake.done()
    known.set()
    await shake
    end(ours, theirs)


def test_async_function_in_trio() -> None:
    trio = pytest.importorskip("trio")

    async def look_up(user: str, domain: str) -> str:
        await trio.lowlevel.checkpoint()
        return PASSWORD

    async def main() -> None:
        ours, theirs = client(), server(look_up)
        await handshake_async(ours, theirs)
        end(ours, theirs)

    trio.run(main)


@pytest.mark.asyncio
async def test_many_ask_at_once() -> None:
    """Wrong would be: an answer that goes to another's question."""

    async def look_up(user: str, domain: str) -> str:
        await asyncio.sleep(0)
        return f"secret of {user}"

    identity = Identity(ntlm_verifier=look_up)
    async with await Credential.acquire(
        "NTLM", CredentialUse.INBOUND, identity=identity
    ) as credential:

        async def log_on(number: int) -> None:
            name = f"user{number}"
            ours = sspi_async.client(
                "HTTP@localhost",
                package="NTLM",
                identity=Identity(user=name, password=f"secret of {name}"),
            )
            theirs = sspi_async.server(credential=credential)
            await handshake_async(ours, theirs)
            assert theirs.attributes.user_name.endswith(name)
            end(ours, theirs)

        await asyncio.gather(*(log_on(number) for number in range(200)))


def failing(error: BaseException) -> Callable[[str, str], str]:
    def look_up(user: str, domain: str) -> str:
        raise error

    return look_up


def test_exception_refuses_and_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong would be: a client that gets in, one that waits, or an error that nobody sees."""
    reported: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    refuse(failing(LookupError("the database is away")), NoAuthority)
    refuse(lambda user, domain: 42, NoAuthority)
    refuse(lambda user, domain: b"no hash", NoAuthority)
    refuse(lambda user, domain: "a\0b", NoAuthority)
    refuse(failing(SystemExit()), NoAuthority)
    eventually(lambda: len(reported) == 5)
    assert [one.exc_type for one in reported] == [
        LookupError,
        TypeError,
        InvalidParameter,
        InvalidParameter,
        SystemExit,
    ]


@pytest.mark.asyncio
async def test_exception_goes_to_the_loop() -> None:
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: reported.append(context)
    )

    async def look_up(user: str, domain: str) -> str:
        raise LookupError("the database is away")

    for function in (look_up, failing(LookupError("the database is away"))):
        ours, theirs = client(), server(function)
        with pytest.raises(NoAuthority):
            await handshake_async(ours, theirs)
        end(ours, theirs)
    assert [type(one["exception"]) for one in reported] == [LookupError] * 2


def test_what_cannot_be_a_verifier() -> None:
    async def look_up(user: str, domain: str) -> str:
        return PASSWORD

    with pytest.raises(TypeError, match="async function"):
        server(look_up).step(b"").result(10)
    with pytest.raises(TypeError, match="callable"):
        server("alice").step(b"").result(10)
    context = sspi_async.raw.SspiCreateAsyncContext()
    assert context is not None
    with pytest.raises(InvalidParameter, match="ntlm_verifier"):
        sspi_async.raw.SspiAcquireCredentialsHandleAsync(
            context,
            None,
            "NTLM",
            CredentialUse.INBOUND,
            None,
            Identity(ntlm_verifier=lambda user, domain: None),
            None,
            None,
            sspi_async.raw.CredHandle(),
        )
    sspi_async.raw.SspiFreeAsyncContext(context)


def test_goes_with_the_credential() -> None:
    """Wrong would be: a function that is kept for ever, or one that goes too soon."""

    class LookUp:
        def __call__(self, user: str, domain: str) -> str:
            return PASSWORD

    look_up = LookUp()
    known = weakref.ref(look_up)
    collect()
    pending = sspi_async.pool_counts().pending
    ours, theirs = client(), server(look_up)
    del look_up
    collect()
    handshake(ours, theirs)
    end(ours, theirs)
    del theirs

    def is_gone() -> bool:
        collect()
        return known() is None and sspi_async.pool_counts().pending <= pending

    eventually(is_gone)


def test_loop_that_ends_answers() -> None:
    """Wrong would be: a server of another loop that waits for a function nobody calls."""

    async def acquire() -> Credential:
        return await Credential.acquire(
            "NTLM", CredentialUse.INBOUND, identity=Identity(ntlm_verifier=lambda u, d: None)
        )

    credential = asyncio.run(acquire())

    async def serve() -> None:
        ours, theirs = client(), sspi_async.server(credential=credential)
        with pytest.raises(NoAuthority):
            await handshake_async(ours, theirs)
        end(ours, theirs)

    asyncio.run(serve())
    credential.free_nowait()


def test_interpreter_ends_with_a_question() -> None:
    code = textwrap.dedent("""
        import asyncio, sspi_async
        from sspi_async import Identity

        async def look_up(user, domain):
            asked.set()
            await asyncio.Event().wait()

        async def main():
            global asked
            asked = asyncio.Event()
            ours = sspi_async.client("HTTP@localhost", package="NTLM",
                                     identity=Identity(user="alice", password="secret"))
            theirs = sspi_async.server(package="NTLM",
                                       identity=Identity(ntlm_verifier=look_up))
            leg = theirs.step(await ours.step(await theirs.step(await ours.step())))
            await asked.wait()
            print("asked")
            ours.delete_nowait()
            theirs.delete_nowait()

        asyncio.run(main())
    """)
    run = run_python(code)
    assert run.returncode == 0
    assert run.stdout == "asked\n"
