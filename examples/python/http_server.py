# SPDX-License-Identifier: MIT
"""An HTTP server with Negotiate, by uvicorn: `curl --negotiate -u : http://host:port/`.

    python http_server.py [PORT [KEYTAB]]

Prints the port that it listens on; greets whoever proves who they are.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

import uvicorn

from sspi_async import Identity
from sspi_async.asgi import NegotiateMiddleware


async def greet(scope: Any, receive: Any, send: Any) -> None:
    """Any ASGI application; the user is in the scope."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"hello {scope['user']}\n".encode()})


if __name__ == "__main__":
    keytab = Identity(keytab=sys.argv[2]) if len(sys.argv) > 2 else None
    app = NegotiateMiddleware(greet, identity=keytab)
    with socket.create_server(("127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 0)) as end:
        print(end.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[end])
