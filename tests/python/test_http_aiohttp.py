# SPDX-License-Identifier: MIT
"""aiohttp with our authentication, against Apache's mod_auth_gssapi."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from http_apache import Apache

import sspi_async
from sspi_async.http.aiohttp import REQUIRED, HTTPSPNEGOAuth
from sspi_async.testing import NtlmUsers, Realm

pytestmark = pytest.mark.asyncio


async def test_kerberos(web: Apache, krb5_realm: Realm) -> None:
    """Wrong: no page for who has a ticket, or one for another."""
    auth = HTTPSPNEGOAuth(REQUIRED, identity=krb5_realm.client)
    async with (
        aiohttp.ClientSession(middlewares=(auth,)) as session,
        session.get(web.url("kerberos/page")) as answer,
    ):
        assert (answer.status, await answer.text()) == (200, "kerberos\n")
        assert answer.headers["X-User"] == f"alice@{krb5_realm.name}"


async def test_ntlm(web: Apache, ntlm_users: NtlmUsers) -> None:
    """Wrong: legs that part, or a user that is another."""
    auth = HTTPSPNEGOAuth(identity=ntlm_users.client())

    async with aiohttp.ClientSession(middlewares=(auth,)) as session:

        async def get(_: int) -> None:
            async with session.get(web.url("ntlm/page")) as answer:
                assert (answer.status, await answer.text()) == (200, "ntlm\n"), web.log()
                assert answer.headers["X-User"] == "TEST\\alice"

        await asyncio.gather(*map(get, range(40)))
        await asyncio.gather(*map(get, range(40)))


async def test_stream_waits_for_the_server(web: Apache, krb5_realm: Realm) -> None:
    """Wrong: a body that is there once goes to a server that still asks who we are."""
    taken: list[bytes] = []

    async def stream() -> AsyncIterator[bytes]:
        for piece in (b"in ", b"pieces"):
            taken.append(piece)
            yield piece

    auth = HTTPSPNEGOAuth(identity=krb5_realm.client)
    async with aiohttp.ClientSession(middlewares=(auth,)) as session:
        for _ in range(3):
            async with session.post(
                web.url("kerberos/app"), data=stream(), expect100=True
            ) as answer:
                assert (answer.status, await answer.text()) == (200, "in pieces"), web.log()
            assert taken == [b"in ", b"pieces"]
            taken.clear()


async def test_ntlm_sends_bodies_at_once(web: Apache, ntlm_users: NtlmUsers) -> None:
    """Wrong: a leg whose body is held back, for which Apache closes the connection."""

    async def stream() -> AsyncIterator[bytes]:
        yield b"once"

    auth = HTTPSPNEGOAuth(identity=ntlm_users.client())
    url = web.url("ntlm/app")
    async with aiohttp.ClientSession(middlewares=(auth,)) as session:
        for _ in range(2):
            async with session.post(url, data=b"bytes", expect100=True) as answer:
                assert (answer.status, await answer.text()) == (200, "bytes"), web.log()
    async with aiohttp.ClientSession(middlewares=(auth,)) as session:
        with pytest.raises(sspi_async.InvalidParameter, match="pass bytes or a file"):
            await session.post(url, data=stream(), expect100=True)
