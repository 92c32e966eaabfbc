# SPDX-License-Identifier: MIT
"""HTTPS servers that insist on channel bindings, as those of Windows may."""

from __future__ import annotations

import base64
import dataclasses
import http.server
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from http_users import KINDS, session

import sspi_async
from sspi_async.channel_bindings import tls_server_end_point
from sspi_async.testing import NtlmUsers, Realm, TlsPair


@dataclasses.dataclass
class Strict:
    """The server, and what it was asked."""

    url: str
    authority: str
    seen: list[str]


@pytest.fixture
def strict(krb5_realm: Realm, ntlm_users: NtlmUsers, tls_pair: TlsPair) -> Iterator[Strict]:
    bindings = tls_server_end_point(tls_pair.certificate.read_bytes())
    identity = sspi_async.Identity(
        keytab=krb5_realm.keytab, ntlm_user_file=ntlm_users.path, replay_cache="none:"
    )
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.context: Any = None

        def do_GET(self) -> None:
            scheme, _, token = self.headers.get("Authorization", "").partition(" ")
            status, reply, user = 401, b"", ""
            if scheme:
                if self.context is None:
                    self.context = sspi_async.server(
                        identity=identity, channel_bindings=bindings, timeout=30
                    )
                try:
                    reply = self.context.step(base64.b64decode(token)).result()
                except sspi_async.SspiError as error:
                    seen.append(error.status.name)
                    self.forget()
                else:
                    seen.append("step")
                    if self.context.complete:
                        status, user = 200, self.context.attributes.user_name
                        self.forget()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            field = "Negotiate " + base64.b64encode(reply).decode()
            self.send_header("WWW-Authenticate", field.strip())
            self.send_header("X-User", user)
            self.end_headers()

        def forget(self) -> None:
            self.context.delete_nowait()
            self.context = None

        def finish(self) -> None:
            if self.context is not None:
                self.forget()
            super().finish()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tls_pair.certificate, tls_pair.key)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"https://localhost:{server.server_port}/"
            yield Strict(url, str(tls_pair.authority), seen)
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("package", ["Kerberos", "NTLM"])
@pytest.mark.parametrize("kind", KINDS)
def test_bindings_are_sent(
    kind: str, package: str, strict: Strict, krb5_realm: Realm, ntlm_users: NtlmUsers
) -> None:
    """Wrong: a server that insists refuses everybody, or takes what was meant for another."""
    identity = krb5_realm.client if package == "Kerberos" else ntlm_users.client()
    with session(kind, strict.authority) as user:
        page = user.get(strict.url, user.auth(identity=identity))
        assert page.status == 200, strict.seen
        assert "alice" in page.user
        for wrong in (None, b"tls-server-end-point:of another"):
            auth = user.auth(identity=identity, channel_bindings=wrong)
            assert user.get(strict.url, auth).status == 401
            assert strict.seen.pop() == "SEC_E_BAD_BINDINGS"


@pytest.mark.parametrize("kind", KINDS)
def test_unasked_token_has_the_bindings_that_are_known(
    kind: str, strict: Strict, krb5_realm: Realm
) -> None:
    """Wrong: every token that goes unasked is refused."""
    with session(kind, strict.authority) as user:
        auth = user.auth(identity=krb5_realm.client, opportunistic_auth=True)
        assert user.get(strict.url, auth).status == 200
        assert strict.seen == ["SEC_E_BAD_BINDINGS", "step"]
        assert user.get(strict.url, auth).status == 200
        assert strict.seen == ["SEC_E_BAD_BINDINGS", "step", "step"]
