# SPDX-License-Identifier: MIT
"""Negotiate, Kerberos and NTLM for requests: `requests.get(url, auth=HTTPSPNEGOAuth())`.

NTLM authenticates a connection, and a session hands out its connections as it likes. So NTLM
goes through an adapter of its own, a copy of the session's that has one connection: one request
has it at a time, and nobody who authenticates as somebody else ever has.
"""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.cookies import cookiejar_from_dict, extract_cookies_to_jar
from requests.exceptions import UnrewindableBodyError
from requests.structures import CaseInsensitiveDict
from requests.utils import rewind_body, select_proxy

from ..error import Unsupported
from ..status import Status
from . import DISABLED, OPTIONAL, REQUIRED, MutualAuthenticationError
from ._client import Client
from ._dialogue import ONCE, Changes, Dialogue, change, harmless
from ._exchange import Answer
from ._lanes import Lanes
from ._wait import finish, on_this_thread

__all__ = ["DISABLED", "OPTIONAL", "REQUIRED", "HTTPSPNEGOAuth", "MutualAuthenticationError"]


class HTTPSPNEGOAuth(Client, AuthBase):
    """Authentication for sessions and single requests; docs/http.md has the arguments.

    Without a `timeout`, a leg may take as long as the request may wait for bytes. requests asks
    a proxy for "https" (CONNECT) out of sight: there it cannot authenticate.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._lanes: Lanes[HTTPAdapter] = Lanes()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Called by requests before it sends."""
        begun: list[Dialogue] = []
        if self.opportunistic_auth:
            begun.append(Dialogue(self, _host(request), on_this_thread))
            change(request.headers, finish(begun[0].begin()))

        def hook(response: requests.Response, **options: Any) -> requests.Response:
            # Called again for what a redirect leads to, which is another story.
            proxy = select_proxy(response.request.url or "", options.get("proxies"))
            dialogue = begun.pop() if begun else self._meet(response, proxy, options)
            with contextlib.closing(dialogue):
                return self._converse(dialogue, response, proxy, options)

        request.register_hook("response", hook)
        return request

    def _meet(self, response: requests.Response, proxy: str | None, options: Any) -> Dialogue:
        limit = options.get("timeout")
        limit = limit[1] if isinstance(limit, tuple) else limit
        timeout = limit if isinstance(limit, (int, float)) else None
        host, proxy = _host(response.request), urlsplit(proxy).hostname if proxy else None
        return Dialogue(self, host, on_this_thread, proxy=proxy, timeout=timeout)

    def _converse(
        self, dialogue: Dialogue, response: requests.Response, proxy: str | None, options: Any
    ) -> requests.Response:
        place = (*urlsplit(response.request.url or "")[:2], proxy)
        lane: HTTPAdapter | None = None
        try:
            while (changes := finish(dialogue.answer(_answer(response)))) is not None:
                if dialogue.bound and lane is None:
                    lane = self._lanes.take(place)
                    if lane is not None:  # perhaps the server knows the connection for ours
                        response = _send_again(lane, response, dict.fromkeys(changes), options)
                        if response.status_code not in (401, 407):
                            continue
                    lane = lane or _lane_of(response.connection)
                response = _send_again(lane or response.connection, response, changes, options)
        finally:
            if lane is not None:
                self._lanes.give(place, lane)
        if dialogue.must_strip(response.status_code):
            _strip(response)
        return response


def _lane_of(adapter: Any) -> HTTPAdapter:
    """Copy an adapter, with whatever its class has added, for one connection."""
    if not isinstance(adapter, HTTPAdapter):
        raise Unsupported(
            Status.SEC_E_UNSUPPORTED_FUNCTION,
            "NTLM needs a connection of its own, which only an HTTPAdapter can make",
        )
    lane: HTTPAdapter = object.__new__(type(adapter))
    lane.__dict__.update(adapter.__dict__)
    lane.proxy_manager = {}
    lane.init_poolmanager(1, 1, block=False)
    return lane


def _host(request: requests.PreparedRequest) -> str:
    return urlsplit(request.url or "").hostname or ""


def _answer(response: requests.Response) -> Answer:
    socket = getattr(getattr(response.raw, "connection", None), "sock", None)
    if response.status_code in (401, 407):
        _ = response.content  # whatever the leg takes, it holds no connection
    tls = socket if hasattr(socket, "getpeercert") else None
    return Answer(response.status_code, response.raw.headers.getlist, tls, socket)


def _send_again(
    sender: Any, response: requests.Response, changes: Changes, options: Any
) -> requests.Response:
    response.close()
    request = response.request.copy()
    jar: Any = request._cookies
    extract_cookies_to_jar(jar, response.request, response.raw)
    request.prepare_cookies(jar)
    change(request.headers, changes)
    if request.body is not None and not isinstance(request.body, (str, bytes, bytearray)):
        try:
            rewind_body(request)
        except UnrewindableBodyError:
            raise UnrewindableBodyError(ONCE) from None
    following: requests.Response = sender.send(request, **options)
    following.history = [*response.history, response]
    following.request = request
    return following


def _strip(response: requests.Response) -> None:
    """Take out what anybody may have written."""
    response.close()
    response._content, response._content_consumed = b"", True
    response.cookies = cookiejar_from_dict({})
    response.headers = CaseInsensitiveDict(harmless(response.headers))
