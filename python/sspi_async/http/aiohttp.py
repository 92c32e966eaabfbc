# SPDX-License-Identifier: MIT
"""Negotiate, Kerberos and NTLM for aiohttp: `ClientSession(middlewares=(HTTPSPNEGOAuth(),))`.

aiohttp keeps connections apart by host, TLS settings, proxy, and the fields sent to a proxy. By
those this keeps apart what is a user's: connections through which one user authenticated go
to no other, and a handshake of NTLM has one for itself until its response has been read.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from typing import Any

from aiohttp import (
    EMPTY_PAYLOAD,
    ClientHandlerType,
    ClientHttpProxyError,
    ClientRequest,
    ClientResponse,
    ServerTimeoutError,
)
from multidict import CIMultiDict, CIMultiDictProxy

from ..error import DeadlineExceeded, InvalidParameter, Unsupported
from ..status import Status
from . import DISABLED, OPTIONAL, REQUIRED, MutualAuthenticationError
from ._client import Client
from ._dialogue import ONCE, Dialogue, change, harmless
from ._exchange import Answer
from ._lanes import Lanes
from ._wait import in_loop

__all__ = ["DISABLED", "OPTIONAL", "REQUIRED", "HTTPSPNEGOAuth", "MutualAuthenticationError"]

# Parts the pool. Sent to a proxy that is asked to CONNECT, and to nobody else.
_LANE = "X-Connection"
_numbers = itertools.count(1)


class HTTPSPNEGOAuth(Client):
    """A middleware for sessions and single requests; docs/http.md has the arguments.

    The timeouts of the session hold for handshakes, too.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._number = next(_numbers)
        # Each with the last response that came through it, which may still be read.
        self._lanes: Lanes[tuple[int, ClientResponse]] = Lanes(lambda lane: lane[1].closed)
        # What a proxy was sent when it last let us CONNECT.
        self._tunnels: dict[object, Mapping[str, str]] = {}

    async def __call__(
        self, request: ClientRequest, handler: ClientHandlerType
    ) -> ClientResponse:
        """Called by aiohttp for each request, redirected ones among them."""
        proxy = request.proxy.host if request.proxy is not None else None
        dialogue = Dialogue(self, request.url.raw_host or "", in_loop, proxy=proxy)
        place = (request.url.origin(), request.proxy)
        lane: int | None = None
        request.response_class = _remembering(request.response_class)  # type: ignore[arg-type]
        _enter(request, self._number, self._tunnels.get(place, {}))
        try:
            change(request.headers, await dialogue.begin())
            response = await self._send(request, handler, dialogue, place)
            while (changes := await dialogue.answer(_answer(response))) is not None:
                if dialogue.bound and lane is None:
                    kept = self._lanes.take(place)
                    lane = kept[0] if kept is not None else next(_numbers)
                    _enter(request, lane, {})
                    if kept is not None:  # perhaps the server knows the connection for ours
                        change(request.headers, dict.fromkeys(changes))
                        response = await self._send(request, handler, dialogue, place)
                        if response.status not in (401, 407):
                            continue
                change(request.headers, changes)
                response = await self._send(request, handler, dialogue, place)
        except DeadlineExceeded as error:  # an OSError, which aiohttp takes for the network's
            raise ServerTimeoutError(error.message) from error
        finally:
            dialogue.close()
        if lane is not None:
            self._lanes.give(place, (lane, response))
        if dialogue.must_strip(response.status):
            _strip(response)
        return response

    async def _send(
        self, request: ClientRequest, handler: ClientHandlerType, dialogue: Dialogue, place: Any
    ) -> ClientResponse:
        """Send it, through whatever asks on the way to a server of "https"."""
        if getattr(request.body, "consumed", False):
            raise InvalidParameter(Status.SEC_E_INVALID_PARAMETER, f"{ONCE} or expect100=True")
        if dialogue.bound:  # a body that is held back costs its connection
            request.headers.pop("Expect", None)
            request._continue = None
        request.update_expect_continue()
        while True:
            try:
                response = await handler(request)
                if response.status in (401, 407):
                    await response.read()  # whatever a leg takes, it holds no connection
                return response
            except ClientHttpProxyError as error:
                changes = await dialogue.answer(_answer(error)) if error.status == 407 else None
                if changes is None:
                    raise
                if dialogue.bound:
                    text = "aiohttp ends a connection to a proxy that asks: NTLM cannot go on"
                    raise Unsupported(Status.SEC_E_UNSUPPORTED_FUNCTION, text) from error
                tunnel = CIMultiDict(request.proxy_headers or {})
                change(tunnel, changes)
                request.proxy_headers = self._tunnels[place] = tunnel


def _enter(request: ClientRequest, lane: int, fields: Mapping[str, str]) -> None:
    former = {**(request.proxy_headers or {}), **fields}
    request.proxy_headers = CIMultiDict({**former, _LANE: str(lane)})


@functools.lru_cache
def _remembering(base: type[Any]) -> type[Any]:
    """Make a class of responses that remember their connection, which may be gone too soon."""

    class Response(base):  # type: ignore[misc]
        tls: object = None
        transport: object = None

        async def start(self, connection: Any) -> Any:
            self.transport = connection.transport
            self.tls = self.transport and connection.transport.get_extra_info("ssl_object")
            return await super().start(connection)

    return Response


def _answer(response: Any) -> Answer:
    tls, transport = getattr(response, "tls", None), getattr(response, "transport", None)
    return Answer(response.status, lambda of: response.headers.getall(of, ()), tls, transport)


def _strip(response: Any) -> None:
    """Take out what anybody may have written."""
    response.close()
    response._body, response._raw_cookie_headers, response._raw_headers = b"", None, ()
    response._headers = CIMultiDictProxy(CIMultiDict(harmless(response.headers)))
    response._cache, response.content = {}, EMPTY_PAYLOAD
