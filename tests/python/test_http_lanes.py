# SPDX-License-Identifier: MIT
"""Connections of NTLM are kept for their user, and lent to one request at a time."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import httpx
import pytest
import requests
import trio
import urllib3
from http_apache import Apache
from requests.adapters import BaseAdapter

import sspi_async
from sspi_async.http._lanes import Lanes, Marks
from sspi_async.http.httpx import HTTPSPNEGOAuth as HttpxAuth
from sspi_async.http.requests import HTTPSPNEGOAuth
from sspi_async.testing import NtlmUsers


def test_one_is_lent_once() -> None:
    """Wrong: two requests in one connection, or one that is still in use."""
    idle = {"a"}
    lanes: Lanes[str] = Lanes(lambda lane: lane in idle)
    assert lanes.take("here") is None
    lanes.give("here", "b")
    lanes.give("here", "a")
    assert lanes.take("there") is None
    assert lanes.take("here") == "a"
    assert lanes.take("here") is None
    idle.add("b")
    assert lanes.take("here") == "b"


def test_no_more_are_kept_than_is_sensible() -> None:
    """Wrong: a connection for ever for each request that ever was."""
    lanes: Lanes[int] = Lanes()
    for number in range(30):
        lanes.give("here", number)
    kept = []
    while (lane := lanes.take("here")) is not None:
        kept.append(lane)
    assert kept == list(range(20, 30))


def test_marks_tell_whether_others_came_through() -> None:
    """Wrong: two legs with another's request in between, taken for a refusal."""

    class Connection:
        pass

    marks, here, there = Marks(), Connection(), Connection()
    first = marks.mark(here, "alice")
    assert marks.mark(there, "alice") is not first
    assert marks.mark(here, "alice") is first
    marks.mark(here, "bob")
    assert marks.mark(here, "alice") is not first


def test_kept_connection_needs_no_handshake(web: Apache, ntlm_users: NtlmUsers) -> None:
    """Wrong: three legs for each request, as if nobody knew each other."""
    with requests.Session() as session:
        session.auth = HTTPSPNEGOAuth(identity=ntlm_users.client())
        first = session.get(web.url("ntlm/page"), timeout=30)
        assert [one.status_code for one in first.history] == [401, 401]
        second = session.get(web.url("ntlm/page"), timeout=30)
        assert [one.status_code for one in second.history] == [401]
        assert second.text == "ntlm\n"


def test_answer_that_is_still_read_keeps_its_connection(
    web: Apache, ntlm_users: NtlmUsers
) -> None:
    """Wrong: a second request waits for the reader of the first, or gets its bytes."""
    with requests.Session() as session:
        session.auth = HTTPSPNEGOAuth(identity=ntlm_users.client())
        with session.get(web.url("ntlm/page"), timeout=30, stream=True) as first:
            for _ in range(2):
                assert session.get(web.url("ntlm/page"), timeout=30).text == "ntlm\n"
            assert b"".join(first.iter_content()) == b"ntlm\n"


def test_adapter_that_cannot_have_one(ntlm_users: NtlmUsers) -> None:
    """Wrong: an AttributeError from within, or a handshake in anybody's connection."""

    class Adapter(BaseAdapter):
        def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> Any:
            response: Any = requests.Response()
            response.status_code, response.request, response.connection = 401, request, self
            fields = {"WWW-Authenticate": "NTLM"}
            response.raw = urllib3.HTTPResponse(
                io.BytesIO(), fields, 401, preload_content=False
            )
            return response

        def close(self) -> None:
            """Nothing to do."""

    with requests.Session() as session:
        session.mount("http://", Adapter())
        with pytest.raises(sspi_async.Unsupported, match="HTTPAdapter"):
            session.get("http://h/", auth=HTTPSPNEGOAuth(identity=ntlm_users.client()))


def test_turns_are_those_of_a_loop(web: Apache, ntlm_users: NtlmUsers) -> None:
    """Wrong: an object that was used in one loop hangs or fails in the next."""
    auth = HttpxAuth(identity=ntlm_users.client())
    pages: list[str] = []

    async def get(client: httpx.AsyncClient) -> None:
        pages.append((await client.get(web.url("ntlm/page"))).text)

    async def in_asyncio() -> None:
        async with httpx.AsyncClient(auth=auth, timeout=30) as client:
            await asyncio.gather(*[get(client) for _ in range(5)])

    async def in_trio() -> None:
        async with (
            httpx.AsyncClient(auth=auth, timeout=30) as client,
            trio.open_nursery() as nursery,
        ):
            for _ in range(5):
                nursery.start_soon(get, client)

    asyncio.run(in_asyncio())
    trio.run(in_trio)
    asyncio.run(in_asyncio())
    assert pages == ["ntlm\n"] * 15
