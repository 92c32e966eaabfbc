# SPDX-License-Identifier: MIT
"""The interpreter ends whatever is under way, with the exit code that was asked for."""

from __future__ import annotations

import concurrent.futures
import pathlib
import time

import pytest
from conftest import run_python

from sspi_async.testing import NtlmUsers, Realm

HEAD = """
import asyncio, sys, threading, sspi_async
module, users, ccache, realm = sys.argv[1:5]
sspi_async.add_package(module)
credential = sspi_async.Credential.acquire("Probe", 3).result(10)
def blocked():
    return sspi_async.client("block", credential=credential).step(callback=print)
"""

WAYS = {
    "calls blocked in a package": "calls = [blocked() for _ in range(5)]",
    "a loop with calls pending": """
async def main():
    for _ in range(5):
        blocked()
asyncio.run(main())
""",
    "a thread that waits for a call": """
threading.Thread(target=blocked().result, daemon=True).start()
""",
    "a callback that runs": """
import time
started = threading.Event()
def slow(call):
    started.set()
    time.sleep(0.2)
sspi_async.client("", credential=credential).step(callback=slow)
started.wait(10)
""",
    "contexts left alone": """
alice = sspi_async.Identity(user="alice", domain="TEST", password="correct-horse")
contexts = []
for _ in range(5):
    context = sspi_async.client("HTTP@localhost", package="NTLM", identity=alice).__enter__()
    context.step().result(10)
    contexts.append(context)
""",
    "handshakes in full swing": """
alice = sspi_async.Identity(user="alice", domain="TEST", password="correct-horse")
ours = sspi_async.Credential.acquire("NTLM", identity=alice).result(10)
theirs = sspi_async.Credential.acquire(
    "NTLM", 1, identity=sspi_async.Identity(ntlm_user_file=users)).result(10)
keys = sspi_async.Credential.acquire(
    "Kerberos", identity=sspi_async.Identity(ccache=ccache)).result(10)
async def one():
    client = sspi_async.client("HTTP@localhost", credential=ours)
    server = sspi_async.server(credential=theirs)
    await server.step(await client.step())
    sspi_async.client("HTTP@localhost", credential=keys).step()
async def main():
    await asyncio.wait_for(asyncio.gather(*[one() for _ in range(400)]), 0.02)
try:
    asyncio.run(main())
except asyncio.TimeoutError:
    pass
""",
}

RUNS = 204  # 34 for each way


def test_exit_with_calls_pending(
    probe_module: pathlib.Path, ntlm_users: NtlmUsers, krb5_realm: Realm
) -> None:
    """Wrong would be: a crash, a hang, or another exit code than 0."""
    arguments = (str(probe_module), str(ntlm_users.path), krb5_realm.ccache, krb5_realm.name)

    def run(number: int) -> tuple[str, int, str, float]:
        way = list(WAYS)[number % len(WAYS)]
        started = time.monotonic()
        done = run_python(HEAD + WAYS[way], *arguments, timeout=30)
        return way, done.returncode, done.stderr, time.monotonic() - started

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(run, range(RUNS)))
    assert [result for result in results if result[1] != 0 or result[2] != ""] == []
    assert max(seconds for *_, seconds in results) < 15


@pytest.mark.parametrize(
    "way", ["sys.exit(3)", "raise SystemExit(3)", "import os; os._exit(3)"]
)
def test_exit_code_is_kept(way: str, probe_module: pathlib.Path) -> None:
    done = run_python(HEAD + "blocked()\n" + way, str(probe_module), "", "", "")
    assert done.returncode == 3, done.stderr
