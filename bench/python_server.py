# SPDX-License-Identifier: MIT
"""Row "http-server": authenticated requests to an ASGI application, by uvicorn and without it.

The peer is the same application with python-gssapi, each leg of it in a thread of asyncio's. 64
connections that stay open send requests with one Kerberos token, again and again (there is no
replay cache on either side), so that the client costs next to nothing. Without a server, 64
tasks call the application as one would: what is left is the middleware.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import importlib
import os
import pathlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import measure
import server

import sspi_async
from sspi_async import Identity
from sspi_async.asgi import NegotiateMiddleware

ROW = "http-server"
CONNECTIONS = 64
COUNT = 20000


async def page(scope: Any, receive: Any, send: Any) -> None:
    """The application."""
    body = f"hello {scope['user']}\n".encode()
    length = (b"content-length", str(len(body)).encode())
    headers = [length, *scope.get("reply", ())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def ours() -> Any:
    """It, behind our middleware."""
    identity = Identity(keytab=os.environ["KEYTAB"], replay_cache="none:")
    return NegotiateMiddleware(page, identity=identity)


def theirs() -> Any:
    """It, behind the least that one writes with python-gssapi."""
    gssapi = importlib.import_module("gssapi")
    credential = gssapi.Credentials(usage="accept", store={"keytab": os.environ["KEYTAB"]})

    def accept(token: bytes) -> tuple[str, bytes]:
        context = gssapi.SecurityContext(creds=credential, usage="accept")
        reply = context.step(token)
        return str(context.initiator_name), reply or b""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        fields = dict(scope["headers"])
        token = base64.b64decode(fields[b"authorization"].partition(b" ")[2])
        user, reply = await asyncio.to_thread(accept, token)
        field = (b"www-authenticate", b"Negotiate " + base64.b64encode(reply))
        await page({**scope, "user": user, "reply": [field]}, receive, send)

    return app


@contextlib.contextmanager
def served(factory: str) -> Iterator[int]:
    """Run uvicorn, with its port."""
    port = server.free_port()
    # By its port: uvicorn takes --fd for a Unix socket, and leaves Nagle's algorithm on, which
    # has each answer wait for the client's next acknowledgement.
    command = [
        sys.executable, "-m", "uvicorn", "--factory", f"python_server:{factory}",
        "--port", str(port), "--log-level", "error", "--no-access-log",
    ]  # fmt: skip
    with server.listening(command, port, cwd=pathlib.Path(__file__).parent):
        yield port


class Connection(asyncio.Protocol):
    """Sends the request again whenever the page is there, as long as some are left."""

    def __init__(self, request: bytes, left: Iterator[int]) -> None:
        self._request = request
        self._left = left
        self._answer = b""
        self._transport: Any = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Look for the end of the page."""
        self._answer += data
        if not self._answer.partition(b"\r\n\r\n")[2].endswith(b"\n"):
            return
        if self._answer.startswith(b"HTTP/1.1 200 "):
            self._go_on()
        else:
            self._end(RuntimeError(self._answer.decode()))

    def connection_lost(self, exc: Exception | None) -> None:
        """It was closed, by us or too early."""
        self._end(RuntimeError("the connection was closed"))

    def _go_on(self) -> None:
        self._answer = b""
        if next(self._left, None) is None:
            self._end(None)
        else:
            self._transport.write(self._request)

    def _end(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None) if error is None else self.done.set_exception(error)
        self._transport.close()


async def cost(port: int, request: bytes, count: int) -> float:
    """Microseconds a request."""
    left = iter(range(count))
    begun = time.perf_counter()
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Connection(request, left), "127.0.0.1", port)
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*[connection.done for _, connection in made])
    return (time.perf_counter() - begun) * 1e6 / count


class Channel:
    """What an application sees of a connection of uvicorn's."""

    transport: Any

    def __init__(self) -> None:
        self.transport = self

    def get_protocol(self) -> Channel:
        """The connection."""
        return self

    def get_extra_info(self, name: str) -> tuple[str, int]:
        """The address."""
        return ("127.0.0.1", 1)

    async def receive(self) -> dict[str, Any]:
        """There is no body."""
        return {"type": "http.request"}


async def cost_of(app: Any, token: str, count: int) -> float:
    """Microseconds a request of an application without a server."""
    left = iter(range(count))
    headers = [(b"host", b"localhost"), (b"authorization", f"Negotiate {token}".encode())]
    scope = {"type": "http", "http_version": "1.1", "headers": headers}

    async def send(message: Any) -> None:
        if message.get("status", 200) != 200:
            raise RuntimeError(str(message))

    async def work() -> None:
        channel = Channel()
        for _ in left:
            await app({**scope, "client": ("127.0.0.1", 1)}, channel.receive, send)

    begun = time.perf_counter()
    await asyncio.gather(*[work() for _ in range(CONNECTIONS)])
    return (time.perf_counter() - begun) * 1e6 / count


def main() -> None:
    """Measure the row."""
    if "REALM_DIR" not in os.environ:
        measure.skip("no realm: run me by ./dev bench or tests/support/realm")
    for name in ("uvicorn", "gssapi"):
        try:
            importlib.import_module(name)
        except ImportError:
            measure.skip(f"{name} is not installed")
    with sspi_async.client(
        "HTTP@localhost", identity=Identity(ccache=os.environ["CCACHE"])
    ) as context:
        token = base64.b64encode(context.step().result(20)).decode()
    request = f"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Negotiate {token}\r\n\r\n"
    count = measure.options.count(COUNT)
    with served("ours") as our_port, served("theirs") as their_port:

        def run(port: int) -> float:
            return asyncio.run(cost(port, request.encode(), count))

        measure.compare(
            ROW,
            "Negotiate (Kerberos)",
            "python-gssapi in to_thread",
            "us",
            functools.partial(run, our_port),
            functools.partial(run, their_port),
        )
    os.environ["KRB5RCACHENAME"] = "none:"  # theirs; it is the one of `served`, too

    def call(app: Any) -> float:
        return asyncio.run(cost_of(app, token, count))

    measure.compare(
        ROW,
        "Negotiate (Kerberos), without a server",
        "python-gssapi in to_thread",
        "us",
        functools.partial(call, ours()),
        functools.partial(call, theirs()),
    )


if __name__ == "__main__" and measure.options.wants(ROW):
    main()
