# SPDX-License-Identifier: MIT
"""Servers on loopback, on sockets of their own, for clients under test.

Each runs on threads of its own, a connection a thread, so that a test may block.
"""

from __future__ import annotations

import contextlib
import http.server
import socket
import socketserver
import ssl
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from ..context import SecurityContext, server
from ..credential import Credential, Identity
from ..error import ContextExpired, IncompleteMessage, SspiError
from ..flags import CredentialUse
from ..http._challenge import Challenge, parse_credentials
from .tls import TlsPair

if TYPE_CHECKING:
    from typing_extensions import Self

_TIMEOUT = 30
_CHUNK = 65536


class _Sockets(socketserver.ThreadingTCPServer):
    """Listens, and keeps what it has accepted, to close it at the end."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, handler: type[socketserver.BaseRequestHandler], owner: Server) -> None:
        self.owner = owner
        self.open: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.threads: list[threading.Thread] = []
        super().__init__(("127.0.0.1", 0), handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        # Daemons, for a test that forgets to stop its server ends all the same.
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self.lock:
            self.open.add(request)
            self.threads = [each for each in self.threads if each.is_alive()]
            self.threads.append(thread)
            thread.start()

    def replace(self, former: socket.socket, present: socket.socket) -> None:
        """Know a connection by another socket: TLS has taken the former one's descriptor."""
        with self.lock:
            self.open.discard(former)
            self.open.add(present)

    def forget(self, request: socket.socket) -> None:
        """Close a socket that `replace` has brought."""
        with self.lock:
            self.open.discard(request)
        request.close()

    def shutdown_request(self, request: Any) -> None:
        with self.lock:
            self.open.discard(request)
        super().shutdown_request(request)

    def close_all(self) -> None:
        """Have every handler find the end of its connection, and wait for it."""
        with self.lock:
            for each in self.open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(_TIMEOUT)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave it to the client to say what is wrong: it finds its connection closed."""


class Server:
    """What the servers have in common; a context manager that starts and stops one.

    Attributes:
        host: Where it listens: "127.0.0.1".
        port: Its port, from `start` on.
        users: Who has logged on, the last one at the end.
        errors: What went wrong in handshakes.
    """

    _handler: type[socketserver.BaseRequestHandler]

    def __init__(self) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.users: list[str] = []
        self.errors: list[SspiError] = []
        self._credential: Credential | None = None
        self._sockets: _Sockets | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listen.

        Returns:
            This server.
        """
        self._credential = self._acquire()
        self._sockets = _Sockets(self._handler, self)
        self.port = self._sockets.server_address[1]
        self._thread = threading.Thread(
            target=self._sockets.serve_forever, args=(0.05,), daemon=True, name="test-server"
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close all connections."""
        if self._sockets is not None and self._thread is not None:
            self._sockets.shutdown()
            self._thread.join()
            self._sockets.close_all()
            self._sockets = None
        if self._credential is not None:
            self._credential.free_nowait()
            self._credential = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _acquire(self) -> Credential:
        raise NotImplementedError

    def _context(self, bindings: bytes | None = None) -> SecurityContext:
        return server(credential=self._credential, channel_bindings=bindings, timeout=_TIMEOUT)


# ---- HTTP ------------------------------------------------------------------------------------


class _HttpHandler(http.server.BaseHTTPRequestHandler):
    """A connection; who has logged on stays so until its end, which NTLM needs."""

    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.owner = cast("HttpServer", cast(_Sockets, self.server).owner)
        self.context: SecurityContext | None = None
        self.user: str | None = None
        if self.owner.tls is not None:
            former = self.request
            self.request = self.owner._wrap(former)
            cast(_Sockets, self.server).replace(former, self.request)
        super().setup()

    def finish(self) -> None:
        if self.context is not None:
            self.context.delete_nowait()
        with contextlib.suppress(OSError):
            super().finish()
        if self.owner.tls is not None:
            cast(_Sockets, self.server).forget(self.request)

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        token, given = b"", self.headers.get("Authorization")
        if given is not None:
            try:
                answer = parse_credentials(given)
                token = answer.bytes() if answer.is_of(self.owner.package) else b""
            except ValueError:
                return self._send(400, "The header field Authorization cannot be read.\n")
        if not token:
            if self.user is not None:
                return self._greet(b"")
            return self._refuse(b"")
        return self._step(token)

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815

    def _step(self, token: bytes) -> None:
        if self.context is None or self.user is not None:
            if self.context is not None:
                self.context.delete_nowait()
            self.user = None
            self.context = self.owner._context(self.owner._bindings)
        try:
            reply = self.context.step(token).result(_TIMEOUT)
        except SspiError as error:
            self.owner.errors.append(error)
            self.context.delete_nowait()
            self.context = None
            return self._refuse(error.token or b"")
        if not self.context.complete:
            return self._refuse(reply)
        self.user = self.context.attributes.user_name
        self.owner.users.append(self.user)
        return self._greet(reply)

    def _greet(self, token: bytes) -> None:
        self._send(200, f"hello {self.user}\n", token or None)

    def _refuse(self, token: bytes) -> None:
        self._send(401, "Log on first.\n", token)

    def _send(self, code: int, text: str, token: bytes | None = None) -> None:
        body = text.encode()
        self.send_response(code)
        if token is not None:
            self.send_header(
                "WWW-Authenticate", str(Challenge.of_bytes(self.owner.package, token))
            )
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep the output of tests clean."""


class HttpServer(Server):
    r"""An HTTP server that greets whoever has logged on: "hello alice@SSPI.TEST\n".

    Whatever the path, GET, HEAD, POST and PUT are answered alike.

    Attributes:
        package: "Negotiate" or "NTLM", which is the scheme of the challenge, too.
        tls: Its certificate, if it speaks HTTPS.
    """

    _handler = _HttpHandler

    def __init__(
        self,
        identity: Identity,
        package: str = "Negotiate",
        *,
        tls: TlsPair | None = None,
        bindings: bytes | None = None,
    ) -> None:
        """Make a server; `start` has it listen.

        Args:
            identity: Whom it takes itself for, and whom it knows.
            package: The package, and the scheme.
            tls: The certificate of HTTPS; None: HTTP.
            bindings: The channel bindings that it checks; None: those of `tls`.
        """
        super().__init__()
        self.package = package
        self.tls = tls
        self._identity = identity
        self._bindings = bindings if bindings is not None or tls is None else tls.bindings
        self._ssl: ssl.SSLContext | None = None
        if tls is not None:
            self._ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._ssl.load_cert_chain(tls.certificate, tls.key)

    @property
    def url(self) -> str:
        """The address, "http://localhost:PORT/"."""
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://localhost:{self.port}/"

    def _acquire(self) -> Credential:
        return Credential.acquire(
            self.package, CredentialUse.INBOUND, identity=self._identity
        ).result(_TIMEOUT)

    def _wrap(self, request: socket.socket) -> socket.socket:
        assert self._ssl is not None  # noqa: S101
        request.settimeout(_TIMEOUT)
        return self._ssl.wrap_socket(request, server_side=True)


# ---- TLS -------------------------------------------------------------------------------------


class _EchoHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        owner = cast("TlsServer", cast(_Sockets, self.server).owner)
        self.request.settimeout(_TIMEOUT)
        with owner._context() as context:
            try:
                _shake_hands(context, self.request)
                _echo(context, self.request)
            except ContextExpired:
                self.request.sendall(context.shutdown())
            except SspiError as error:
                owner.errors.append(error)
                self.request.sendall(error.token or b"")  # the alert


def _shake_hands(context: SecurityContext, link: socket.socket) -> None:
    received = b""
    while not context.complete:
        piece = link.recv(_CHUNK)
        if not piece:
            raise EOFError
        received += piece
        with contextlib.suppress(IncompleteMessage):
            link.sendall(context.step(received).result(_TIMEOUT))
            received = context.extra


def _echo(context: SecurityContext, link: socket.socket) -> None:
    data = b""
    while True:
        plain = context.decrypt(data)
        if plain:
            link.sendall(context.encrypt(plain))
            data = b""
            continue
        data = link.recv(_CHUNK)
        if not data:
            return


class TlsServer(Server):
    """A server that sends back what comes, by TLS of the package Schannel.

    Attributes:
        tls: Its certificate.
    """

    _handler = _EchoHandler

    def __init__(self, tls: TlsPair) -> None:
        """Make a server; `start` has it listen.

        Args:
            tls: Its certificate.
        """
        super().__init__()
        self.tls = tls

    def _acquire(self) -> Credential:
        return Credential.acquire(
            "Schannel", CredentialUse.INBOUND, identity=self.tls.server
        ).result(_TIMEOUT)
