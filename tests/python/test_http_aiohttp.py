# SPDX-License-Identifier: MIT
"""aiohttp with our authentication, against Apache's mod_auth_gssapi."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from http_apache import Apache

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
