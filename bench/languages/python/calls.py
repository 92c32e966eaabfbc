# SPDX-License-Identifier: MIT
"""Python's side of bench/languages.py: asyncio, and its threads for a function that blocks."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from collections.abc import Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import sspi_async
from sspi_async import Credential, CredentialUse

IN_FLIGHT = 64
DEADLINE = 5.0
LOOK = 4.0  # threads without work have left by then

probe = ctypes.CDLL(os.environ["PROBE_C"])
at_rest: int = probe.probe_threads()


def threads() -> int:
    """Of the process, beyond those at its start."""
    return int(probe.probe_threads()) - at_rest


async def spread(count: int, body: Callable[[], Awaitable[object]]) -> None:
    """Await body so often, 64 at a time."""
    left = iter(range(count))

    async def work(left: Iterator[int]) -> None:
        for _ in left:
            await body()

    await asyncio.gather(*(work(left) for _ in range(IN_FLIGHT)))


class Ours:
    """What the library does."""

    async def calls(self, count: int, script: str) -> None:
        """Make logons and delete their contexts."""
        credential = await Credential.acquire(
            "Scripted", CredentialUse.OUTBOUND, principal=script
        )

        async def log_on() -> None:
            context = sspi_async.client("", credential=credential)
            await context.step()
            await context.delete()

        await spread(count, log_on)
        await credential.free()

    async def silent(self, count: int) -> tuple[int, ...]:
        """Let logons hang until their deadline."""
        credential = await Credential.acquire("Kerberos", CredentialUse.OUTBOUND)

        async def log_on(number: int) -> None:
            context = sspi_async.client(f"HTTP@host{number}.localhost", credential=credential)
            try:
                await context.step(timeout=DEADLINE)
            except sspi_async.DeadlineExceeded:
                return
            raise RuntimeError("a logon without a KDC")

        logons = [asyncio.ensure_future(log_on(number)) for number in range(count)]
        await asyncio.sleep(LOOK)
        under_way = sum(not logon.done() for logon in logons)
        seen = under_way, threads(), int(probe.probe_library_threads())
        await asyncio.gather(*logons)
        await credential.free()
        return seen


class Theirs:
    """What programs do otherwise."""

    def __init__(self) -> None:
        self.executor = ThreadPoolExecutor()  # as asyncio makes its own

    def begin(self, package: str, target: str) -> Awaitable[int]:
        """Make a logon on a thread."""
        loop = asyncio.get_running_loop()
        words = (package.encode(), target.encode())
        return loop.run_in_executor(self.executor, probe.probe_log_on, *words)

    async def calls(self, count: int, target: str) -> None:
        """Make logons and delete their contexts."""

        async def log_on() -> None:
            if await self.begin("Scripted", target) != 0:
                raise RuntimeError(target)

        await spread(count, log_on)

    async def silent(self, count: int) -> tuple[int, ...]:
        """Let logons hang."""
        for number in range(count):
            self.begin("Kerberos", f"HTTP@host{number}.localhost")
        begun = min(count, self.executor._max_workers)
        while probe.probe_inside() < begun:  # noqa: ASYNC110 - nobody would set an event
            await asyncio.sleep(0.001)
        return int(probe.probe_inside()), threads()


def main(side: Any) -> None:
    """Answer lines."""
    loop = asyncio.new_event_loop()
    for line in sys.stdin:
        what, *words = line.split()
        if what == "calls":
            loop.run_until_complete(side.calls(int(words[0]), " ".join(words[1:])))
            print(threads(), flush=True)
        else:
            print(*loop.run_until_complete(side.silent(int(words[0]))), flush=True)


if __name__ == "__main__":
    main(Ours() if sys.argv[1] == "ours" else Theirs())
