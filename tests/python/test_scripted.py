# SPDX-License-Identifier: MIT
"""Scripted calls: what a test says is what the program under test sees."""

from __future__ import annotations

import asyncio
import time

import pytest

import sspi_async
from sspi_async import Status
from sspi_async.testing import Leg, release, scripted


def test_second_leg_is_slow_and_fails() -> None:
    """Wrong would be: another leg, status or message, or no wait."""
    credential = scripted(
        Leg(token="hello"),
        Leg(delay=0.3, status=Status.SEC_E_NO_AUTHENTICATING_AUTHORITY, say="the KDC sleeps"),
    )
    context = sspi_async.client("HTTP@www.example.org", credential=credential)
    assert context.step().result(10) == b"hello"
    assert not context.complete
    began = time.monotonic()
    with pytest.raises(sspi_async.NoAuthority, match="the KDC sleeps"):
        context.step(b"answer").result(10)
    assert time.monotonic() - began >= 0.3
    context.delete().result(10)
    credential.free().result(10)


@pytest.mark.asyncio
async def test_blocked_leg_waits_for_its_release() -> None:
    """Wrong would be: a leg that goes on by itself, or never."""
    credential = scripted(Leg(block=True, token=3))
    async with sspi_async.client("x", credential=credential) as context:
        call = context.step()
        await asyncio.sleep(0.05)
        assert not call.done()
        release()
        assert await call == b"\1\1\1"
        assert context.complete


def test_two_sides_meet() -> None:
    """Wrong would be: a token that does not arrive, or an expectation that is not looked at."""
    credential = scripted(Leg(token="one"), Leg(token="three", expect="two"))
    server = scripted(Leg(token="two", expect="one"), Leg(expect="three", token=0))
    one = sspi_async.client("x", credential=credential)
    other = sspi_async.server(credential=server)
    answer = other.step(one.step().result(10)).result(10)
    other.step(one.step(answer).result(10)).result(10)
    assert one.complete
    assert other.complete
    wrong = sspi_async.server(credential=server)
    with pytest.raises(sspi_async.InvalidToken):
        wrong.step(b"something else").result(10)


def test_acquiring_may_fail_too() -> None:
    """Wrong would be: a credential in spite of the script."""
    with pytest.raises(sspi_async.LogonDenied, match="not you"):
        scripted(acquire=Leg(status=Status.SEC_E_LOGON_DENIED, say="not you"))


@pytest.mark.parametrize("text", ["it's", "\u00e9", "a\nb"])
def test_texts_that_cannot_be_said_are_refused(text: str) -> None:
    """Wrong would be: a script that means something else."""
    with pytest.raises(ValueError, match="printable ASCII"):
        scripted(Leg(token=text))
