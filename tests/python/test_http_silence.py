# SPDX-License-Identifier: MIT
"""A KDC that is silent holds up whoever needs it, until its timeout, and nobody else."""

from __future__ import annotations

import asyncio
import concurrent.futures
import ssl
from collections.abc import Awaitable, Iterator
from typing import Any, Callable

import aiohttp
import httpx
import pytest
import requests
import trio
from http_apache import Apache
from http_users import KINDS, session

import sspi_async.http.aiohttp
import sspi_async.http.httpx
from sspi_async import Identity
from sspi_async.testing import Realm

# Longer than the others take, whatever the machine is doing; nobody waits for it.
FOR_EVER = 25

# Ours, and those of the libraries, where the machine is so slow that they are first.
TIMEOUTS = (TimeoutError, asyncio.TimeoutError, requests.Timeout, httpx.TimeoutException)


@pytest.fixture
def frozen(krb5_realm: Realm, web: Apache) -> Iterator[str]:
    """Of which there is no ticket yet: the page of a host whose KDC does not answer."""
    with session("requests", web.authority) as user:
        auth = user.auth(identity=krb5_realm.client)
        assert user.get(web.url("kerberos/page"), auth).status == 200  # this ticket there is
    krb5_realm.freeze()
    yield f"http://127.0.0.1:{web.plain}/kerberos/page"
    krb5_realm.thaw()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["the request", "the authentication"])
def test_request_ends_at_its_timeout(
    kind: str, where: str, frozen: str, web: Apache, krb5_realm: Realm
) -> None:
    """Wrong: 27 seconds, or for ever."""
    with session(kind, web.authority) as user:
        if where == "the request":
            auth, limit = user.auth(identity=krb5_realm.client), 0.3
        else:
            auth, limit = user.auth(identity=krb5_realm.client, timeout=0.1), FOR_EVER
        with pytest.raises(TIMEOUTS):
            user.get(frozen, auth, timeout=limit)
        # The session is as good as before.
        assert user.get(web.url("kerberos/page"), auth).text == "kerberos\n"


@pytest.mark.parametrize("kind", KINDS)
def test_timeout_is_for_the_credential_too(
    kind: str, frozen: str, web: Apache, krb5_realm: Realm
) -> None:
    """Wrong: whoever has a password and no ticket yet waits for as long as the KDC likes."""
    alice = Identity(user=f"alice@{krb5_realm.name}", password=krb5_realm.password_of("alice"))
    with session(kind, web.authority) as user:
        auth = user.auth(identity=alice, mech="Kerberos")
        with pytest.raises(TIMEOUTS):
            user.get(web.url("kerberos/page"), auth, timeout=0.3)
        krb5_realm.thaw()
        assert user.get(web.url("kerberos/page"), auth).text == "kerberos\n"


@pytest.mark.parametrize("kind", KINDS)
def test_proxy_that_asks_holds_up_nobody_else(
    kind: str, frozen: str, web: Apache, krb5_realm: Realm
) -> None:
    """Wrong: whoever needs a ticket for a proxy waits for as long as the KDC likes."""
    with session(kind, web.authority, web.proxy_url) as user:
        stuck = user.auth(identity=krb5_realm.client, proxy_target_name="HTTP@127.0.0.1")
        with pytest.raises(TIMEOUTS):
            user.get(web.url("open"), stuck, timeout=0.3)
        auth = user.auth(identity=krb5_realm.client, proxy_target_name="HTTP@localhost")
        assert user.get(web.url("open"), auth).text == "open\n"


async def others_go_on(get: Callable[[str], Awaitable[str]], good: str, frozen: str) -> None:
    """200 requests at once, of which 50 need the KDC."""
    stuck = [asyncio.ensure_future(get(frozen)) for _ in range(50)]
    assert set(await asyncio.gather(*[get(good) for _ in range(150)])) == {"kerberos\n"}
    assert not any(one.done() for one in stuck)
    for one in stuck:
        one.cancel()
    assert all(
        isinstance(end, asyncio.CancelledError)
        for end in await asyncio.gather(*stuck, return_exceptions=True)
    )


