# SPDX-License-Identifier: MIT
"""Row "python-silent-kdc": how long an asyncio loop stands still while logons hang.

The KDC takes connections and answers nothing. Ours: 1,000 logons at once to as many services,
each with a timeout of 500 ms. Theirs: one logon by python-gssapi in the loop, as the plug-ins
for HTTP clients make it. A task that sleeps for a millisecond at a time measures the pause.
"""

from __future__ import annotations

import asyncio
import atexit
import importlib
import os
import signal
import time
from collections.abc import Awaitable, Coroutine
from typing import Any, Callable

import measure

import sspi_async
from sspi_async import Credential, CredentialUse, Identity

ROW = "python-silent-kdc"
LOGONS = 1000
TIMEOUT = 0.5


def tell_kdc(what: signal.Signals) -> None:
    """Freeze the KDC, or let it go on."""
    os.kill(int(os.environ["KDC_PID"]), what)


async def longest_pause(work: Awaitable[None]) -> float:
    """Milliseconds by which a sleep of one came too late, at most, while the work was done."""
    worst = 0.0

    async def tick() -> None:
        nonlocal worst
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - begun - 0.001)

    ticker = asyncio.ensure_future(tick())
    await asyncio.sleep(0.01)
    await work
    await asyncio.sleep(0.01)
    ticker.cancel()
    return worst * 1e3


async def log_on(credential: Credential, number: int) -> None:
    """Ours: ends at its timeout."""
    target = f"HTTP@host{number}.localhost"
    context = sspi_async.client(target, package="Kerberos", credential=credential)
    try:
        await context.step(timeout=TIMEOUT)
    except sspi_async.DeadlineExceeded:
        return
    raise RuntimeError("a logon without a KDC")


async def log_on_many(credential: Credential) -> None:
    """Start them as a server would that gets many requests: a few for each turn of the loop."""
    logons = []
    for number in range(LOGONS):
        logons.append(asyncio.ensure_future(log_on(credential, number)))
        if number % 4 == 3:
            await asyncio.sleep(0)
    await asyncio.gather(*logons)


async def ours() -> float:
    """Milliseconds."""
    cache = Identity(ccache=os.environ["CCACHE"])
    credential = await Credential.acquire("Kerberos", CredentialUse.OUTBOUND, identity=cache)
    pause = await longest_pause(log_on_many(credential))
    await credential.free()
    return pause


def theirs(gssapi: Any) -> Callable[[], Coroutine[Any, Any, float]]:
    """Milliseconds."""

    async def log_on_once() -> None:
        kind = gssapi.NameType.hostbased_service
        name = gssapi.Name("HTTP@host0.localhost", kind)
        context = gssapi.SecurityContext(name=name, usage="initiate")
        try:
            context.step()
        except gssapi.exceptions.GSSError:
            return
        raise RuntimeError("a logon without a KDC")

    return lambda: longest_pause(log_on_once())


def main() -> None:
    """Measure the row."""
    if "KDC_PID" not in os.environ:
        measure.skip("no realm: run me by ./dev bench or tests/support/realm")
    atexit.register(tell_kdc, signal.SIGCONT)
    tell_kdc(signal.SIGSTOP)
    asyncio.run(ours())  # does not count
    samples = [asyncio.run(ours()) for _ in range(measure.options.rounds)]
    measure.show(ROW, "longest pause, 1,000 logons", "", "ms", samples)
    if measure.options.short:
        return  # GSSAPI takes half a minute
    try:
        gssapi = importlib.import_module("gssapi")
    except ImportError:
        measure.note("not measured: python-gssapi (it is not installed)")
        return
    pause = asyncio.run(theirs(gssapi)())
    measure.show(ROW, "longest pause", "python-gssapi in the loop", "ms", samples[:1], [pause])


if __name__ == "__main__" and measure.options.wants(ROW):
    main()
