# SPDX-License-Identifier: MIT
"""HTTP authentication for WSGI applications (Flask, Django, Pyramid and others).

    app = NegotiateMiddleware(app, identity=Identity(keytab="FILE:/etc/http.keytab"))

The application finds the name of the user in `environ["REMOTE_USER"]`, the mechanism in
`environ["AUTH_TYPE"]`, and a `User` in `environ["sspi_async.user"]` (None: nobody, with
mode="optional").
"""

from __future__ import annotations

import http
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from .error import SspiError
from .http._middleware import PROXY_FIELDS, Middleware, ProxyBindings
from .http._server import Answer, Connection, Fields, Gate, Pass, Step, User

__all__ = ["NegotiateMiddleware", "ProxyBindings", "User"]

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class NegotiateMiddleware(Middleware):
    """Authenticates requests by Negotiate, Kerberos and NTLM; each waits on its own thread.

    The first request acquires the credential. WSGI tells nobody when a server stops: `close`
    deletes what is left.
    """

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._acquiring = threading.Lock()

    __init__.__doc__ = Middleware.__init__.__doc__

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request."""
        for name in ("REMOTE_USER", "AUTH_TYPE"):
            environ.pop(name, None)
        decision = self._decide(environ)
        if isinstance(decision, Answer):
            phrase = http.HTTPStatus(decision.status).phrase
            start_response(f"{decision.status} {phrase}", list(decision.fields))
            return [decision.body]
        user = environ["sspi_async.user"] = decision.user
        if user is not None:
            environ["REMOTE_USER"], environ["AUTH_TYPE"] = user.name, user.mechanism
        if user is None or user.context is None:
            plain: Iterable[bytes] = self._app(environ, start_response)
            return plain
        try:
            body = self._app(environ, _adding(start_response, decision.fields))
        except BaseException:
            self._gate.end(decision)
            raise
        return _Body(body, self._gate, decision)

    def _decide(self, environ: Environ) -> Pass | Answer:
        authorization = _values_of(environ, "authorization")
        if authorization:
            try:
                with self._acquiring:
                    if self._credential is None:
                        self._keep(self._acquire().result())
            except SspiError as error:
                return self._gate.unable(error)
        decision = self._begin(
            authorization,
            _connection_of(environ),
            environ.get("REMOTE_ADDR", ""),
            lambda name: _values_of(environ, name),
        )
        if not isinstance(decision, Step):
            return decision
        try:
            reply = decision.context.step(decision.token).result()
        except SspiError as error:
            return self._gate.failed(decision, error)
        except BaseException:
            self._gate.abandoned(decision)
            raise
        return self._gate.stepped(decision, reply)


class _Body:
    """The application's answer; when it has been sent, the request is over."""

    def __init__(self, body: Iterable[bytes], gate: Gate, passed: Pass) -> None:
        self._body = body
        self._gate = gate
        self._passed = passed

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        try:
            if hasattr(self._body, "close"):
                self._body.close()
        finally:
            self._gate.end(self._passed)


def _values_of(environ: Environ, name: str) -> list[str]:
    value = environ.get("HTTP_" + name.upper().replace("-", "_"))
    return [] if value is None else [value]


def _connection_of(environ: Environ) -> Connection | None:
    """The connection of a request; None: others have it, too."""
    if environ.get("SERVER_PROTOCOL") not in ("HTTP/1.0", "HTTP/1.1"):
        return None
    socket = environ.get("gunicorn.socket")
    if socket is not None:
        proxied = any(_values_of(environ, name) for name in PROXY_FIELDS)
        return Connection(socket, lasting=not proxied)
    address = (environ.get("REMOTE_ADDR"), environ.get("REMOTE_PORT"))
    # Who has this address later is not known: good for a handshake, not for a user.
    return Connection(address, lasting=False) if all(address) else None


def _adding(start_response: StartResponse, fields: Fields) -> StartResponse:
    """Have the application's answer carry fields in addition."""

    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        return start_response(status, [*headers, *fields], *error)

    return start
