# SPDX-License-Identifier: MIT
"""HTTP authentication by Negotiate, Kerberos and NTLM, for the clients that people use.

    from sspi_async.http.httpx import HTTPSPNEGOAuth

    async with httpx.AsyncClient(auth=HTTPSPNEGOAuth()) as client:
        response = await client.get("https://www.example.org/")

`sspi_async.http.requests` and `sspi_async.http.aiohttp` have a class of that name, too.
"""

from ._client import DISABLED, OPTIONAL, REQUIRED
from ._exchange import MutualAuthenticationError

__all__ = ["DISABLED", "OPTIONAL", "REQUIRED", "MutualAuthenticationError"]
