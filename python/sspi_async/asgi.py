# SPDX-License-Identifier: MIT
"""HTTP authentication for ASGI applications (Starlette, FastAPI, Quart, Django and others).

    app = NegotiateMiddleware(app, identity=Identity(keytab="FILE:/etc/http.keytab"))

The application finds a `User` in `scope["user"]` (None: nobody, with mode="optional").
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .error import SspiError
from .http._asgi import (
    Message,
    Receive,
    Send,
    adding,
    connection_of,
    peer_of,
    send_answer,
    values_of,
)
from .http._middleware import Middleware, ProxyBindings
from .http._server import Answer, Pass, Step, User

if TYPE_CHECKING:
    from starlette.authentication import AuthenticationBackend as _Backend
else:  # which needs not be there
    _Backend = object

__all__ = ["AuthenticationBackend", "NegotiateMiddleware", "ProxyBindings", "User"]


class NegotiateMiddleware(Middleware):
    """Authenticates requests and web sockets by Negotiate, Kerberos and NTLM.

    The credential is acquired when the server starts (lifespan), else by the first request;
    what is left is deleted when it stops, else by `close`.
    """

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve a connection of ASGI 3."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] in ("http", "websocket"):
            await self._serve(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        decision = await self._decide(scope, receive)
        if isinstance(decision, Answer):
            await send_answer(decision, scope, send)
            return
        try:
            await self._app(
                {**scope, "user": decision.user}, receive, adding(send, decision.fields)
            )
        finally:
            self._gate.end(decision)

    async def _decide(self, scope: Message, receive: Receive) -> Pass | Answer:
        authorization = values_of(scope, "authorization")
        if self._credential is None and authorization:
            try:
                self._keep(await self._acquire())
            except SspiError as error:
                return self._gate.unable(error)
        decision = self._begin(
            authorization,
            connection_of(scope, receive),
            peer_of(scope, receive),
            functools.partial(values_of, scope),
        )
        if not isinstance(decision, Step):
            return decision
        try:
            reply = await decision.context.step(decision.token)
        except SspiError as error:
            return self._gate.failed(decision, error)
        except BaseException:
            self._gate.abandoned(decision)
            raise
        return self._gate.stepped(decision, reply)

    async def _lifespan(self, scope: Message, receive: Receive, send: Send) -> None:
        """Acquire the credential before the application starts, delete what is left after it.

        Applications that know no lifespan end early, or raise: then this one answers.
        """
        startup = await receive()
        try:
            if self._credential is None:
                self._keep(await self._acquire())
        except SspiError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        told, pending = False, [startup]

        async def again() -> Message:
            return pending.pop() if pending else await receive()

        async def tell(message: Message) -> None:
            nonlocal told
            if not message["type"].startswith("lifespan."):
                raise RuntimeError("the application knows no lifespan")
            told = True
            if message["type"].startswith("lifespan.shutdown."):
                self.close()
            await send(message)

        try:
            try:
                await self._app(scope, again, tell)
            except Exception:
                if told:
                    raise
            if not told:
                await send({"type": "lifespan.startup.complete"})
                await receive()
        finally:
            self.close()
        if not told:
            await send({"type": "lifespan.shutdown.complete"})


class AuthenticationBackend(_Backend):
    """For Starlette's AuthenticationMiddleware, inside of `NegotiateMiddleware`.

    It makes the user that one has found the `request.user`, with the scope "authenticated".
    """

    async def authenticate(self, conn: Any) -> tuple[Any, Any] | None:
        """Return the scopes and the user, or None for nobody.

        Args:
            conn: The HTTPConnection.

        Returns:
            What Starlette asks for.
        """
        from starlette.authentication import AuthCredentials

        user = conn.scope.get("user")
        return (AuthCredentials(["authenticated"]), user) if isinstance(user, User) else None
