# SPDX-License-Identifier: MIT
"""GET a page that wants Negotiate (Kerberos, or NTLM inside it), with httpx in asyncio.

    python http_client.py http://www.example.org/private/

Uses the tickets of whoever runs it. Prints the page. Each leg of the handshake has ten seconds:
then it ends, whatever the KDC does.
"""

from __future__ import annotations

import asyncio
import sys

import httpx

from sspi_async.http.httpx import OPTIONAL, HTTPSPNEGOAuth


async def get(url: str) -> httpx.Response:
    async with httpx.AsyncClient(auth=HTTPSPNEGOAuth(OPTIONAL, timeout=10)) as client:
        return await client.get(url)


if __name__ == "__main__":
    answer = asyncio.run(get(sys.argv[1]))
    print(answer.text, end="")
    sys.exit(0 if answer.status_code == 200 else 1)
