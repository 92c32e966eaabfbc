# SPDX-License-Identifier: MIT
"""PostgreSQL by Kerberos, encrypted (GSSENC): postgresql_gssenc.py HOST PORT USER QUERY."""

import asyncio
import sys

from sspi_async import client


def counted(data: bytes, own: int = 4) -> bytes:
    return (len(data) + own).to_bytes(4, "big") + data


async def main(host: str, port: str, user: str, query: str) -> None:
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(counted((80877104).to_bytes(4, "big")))  # GSSENCRequest
    assert await reader.readexactly(1) == b"G", "the server has no GSSENC"
    async with client(f"postgres@{host}", package="Kerberos", timeout=10) as context:
        received = kind = token = b""
        while token := await context.step(token):
            writer.write(counted(token, 0))
            token = await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
        message = counted(b"\0\3\0\0user\0%b\0\0" % user.encode())
        while kind != b"D":  # a row, of one column
            if kind in (b"", b"Z"):  # at the beginning, and when the server is ready
                writer.write(counted(context.encrypt(message), 0))
                message = b"Q" + counted(b"%b\0" % query.encode())
            while len(received) < max(5, end := 1 + int.from_bytes(received[1:5], "big")):
                size = int.from_bytes(await reader.readexactly(4), "big")
                received += context.decrypt(await reader.readexactly(size))
            kind, body, received = received[:1], received[5:end], received[end:]
            if kind == b"E":
                raise ConnectionRefusedError(body.replace(b"\0", b" ").decode())
        print(body[6:].decode())
    writer.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
