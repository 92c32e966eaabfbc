# SPDX-License-Identifier: MIT
"""Negotiate, Kerberos and NTLM for httpx: `httpx.AsyncClient(auth=HTTPSPNEGOAuth())`.

httpx hands out connections as it likes. So NTLM, which authenticates a connection, takes turns
here, one request to a server at a time. A leg that went through another connection than the one
before is noticed, and the handshake begins again; a connection on which half of one was left
behind is closed. And so is the one that was authenticated, for nobody else is to have it.
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
from ._dialogue import ONCE, Dialogue, change, harmless
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
        self._littered: set[object] = set()  # where handshakes were left behind
        self._turns: dict[object, threading.Lock] = {}
        self._turns_in_loops: weakref.WeakKeyDictionary[Any, dict[object, anyio.Lock]]
        self._turns_in_loops = weakref.WeakKeyDictionary()

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Called by `httpx.Client`."""
        flow = _Flow(self, request, on_this_thread)
        with contextlib.ExitStack() as stack, contextlib.closing(flow):
            finish(flow.begin())
            while not flow.over:
                if flow.takes_turn():
                    stack.enter_context(self._turns.setdefault(flow.origin, threading.Lock()))
                finish(flow.answer((yield flow.request)))

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
                await flow.answer((yield flow.request))


class _Flow:
    """A request; a redirect makes another one of it."""

    def __init__(self, auth: HTTPSPNEGOAuth, request: httpx.Request, wait: Wait) -> None:
        self.request, self._auth, self._wait = request, auth, wait
        self.over = self._has_turn = False
        # A file is sent from where it was, not from where the last time has left it.
        body: Any = getattr(request.stream, "_stream", None)
        self._body, self._place = body, body.tell() if hasattr(body, "seek") else None
        self._meet()

    def _meet(self) -> None:
        self.origin = _origin(self.request)
        self._keep_alive = self.request.headers.get("Connection")
        patience = self.request.extensions.get("timeout", {}).get("read")
        host = self.origin[1].decode("ascii")
        self._dialogue = Dialogue(self._auth, host, self._wait, timeout=patience)

    def close(self) -> None:
        self._dialogue.close()

    async def begin(self) -> None:
        change(self.request.headers, await self._dialogue.begin())

    async def answer(self, response: httpx.Response) -> None:
        """Take an answer; then `request` is to be sent, or it is over."""
        self.request = response.request
        if _origin(self.request) != self.origin:
            self.close()
            self._meet()
        stream = response.extensions.get("network_stream")
        tls = stream.get_extra_info("ssl_object") if stream is not None else None
        mark = self._auth._marks.mark(stream, self) if stream is not None else None
        status, fields = response.status_code, response.headers.get_list
        http2, littered = response.http_version == "HTTP/2", self.origin in self._auth._littered
        if status in (401, 407) and not self._dialogue.bound:
            await self._read(response)  # whatever the leg takes, it holds no connection
        heard = Answer(status, fields, tls, mark, http2, littered)
        changes = await self._dialogue.answer(heard)
        if self._dialogue.parted:
            self._auth._littered.add(self.origin)
        if changes is None:
            self.over = True
            if self._dialogue.must_strip(status):
                await self._drop(response)
                response.headers = httpx.Headers(harmless(response.headers))
            return
        if self._dialogue.anew:
            await self._drop(response)
        closing = "close" if self._dialogue.last else self._keep_alive
        change(self.request.headers, {**changes, "Connection": closing})
        if self._place is not None:
            self._body.seek(self._place)
        elif hasattr(self._body, "__next__") or hasattr(self._body, "__anext__"):
            raise httpx.StreamError(ONCE)

    async def _read(self, response: httpx.Response) -> None:
        await response.aread() if self._wait is in_loop else response.read()

    async def _drop(self, response: httpx.Response) -> None:
        """Close it unread, which closes the connection."""
        await response.aclose() if self._wait is in_loop else response.close()
        response._content = b""

    def takes_turn(self) -> bool:
        """Tell whether it needs a turn now that it has not."""
        if self._dialogue.bound:
            self._auth._bound.add(self.origin)
        needs = self.origin in self._auth._bound and not self._has_turn
        self._has_turn = self._has_turn or needs
        return needs


def _origin(request: httpx.Request) -> tuple[str, bytes, int | None]:
    return request.url.scheme, request.url.raw_host, request.url.port
