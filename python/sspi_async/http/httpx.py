# SPDX-License-Identifier: MIT
"""Negotiate, Kerberos and NTLM for httpx: `httpx.AsyncClient(auth=HTTPSPNEGOAuth())`.

httpx hands out connections as it likes. So NTLM, which authenticates a connection, takes turns
here, one handshake with a server at a time; a leg that went through another connection than the
one before is noticed, and the handshake begins again; and the connection is closed behind its
request, for nobody else is to have it.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import AsyncGenerator, Generator
from typing import Any

import anyio
import httpx

from ..queue import current_queue
from . import DISABLED, OPTIONAL, REQUIRED, MutualAuthenticationError
from ._client import Client
from ._dialogue import Dialogue, change, harmless
from ._exchange import Answer
from ._lanes import Marks
from ._wait import Wait, finish, in_loop, on_this_thread

__all__ = ["DISABLED", "OPTIONAL", "REQUIRED", "HTTPSPNEGOAuth", "MutualAuthenticationError"]


class HTTPSPNEGOAuth(Client, httpx.Auth):
    """Authentication for clients of both kinds; docs/http.md has the arguments.

    Without a `timeout`, a leg may take as long as the request may wait for bytes. httpx asks a
    proxy for "https" (CONNECT) out of sight: there it cannot authenticate.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._marks = Marks()
        self._bound: set[object] = set()  # servers that want NTLM
        self._turns: dict[object, threading.Lock] = {}
        self._turns_in_loops: weakref.WeakKeyDictionary[Any, dict[object, anyio.Lock]]
        self._turns_in_loops = weakref.WeakKeyDictionary()

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Called by `httpx.Client`."""
        flow = _Flow(self, request, on_this_thread)
        with contextlib.ExitStack() as stack:
            stack.callback(flow.close)
            finish(flow.begin())
            while not flow.over:
                if flow.takes_turn():
                    stack.enter_context(self._turns.setdefault(flow.origin, threading.Lock()))
                response = yield flow.request
                if response.status_code in (401, 407):
                    response.read()  # whatever the leg takes, it holds no connection
                finish(flow.answer(response))
            if flow.unproven:
                response.close()
                _strip(response)

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Called by `httpx.AsyncClient`, in asyncio or trio."""
        flow = _Flow(self, request, in_loop)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(flow.close)
            await flow.begin()
            while not flow.over:
                if flow.takes_turn():
                    turns = self._turns_in_loops.setdefault(current_queue(), {})
                    turn = turns.setdefault(flow.origin, anyio.Lock())
                    await stack.enter_async_context(turn)
                response = yield flow.request
                if response.status_code in (401, 407):
                    await response.aread()
                await flow.answer(response)
            if flow.unproven:
                await response.aclose()
                _strip(response)


class _Flow:
    """A request; a redirect makes another one of it."""

    def __init__(self, auth: HTTPSPNEGOAuth, request: httpx.Request, wait: Wait) -> None:
        self.request, self._auth, self._wait = request, auth, wait
        self.over = self.unproven = self._has_turn = False
        # A file is sent from where it was, not from where the last time has left it.
        body: Any = getattr(request.stream, "_stream", None)
        self._body, self._place = body, body.tell() if hasattr(body, "seek") else None
        self._meet()

    def _meet(self) -> None:
        self.origin = _origin(self.request)
        self._keep_alive = self.request.headers.get("Connection")
        patience = self.request.extensions.get("timeout", {}).get("read")
        host = self.request.url.raw_host.decode("ascii")
        self._dialogue = Dialogue(self._auth, host, self._wait, timeout=patience)

    def close(self) -> None:
        self._dialogue.close()

    async def begin(self) -> None:
        change(self.request.headers, await self._dialogue.begin())

    async def answer(self, response: httpx.Response) -> None:
        """Take an answer; then `request` is to be sent, or it is over."""
        self.request = response.request
        if _origin(self.request) != self.origin:
            self._dialogue.close()
            self._meet()
        stream = response.extensions.get("network_stream")
        tls = stream.get_extra_info("ssl_object") if stream is not None else None
        way = self._auth._marks.mark(stream, self) if stream is not None else None
        http2 = response.http_version == "HTTP/2"
        status, fields = response.status_code, response.headers.get_list
        changes = await self._dialogue.answer(Answer(status, fields, tls, way, http2))
        if changes is None:
            self.over, self.unproven = True, self._dialogue.must_strip(status)
            return
        closing = "close" if self._dialogue.last else self._keep_alive
        change(self.request.headers, {**changes, "Connection": closing})
        if self._place is not None:
            self._body.seek(self._place)
        elif hasattr(self._body, "__next__") or hasattr(self._body, "__anext__"):
            raise httpx.StreamConsumed

    def takes_turn(self) -> bool:
        """Tell whether it needs a turn now that it has not."""
        if self._dialogue.bound:
            self._auth._bound.add(self.origin)
        needs = self.origin in self._auth._bound and not self._has_turn
        self._has_turn = self._has_turn or needs
        return needs


def _origin(request: httpx.Request) -> tuple[str, bytes, int | None]:
    return request.url.scheme, request.url.raw_host, request.url.port


def _strip(response: httpx.Response) -> None:
    """Take out what anybody may have written."""
    response.headers = httpx.Headers(harmless(response.headers))
    response._content = b""
