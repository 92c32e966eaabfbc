# SPDX-License-Identifier: MIT
"""Fork: multiprocessing, servers that fork workers before they serve."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pathlib
import threading
import warnings
from typing import Callable

import pytest
from conftest import Probe, handshake, run_python

import sspi_async
from sspi_async.testing import NtlmUsers


def in_child(function: Callable[[], object]) -> None:
    """Run in a forked child; it must end with 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions warn of fork with threads
        child = os.fork()
    if child == 0:
        code = 1
        try:
            function()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_child_uses_contexts_of_the_parent(ntlm_users: NtlmUsers) -> None:
    client = sspi_async.client("HTTP@localhost", package="NTLM", identity=ntlm_users.client())
    server = sspi_async.server(package="NTLM", identity=ntlm_users.server)
    with client, server:
        handshake(client, server)

        def use() -> None:
            assert server.decrypt(client.encrypt(b"hello")) == b"hello"
            client.delete().result(10)

        in_child(use)
        assert server.decrypt(client.encrypt(b"hello")) == b"hello"


def test_child_has_queues_of_its_own(probe: Probe, ntlm_users: NtlmUsers) -> None:
    """Wrong would be: a child that waits for the parent's dispatcher thread."""
    called = threading.Event()
    probe.client().step(callback=lambda _: called.set()).result(10)
    assert called.wait(10)

    def use() -> None:
        again = threading.Event()
        context = probe.client()
        context.step(callback=lambda _: again.set()).result(10)
        assert again.wait(10)

        async def main() -> None:
            async with probe.client() as context:
                await context.step()

        asyncio.run(main())

    in_child(use)
    in_child(use)


def test_pending_calls_are_the_parents(probe: Probe) -> None:
    called: list[object] = []
    context = probe.client("block")
    call = context.step(callback=called.append)
    probe.wait_blocked()

    def look() -> None:
        with pytest.raises(sspi_async.ShuttingDown):
            call.result(5)
        assert called == []

    in_child(look)
    assert not call.done()
    probe.release()
    assert call.result(10) == b"\1"
    context.delete_nowait()


def _work(users: pathlib.Path) -> str:
    known = NtlmUsers(users, "TEST", {"alice": "correct-horse"})
    client = sspi_async.client("HTTP@localhost", package="NTLM", identity=known.client())
    server = sspi_async.server(package="NTLM", identity=known.server)
    with client, server:
        handshake(client, server)
        return server.attributes.user_name


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing(method: str, ntlm_users: NtlmUsers) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with multiprocessing.get_context(method).Pool(2) as pool:
            names = pool.map(_work, [ntlm_users.path] * 6)
    assert names == ["TEST\\alice"] * 6


def test_prefork_server(probe_module: pathlib.Path) -> None:
    """A parent that has used the library, and children that each run a loop and exit."""
    code = """
import asyncio, os, sys, sspi_async
sspi_async.add_package(sys.argv[1])
credential = sspi_async.Credential.acquire("Probe", 3).result(10)
async def serve():
    contexts = [sspi_async.client("", credential=credential) for _ in range(20)]
    await asyncio.gather(*[context.step() for context in contexts])
    await asyncio.gather(*[context.delete() for context in contexts])
asyncio.run(serve())
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        asyncio.run(serve())
        sys.exit(7)
    children.append(child)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""
    done = run_python(code, str(probe_module))
    assert (done.returncode, done.stdout) == (0, "[7, 7, 7, 7]\n"), done.stderr
