# SPDX-License-Identifier: MIT
"""GET a page that wants Negotiate (Kerberos, or NTLM inside it), with asyncio alone.

    python http_client.py http://www.example.org/private/

Uses the tickets of whoever runs it. Prints the page. Each call of the handshake has ten
seconds: then it ends, whatever the KDC does.
"""

from __future__ import annotations

import asyncio
import base64
import sys
import urllib.parse

import sspi_async


class Answer:
    """A status, headers and a body."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def token(self) -> bytes:
        """The server's token, if it sent one."""
        scheme, _, text = self.headers.get("www-authenticate", "").partition(" ")
        return base64.b64decode(text) if scheme.lower() == "negotiate" else b""


async def ask(
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    path: str,
    host: str,
    token: bytes,
) -> Answer:
    """Send one request, and read the answer to it."""
    reader, writer = streams
    authorization = f"Authorization: Negotiate {base64.b64encode(token).decode()}\r\n"
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{authorization if token else ''}\r\n".encode()
    )
    await writer.drain()
    status = int((await reader.readline()).split()[1])
    headers = {}
    while (line := (await reader.readline()).strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(status, headers, body)


async def get(url: str, identity: sspi_async.Identity | None = None) -> Answer:
    """GET url, and prove who we are if the server asks."""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or "localhost"
    streams = await asyncio.open_connection(host, parts.port or 80)
    try:
        answer = await ask(streams, parts.path or "/", host, b"")
        if answer.status != 401:
            return answer
        async with sspi_async.client(f"HTTP@{host}", identity=identity, timeout=10) as context:
            token = await context.step()
            while token:
                answer = await ask(streams, parts.path or "/", host, token)
                if context.complete or not answer.token():
                    break
                # Also when the page is there: this proves who the server is.
                token = await context.step(answer.token())
            if answer.status == 200 and not context.complete:
                raise RuntimeError("the server did not prove who it is")
        return answer
    finally:
        streams[1].close()
        await streams[1].wait_closed()


if __name__ == "__main__":
    result = asyncio.run(get(sys.argv[1]))
    print(result.body.decode(), end="")
    sys.exit(0 if result.status == 200 else 1)
