# SPDX-License-Identifier: MIT
"""httpx with our authentication, against Apache's mod_auth_gssapi."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from http_apache import Apache

from sspi_async.http.httpx import REQUIRED, HTTPSPNEGOAuth
from sspi_async.testing import NtlmUsers, Realm

pytestmark = pytest.mark.asyncio


async def test_kerberos(web: Apache, krb5_realm: Realm) -> None:
    """Wrong: no page for who has a ticket, or one for another."""
    auth = HTTPSPNEGOAuth(REQUIRED, identity=krb5_realm.client)
    async with httpx.AsyncClient(auth=auth) as client:
        answer = await client.get(web.url("kerberos/page"))
    assert (answer.status_code, answer.text) == (200, "kerberos\n")
    assert answer.headers["X-User"] == f"alice@{krb5_realm.name}"


async def test_ntlm(web: Apache, ntlm_users: NtlmUsers) -> None:
    """Wrong: legs that part, or a user that is another."""
    auth = HTTPSPNEGOAuth(identity=ntlm_users.client())
    async with httpx.AsyncClient(auth=auth) as client:
        answers = await asyncio.gather(*[client.get(web.url("ntlm/page")) for _ in range(20)])
    for answer in answers:
        assert (answer.status_code, answer.text) == (200, "ntlm\n"), web.log()
        assert answer.headers["X-User"] == "TEST\\alice"
