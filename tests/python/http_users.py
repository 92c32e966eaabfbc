# SPDX-License-Identifier: MIT
"""The clients that people use, behind one face, so that one test can try them all."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import dataclasses
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from typing import Any, Callable

import aiohttp
import httpx
import pytest
import requests

import sspi_async.http.aiohttp
import sspi_async.http.httpx
import sspi_async.http.requests


@dataclasses.dataclass(frozen=True)
class Page:
    """An answer."""

    status: int
    text: str
    headers: Mapping[str, str]
    cookies: int = 0

    @property
    def user(self) -> str:
        """Who Apache says we are."""
        return self.headers.get("X-User", "")


class User(abc.ABC):
    """A session of one of them; each request brings its own authentication."""

    auth: Callable[..., Any]
    knows_its_proxy = True
    takes_files = True

    def __init__(self, authority: str, proxy: str | None) -> None:
        self.authority = authority
        self.proxy = proxy

    @abc.abstractmethod
    def send(
        self, method: str, url: str, auth: Any, *, timeout: float = 30, data: Any = None
    ) -> Page:
        """Make a request; redirects are followed."""

    def get(self, url: str, auth: Any, **more: Any) -> Page:
        """GET a page."""
        return self.send("GET", url, auth, **more)

    def stream(self, pieces: list[bytes]) -> Any:
        """A body that can be sent once."""
        return iter(pieces)

    @abc.abstractmethod
    def close(self) -> None:
        """End it."""


class Requests(User):
    """requests.Session."""

    auth = sspi_async.http.requests.HTTPSPNEGOAuth

    def __init__(self, authority: str, proxy: str | None) -> None:
        super().__init__(authority, proxy)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = authority
        if proxy is not None:
            self.session.proxies = {"http": proxy, "https": proxy}

    def send(
        self, method: str, url: str, auth: Any, *, timeout: float = 30, data: Any = None
    ) -> Page:
        answer = self.session.request(method, url, auth=auth, data=data, timeout=timeout)
        return Page(answer.status_code, answer.text, answer.headers, len(answer.cookies))

    def close(self) -> None:
        self.session.close()


class HttpxSync(User):
    """httpx.Client."""

    auth = sspi_async.http.httpx.HTTPSPNEGOAuth
    knows_its_proxy = False

    def __init__(self, authority: str, proxy: str | None) -> None:
        super().__init__(authority, proxy)
        self.client = httpx.Client(
            verify=ssl.create_default_context(cafile=authority),
            proxy=proxy,
            follow_redirects=True,
            trust_env=False,
        )

    def send(
        self, method: str, url: str, auth: Any, *, timeout: float = 30, data: Any = None
    ) -> Page:
        answer = self.client.request(method, url, auth=auth, content=data, timeout=timeout)
        return Page(answer.status_code, answer.text, answer.headers, len(answer.cookies))

    def close(self) -> None:
        self.client.close()


class _InLoop(User):
    def __init__(self, authority: str, proxy: str | None) -> None:
        super().__init__(authority, proxy)
        self.loop = asyncio.new_event_loop()
        self.stack = contextlib.AsyncExitStack()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def stream(self, pieces: list[bytes]) -> Any:
        async def made() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

        return made()

    def close(self) -> None:
        self.run(self.stack.aclose())
        self.run(self.loop.shutdown_asyncgens())
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()


class HttpxAsync(_InLoop):
    """httpx.AsyncClient."""

    auth = sspi_async.http.httpx.HTTPSPNEGOAuth
    knows_its_proxy = False
    takes_files = False

    def __init__(self, authority: str, proxy: str | None) -> None:
        super().__init__(authority, proxy)
        self.client: httpx.AsyncClient = self.run(
            self.stack.enter_async_context(
                httpx.AsyncClient(
                    verify=ssl.create_default_context(cafile=authority),
                    proxy=proxy,
                    follow_redirects=True,
                    trust_env=False,
                )
            )
        )

    def send(
        self, method: str, url: str, auth: Any, *, timeout: float = 30, data: Any = None
    ) -> Page:
        work = self.client.request(method, url, auth=auth, content=data, timeout=timeout)
        answer = self.run(work)
        return Page(answer.status_code, answer.text, answer.headers, len(answer.cookies))


class Aiohttp(_InLoop):
    """aiohttp.ClientSession."""

    auth = sspi_async.http.aiohttp.HTTPSPNEGOAuth

    def __init__(self, authority: str, proxy: str | None) -> None:
        super().__init__(authority, proxy)

        async def make() -> aiohttp.ClientSession:
            trust = ssl.create_default_context(cafile=authority)
            connector = aiohttp.TCPConnector(ssl=trust)
            return await self.stack.enter_async_context(
                aiohttp.ClientSession(connector=connector)
            )

        self.session: aiohttp.ClientSession = self.run(make())

    def send(
        self, method: str, url: str, auth: Any, *, timeout: float = 30, data: Any = None
    ) -> Page:
        async def ask() -> Page:
            async with self.session.request(
                method,
                url,
                middlewares=() if auth is None else (auth,),
                data=data,
                proxy=self.proxy,
                timeout=aiohttp.ClientTimeout(total=timeout),
            ) as answer:
                text = await answer.text()
                return Page(answer.status, text, answer.headers, len(answer.cookies))

        page: Page = self.run(ask())
        return page


class HttpxOnAiohttp(_InLoop):
    """httpx.AsyncClient with the connections of aiohttp, which authenticate."""

    auth = sspi_async.http.aiohttp.HTTPSPNEGOAuth
    takes_files = False

    def __init__(self, authority: str, proxy: str | None) -> None:
        super().__init__(authority, proxy)
        self.transport = pytest.importorskip("httpx_aiohttp").AiohttpTransport
        self.clients: dict[Any, httpx.AsyncClient] = {}
        self.connector: aiohttp.TCPConnector = self.run(self._connect())

    async def _connect(self) -> aiohttp.TCPConnector:
        trust = ssl.create_default_context(cafile=self.authority)
        connector = aiohttp.TCPConnector(ssl=trust)
        self.stack.push_async_callback(connector.close)
        return connector

    async def _keep_body(self, request: httpx.Request) -> None:
        """What a redirect leads to would be sent as a stream, which cannot be sent again."""
        if isinstance(request.stream, httpx.ByteStream):
            await request.aread()

    async def _client(self, auth: Any) -> httpx.AsyncClient:
        """Whoever authenticates does so for a whole session; all share the connections."""
        if auth not in self.clients:
            session = aiohttp.ClientSession(
                connector=self.connector,
                connector_owner=False,
                middlewares=() if auth is None else (auth,),
            )
            proxy = None if self.proxy is None else httpx.Proxy(self.proxy)
            self.clients[auth] = await self.stack.enter_async_context(
                httpx.AsyncClient(
                    transport=self.transport(client=session, proxy=proxy),
                    event_hooks={"request": [self._keep_body]},
                    follow_redirects=True,
                )
            )
        return self.clients[auth]

    def send(
        self, method: str, url: str, auth: Any, *, timeout: float = 30, data: Any = None
    ) -> Page:
        async def ask() -> httpx.Response:
            client = await self._client(auth)
            return await client.request(method, url, content=data, timeout=timeout)

        # The timeouts of httpx are those of the connections there, and not of a leg.
        answer = self.run(asyncio.wait_for(ask(), timeout))
        return Page(answer.status_code, answer.text, answer.headers, len(answer.cookies))


KINDS: dict[str, type[User]] = {
    "requests": Requests,
    "httpx": HttpxSync,
    "httpx-async": HttpxAsync,
    "aiohttp": Aiohttp,
    "httpx-aiohttp": HttpxOnAiohttp,
}


@contextlib.contextmanager
def session(kind: str, authority: str, proxy: str | None = None) -> Iterator[User]:
    """A session that is closed again."""
    with contextlib.closing(KINDS[kind](authority, proxy)) as user:
        yield user
