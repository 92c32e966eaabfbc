# SPDX-License-Identifier: MIT
"""What ASGI servers show of a connection, and what they are told."""

from __future__ import annotations

import http
from collections.abc import Awaitable, MutableMapping
from typing import Any, Callable

from ._middleware import PROXY_FIELDS
from ._server import Answer, Connection, Fields

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_PROXY_NAMES = frozenset(name.encode("latin-1") for name in PROXY_FIELDS)
_STARTS = ("http.response.start", "websocket.accept", "websocket.http.response.start")


def values_of(scope: Message, name: str) -> list[str]:
    """Return the values of a field of the request."""
    wanted = name.lower().encode("latin-1")
    return [value.decode("latin-1") for key, value in scope["headers"] if key == wanted]


def connection_of(scope: Message, receive: Receive) -> Connection | None:
    """Return the connection of a request; None: others have it, too."""
    if scope.get("http_version", "1.1") not in ("1.0", "1.1"):
        return None
    transport = _transport(receive)
    if transport is not None:
        proxied = any(name in _PROXY_NAMES for name, _ in scope["headers"])
        # The protocol of a connection; not the transport, which in uvloop takes no weak
        # references.
        return Connection(transport.get_protocol(), lasting=not proxied)
    client, server = scope.get("client"), scope.get("server")
    # Who has this address later is not known: good for a handshake, not for a user.
    return Connection((*client, *(server or ())), lasting=False) if client else None


def peer_of(scope: Message, receive: Receive) -> str:
    """Return the address that the connection comes from; "" for a Unix socket.

    What uvicorn puts into the scope may come from a field of the request; the port is 0 then.
    """
    transport = _transport(receive)
    known = transport is not None
    peer = transport.get_extra_info("peername") if known else scope.get("client")
    if not isinstance(peer, (tuple, list)) or not peer:
        return ""
    return "not known" if not known and peer[1] == 0 else str(peer[0])


def _transport(receive: Receive) -> Any:
    """The connection itself, as uvicorn has it behind `receive`; None: it cannot be seen."""
    return getattr(getattr(receive, "__self__", None), "transport", None)


def adding(send: Send, fields: Fields) -> Send:
    """Have the application's answer carry fields in addition."""
    if not fields:
        return send
    added = _encode(fields)

    async def wrapped(message: Message) -> None:
        if message["type"] in _STARTS:
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return wrapped


async def send_answer(answer: Answer, scope: Message, send: Send) -> None:
    """Answer instead of the application."""
    kind = "http"
    if scope["type"] == "websocket":
        kind = "websocket.http"
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            phrase = http.HTTPStatus(answer.status).phrase
            await send({"type": "websocket.close", "code": 1008, "reason": phrase})
            return
    await send(
        {
            "type": f"{kind}.response.start",
            "status": answer.status,
            "headers": _encode(answer.fields),
        }
    )
    await send({"type": f"{kind}.response.body", "body": answer.body})


def _encode(fields: Fields) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]
