# SPDX-License-Identifier: MIT
"""An HTTP server with Negotiate, with asyncio alone: `curl --negotiate -u : http://host:port/`.

    python http_server.py [PORT [KEYTAB]]

Prints the port that it listens on; greets whoever proves who they are.
"""

from __future__ import annotations

import asyncio
import base64
import sys

import sspi_async
from sspi_async import Credential, CredentialUse, Identity


def answer(status: str, body: str = "", token: bytes | None = None) -> bytes:
    """An answer, with a token for the client if there is one."""
    challenge = "WWW-Authenticate: Negotiate"
    if token is not None:
        challenge += " " + base64.b64encode(token).decode()
    return (
        f"HTTP/1.1 {status}\r\n{challenge}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def read_token(reader: asyncio.StreamReader) -> bytes | None:
    """Read a request; the client's token, if it sent one. None at the end."""
    token = b""
    if not await reader.readline():
        return None
    while (line := (await reader.readline()).strip()) != b"":
        name, _, value = line.partition(b":")
        scheme, _, text = value.strip().partition(b" ")
        if name.lower() == b"authorization" and scheme.lower() == b"negotiate":
            token = base64.b64decode(text)
    return token


async def serve(
    credential: Credential, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Serve one connection. The handshake is the connection's: NTLM needs several requests."""
    context = sspi_async.server(credential=credential, timeout=10)
    try:
        while (token := await read_token(reader)) is not None:
            if not token:
                writer.write(answer("401 Unauthorized"))
            else:
                try:
                    reply = await context.step(token)
                except sspi_async.SspiError as error:
                    print(error, file=sys.stderr)
                    writer.write(answer("401 Unauthorized"))
                    break
                if context.complete:
                    greeting = f"hello {context.attributes.user_name}\n"
                    writer.write(answer("200 OK", greeting, reply))
                    break
                writer.write(answer("401 Unauthorized", token=reply))
            await writer.drain()
        await writer.drain()
    finally:
        context.delete_nowait()
        writer.close()


async def main(port: int = 0, identity: Identity | None = None) -> None:
    """Listen until the process is stopped. One credential serves all connections."""
    async with await Credential.acquire(
        "Negotiate", CredentialUse.INBOUND, identity=identity
    ) as credential:
        server = await asyncio.start_server(
            lambda reader, writer: serve(credential, reader, writer), "127.0.0.1", port
        )
        print(server.sockets[0].getsockname()[1], flush=True)
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    keytab = Identity(keytab=sys.argv[2]) if len(sys.argv) > 2 else None
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0, keytab))
