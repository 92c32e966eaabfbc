# SPDX-License-Identifier: MIT
"""Ten thousand contexts in one loop, and memory that stays flat."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import pathlib

import pytest
from conftest import Probe

import sspi_async
from sspi_async import Credential
from sspi_async.testing import NtlmUsers

COUNT = 10_000


def resident_kib() -> int:
    """How much memory this process has, without what malloc keeps for next time."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


async def open_and_delete(credential: Credential, target: str) -> None:
    contexts = [sspi_async.client(target, credential=credential) for _ in range(COUNT)]
    tokens = await asyncio.gather(*[context.step() for context in contexts])
    assert all(tokens)
    await asyncio.gather(*[context.delete() for context in contexts])


@pytest.mark.parametrize("package", ["Probe", "NTLM"])
def test_ten_thousand_contexts(package: str, probe: Probe, ntlm_users: NtlmUsers) -> None:
    """Wrong would be: memory that grows from round to round."""
    if package == "Probe":
        credential = probe.credential
    else:
        credential = Credential.acquire("NTLM", identity=ntlm_users.client()).result(10)
    sizes = []
    for _ in range(4):
        asyncio.run(open_and_delete(credential, "HTTP@localhost"))
        sizes.append(resident_kib())
    # What is left behind by 30,000 contexts may be less than 500 bytes of each; the first
    # round has paid for what stays.
    assert sizes[-1] - sizes[0] < 15_000, sizes
