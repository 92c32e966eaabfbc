# SPDX-License-Identifier: MIT
"""TLS by the package Schannel: an echo server and a client, over any byte stream.

    python tls_echo.py CERTIFICATE KEY ROOTS [TEXT]

Starts the server, sends it TEXT, prints what comes back.
"""

from __future__ import annotations

import asyncio
import sys

import sspi_async
from sspi_async import Credential, CredentialUse, SecurityContext, TlsIdentity

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
CHUNK = 65536


async def shake_hands(context: SecurityContext, streams: Streams) -> None:
    """Step until the handshake is over; records may come in any pieces."""
    reader, writer = streams
    received = b""
    if not context.acceptor:
        writer.write(await context.step())
    while not context.complete:
        received += await reader.read(CHUNK)
        try:
            writer.write(await context.step(received))
            received = context.extra
        except sspi_async.IncompleteMessage:
            continue
        except sspi_async.SspiError as error:
            writer.write(error.token or b"")  # the alert
            raise
    await writer.drain()


async def receive(context: SecurityContext, reader: asyncio.StreamReader) -> bytes:
    """The next piece of plaintext; b"" when the peer has closed."""
    try:
        plain = context.decrypt(b"")  # what followed the handshake
        while not plain:
            data = await reader.read(CHUNK)
            if not data:
                return b""  # torn off, without a close_notify
            plain = context.decrypt(data)
    except sspi_async.ContextExpired:
        return b""
    return plain


async def echo(credential: Credential, streams: Streams) -> None:
    """The server's side of one connection."""
    context = sspi_async.server(credential=credential, application_protocols=["echo"])
    try:
        await shake_hands(context, streams)
        while plain := await receive(context, streams[0]):
            streams[1].write(context.encrypt(plain))
            await streams[1].drain()
        streams[1].write(context.shutdown())
    finally:
        context.delete_nowait()
        streams[1].close()


async def talk(text: bytes, port: int, identity: TlsIdentity) -> bytes:
    """The client's side: send text, and return as much."""
    streams = await asyncio.open_connection("localhost", port)
    try:
        async with sspi_async.client(
            "localhost", package="Schannel", identity=identity, application_protocols=["echo"]
        ) as context:
            await shake_hands(context, streams)
            streams[1].write(context.encrypt(text))
            back = b""
            while len(back) < len(text):
                piece = await receive(context, streams[0])
                if not piece:
                    raise ConnectionError("the server closed too early")
                back += piece
            streams[1].write(context.shutdown())
            return back
    finally:
        streams[1].close()


async def main(
    server_identity: TlsIdentity, client_identity: TlsIdentity, text: bytes
) -> bytes:
    """Both sides in one process."""
    async with await Credential.acquire(
        "Schannel", CredentialUse.INBOUND, identity=server_identity
    ) as credential:
        server = await asyncio.start_server(
            lambda reader, writer: echo(credential, (reader, writer)), "127.0.0.1", 0
        )
        async with server:
            return await talk(text, server.sockets[0].getsockname()[1], client_identity)


if __name__ == "__main__":
    certificate, key, roots = sys.argv[1:4]
    said = " ".join(sys.argv[4:]) or "hello"
    print(
        asyncio.run(
            main(
                TlsIdentity(certificate=certificate, key=key),
                TlsIdentity(roots=roots),
                said.encode(),
            )
        ).decode()
    )
