# SPDX-License-Identifier: MIT
"""PostgreSQL by Kerberos (AuthenticationGSS): postgresql_gss.py HOST PORT USER QUERY."""

import asyncio
import sys

from sspi_async import client


def counted(data: bytes) -> bytes:
    return (len(data) + 4).to_bytes(4, "big") + data


async def main(host: str, port: str, user: str, query: str) -> None:
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(counted(b"\0\3\0\0user\0%b\0\0" % user.encode()))
    async with client(f"postgres@{host}", package="Kerberos", timeout=10) as context:
        kind = b""
        while kind != b"D":  # a row, of one column
            kind = await reader.readexactly(1)
            size = int.from_bytes(await reader.readexactly(4), "big") - 4
            body = await reader.readexactly(size)
            if kind == b"R" and body[3] in (7, 8):  # GSS, GSSContinue
                if token := await context.step(body[4:]):
                    writer.write(b"p" + counted(token))
            elif kind == b"E" or (kind == b"R" and body[3] != 0):
                raise ConnectionRefusedError(body.replace(b"\0", b" ").decode(errors="replace"))
            elif kind == b"Z":  # ready
                writer.write(b"Q" + counted(b"%b\0" % query.encode()))
        print(body[6:].decode())
    writer.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