@pytest.mark.asyncio
async def test_others_go_on_in_httpx(frozen: str, web: Apache, krb5_realm: Realm) -> None:
    """Wrong: 150 requests wait for the KDC of 50 others."""
    auth = sspi_async.http.httpx.HTTPSPNEGOAuth(identity=krb5_realm.client)
    # Fewer than wait for the KDC: those hold none.
    limits = httpx.Limits(max_connections=10)
    async with httpx.AsyncClient(auth=auth, timeout=FOR_EVER, limits=limits) as client:

        async def get(url: str) -> str:
            return (await client.get(url)).text

        await others_go_on(get, web.url("kerberos/page"), frozen)


@pytest.mark.asyncio
async def test_others_go_on_in_aiohttp(frozen: str, web: Apache, krb5_realm: Realm) -> None:
    """Wrong: 150 requests wait for the KDC of 50 others."""
    auth = sspi_async.http.aiohttp.HTTPSPNEGOAuth(identity=krb5_realm.client)
    limit = aiohttp.ClientTimeout(total=FOR_EVER)
    connector = aiohttp.TCPConnector(limit=10)
    async with aiohttp.ClientSession(
        connector=connector, middlewares=(auth,), timeout=limit
    ) as client:

        async def get(url: str) -> str:
            async with client.get(url) as answer:
                return await answer.text()

        await others_go_on(get, web.url("kerberos/page"), frozen)


def test_others_go_on_in_trio(frozen: str, web: Apache, krb5_realm: Realm) -> None:
    """Wrong: httpx in trio waits as it would without us."""
    auth = sspi_async.http.httpx.HTTPSPNEGOAuth(identity=krb5_realm.client)

    async def main() -> list[str]:
        pages: list[str] = []
        async with httpx.AsyncClient(auth=auth, timeout=FOR_EVER) as client:

            async def get(url: str) -> None:
                pages.append((await client.get(url)).text)

            async with trio.open_nursery() as stuck:
                for _ in range(5):
                    stuck.start_soon(get, frozen)
                async with trio.open_nursery() as others:
                    for _ in range(20):
                        others.start_soon(get, web.url("kerberos/page"))
                stuck.cancel_scope.cancel()
        return pages

    assert trio.run(main) == ["kerberos\n"] * 20


@pytest.mark.parametrize("kind", ["requests", "httpx"])
def test_others_go_on_in_threads(
    kind: str, frozen: str, web: Apache, krb5_realm: Realm
) -> None:
    """Wrong: threads that need no KDC wait for those that do."""
    with (
        session(kind, web.authority) as user,
        concurrent.futures.ThreadPoolExecutor(16) as threads,
    ):
        auth = user.auth(identity=krb5_realm.client)
        stuck = [threads.submit(user.get, frozen, auth, timeout=2) for _ in range(8)]
        pages = [threads.submit(user.get, web.url("kerberos/page"), auth) for _ in range(40)]
        for page in pages:
            assert page.result().text == "kerberos\n"
        for one in stuck:
            assert isinstance(one.exception(), TimeoutError)


@pytest.mark.asyncio
async def test_http2(web: Apache, krb5_realm: Realm, ntlm_users: Any) -> None:
    """Wrong: Kerberos does not go over HTTP/2, or NTLM does."""
    trust = ssl.create_default_context(cafile=web.authority)
    async with httpx.AsyncClient(http2=True, verify=trust, timeout=30) as client:
        auth = sspi_async.http.httpx.HTTPSPNEGOAuth(identity=krb5_realm.client)
        answers = await asyncio.gather(
            *[client.get(web.tls_url("kerberos/page"), auth=auth) for _ in range(8)]
        )
        assert {(one.http_version, one.text) for one in answers} == {("HTTP/2", "kerberos\n")}
        auth = sspi_async.http.httpx.HTTPSPNEGOAuth(identity=ntlm_users.client())
        with pytest.raises(sspi_async.Unsupported, match="turn HTTP/2 off"):
            await client.get(web.tls_url("ntlm/page"), auth=auth)
