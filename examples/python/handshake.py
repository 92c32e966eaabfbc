# SPDX-License-Identifier: MIT
r"""Both sides of a handshake in one program: what each of our languages does in its own way.

    python handshake.py Kerberos
    python handshake.py NTLM alice TEST PASSWORD USER_FILE

Kerberos uses the tickets and the keytab of whoever runs it, for HTTP@localhost. USER_FILE has
lines DOMAIN:user:password. The other examples called handshake print the same.
"""

from __future__ import annotations

import asyncio
import sys

import sspi_async
from sspi_async import Identity, SecurityContext


async def shake_hands(client: SecurityContext, server: SecurityContext) -> int:
    """Let each side's token go to the other one; how many legs that took."""
    token = await client.step()
    legs = 1
    while not (client.complete and server.complete):
        side = client if legs % 2 == 0 else server
        token = await side.step(token)
        legs += 1
    return legs


async def main(package: str, *who: str) -> None:
    """Shake hands, exchange a message, and delete both contexts."""
    ours = theirs = None
    if who:
        user, domain, password, users = who
        ours = Identity(user=user, domain=domain, password=password)
        theirs = Identity(ntlm_user_file=users)
    client = sspi_async.client("HTTP@localhost", package=package, identity=ours, timeout=10)
    server = sspi_async.server(package=package, identity=theirs, timeout=10)
    legs = await shake_hands(client, server)
    print(f"{package}: {legs} legs")
    print(f"the server knows {server.attributes.user_name}")
    print(f"sealed and opened: {server.decrypt(client.encrypt(b'hello')).decode()}")
    await asyncio.gather(client.delete(), server.delete())
    print("deleted")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
