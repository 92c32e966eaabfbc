# SPDX-License-Identifier: MIT
"""The fixtures that listen: negotiate_server, ntlm_server, tls_server."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import pathlib
import shutil
import socket
import ssl
import subprocess

import pytest
from conftest import eventually

import sspi_async
from sspi_async import Identity
from sspi_async.testing import HttpServer, NtlmUsers, Realm, Server, TlsPair, TlsServer

PATIENT = 60


def get(
    server: HttpServer, identity: Identity, connection: http.client.HTTPConnection
) -> http.client.HTTPResponse:
    """Log on, leg by leg, on a connection."""
    bindings = server.tls.bindings if server.tls is not None else None
    with sspi_async.client(
        "HTTP@localhost", package=server.package, identity=identity, timeout=PATIENT,
        channel_bindings=bindings,
    ) as context:  # fmt: skip
        token = context.step().result(PATIENT)
        while True:
            text = base64.b64encode(token).decode()
            connection.request(
                "GET", "/", headers={"Authorization": f"{server.package} {text}"}
            )
            answer = connection.getresponse()
            scheme, _, back = (answer.getheader("WWW-Authenticate") or "").partition(" ")
            if back and not context.complete:
                token = context.step(base64.b64decode(back)).result(PATIENT)
            if answer.status != 401 or not back:
                return answer
            answer.read()


def plain(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(server.host, server.port, timeout=PATIENT)


def test_both_kinds_of_users_log_on_by_negotiate(
    negotiate_server: HttpServer, krb5_realm: Realm, ntlm_users: NtlmUsers
) -> None:
    for identity, user in (
        (krb5_realm.client, f"alice@{krb5_realm.name}"),
        (ntlm_users.client("bob"), "TEST\\bob"),
    ):
        connection = plain(negotiate_server)
        answer = get(negotiate_server, identity, connection)
        assert (answer.status, answer.read()) == (200, f"hello {user}\n".encode())
        assert negotiate_server.users[-1] == user
        # The connection is the user's from now on.
        connection.request("POST", "/again", body=b"x" * 100_000)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, f"hello {user}\n".encode())
        connection.close()
    assert len(negotiate_server.users) == 2


def test_who_is_not_known_is_refused_and_noted(
    ntlm_server: HttpServer, ntlm_users: NtlmUsers
) -> None:
    connection = plain(ntlm_server)
    answer = get(ntlm_server, ntlm_users.client(password="wrong"), connection)
    assert answer.status == 401
    answer.read()
    assert ntlm_server.users == []
    assert [type(error) for error in ntlm_server.errors] == [sspi_async.LogonDenied]
    # And may try again on the same connection.
    assert get(ntlm_server, ntlm_users.client(), connection).status == 200
    connection.close()


def test_garbage_is_refused(ntlm_server: HttpServer) -> None:
    connection = plain(ntlm_server)
    for field, status in (
        ("NTLM !!!", 400),
        ("NTLM", 401),
        ("Basic YTpi", 401),
        (f"NTLM {base64.b64encode(b'garbage').decode()}", 401),
    ):
        connection.request("GET", "/", headers={"Authorization": field})
        answer = connection.getresponse()
        assert answer.status == status, field
        answer.read()
    connection.close()
    assert ntlm_server.users == []


def test_https_checks_the_bindings(ntlm_users: NtlmUsers, tls_pair: TlsPair) -> None:
    trust = ssl.create_default_context(cafile=str(tls_pair.authority))
    for bindings, status in ((None, 200), (b"tls-server-end-point:another", 401)):
        with HttpServer(ntlm_users.server, "NTLM", tls=tls_pair, bindings=bindings) as server:
            connection = http.client.HTTPSConnection(
                "localhost", server.port, context=trust, timeout=PATIENT
            )
            assert get(server, ntlm_users.client(), connection).status == status
            connection.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_logs_on(
    negotiate_server: HttpServer, krb5_realm: Realm, ntlm_server: HttpServer
) -> None:
    for server, words, user in (
        (negotiate_server, ["--negotiate", "-u", ":"], f"alice@{krb5_realm.name}"),
        (ntlm_server, ["--ntlm", "-u", "TEST\\alice:correct-horse"], "TEST\\alice"),
    ):
        done = subprocess.run(
            [
                "curl",
                "--silent",
                "--show-error",
                "--max-time",
                str(PATIENT),
                *words,
                server.url,
            ],
            capture_output=True,
            text=True,
            timeout=2 * PATIENT,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, f"hello {user}\n"), done.stderr


def test_tls_server_sends_back_what_comes(tls_server: TlsServer, tls_pair: TlsPair) -> None:
    trust = ssl.create_default_context(cafile=str(tls_pair.authority))
    with (
        socket.create_connection((tls_server.host, tls_server.port), PATIENT) as link,
        trust.wrap_socket(link, server_hostname="localhost") as secure,
    ):
        for size in (1, 100_000):
            secure.sendall(b"x" * size)
            back = b""
            while len(back) < size:
                back += secure.recv(65536)
            assert back == b"x" * size
        assert secure.unwrap() is not None  # the server says farewell, too


def test_client_that_does_not_trust_is_noted(tls_server: TlsServer) -> None:
    trust = ssl.create_default_context()
    with (
        socket.create_connection((tls_server.host, tls_server.port), PATIENT) as link,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        trust.wrap_socket(link, server_hostname="localhost")
    eventually(lambda: len(tls_server.errors) == 1, PATIENT)


def test_server_stops_with_connections_open(ntlm_users: NtlmUsers, tls_pair: TlsPair) -> None:
    """Wrong would be: a fixture that hangs, or a thread that it leaves."""
    servers: list[Server] = [
        HttpServer(ntlm_users.server, "NTLM"),
        HttpServer(ntlm_users.server, "NTLM", tls=tls_pair),
        TlsServer(tls_pair),
    ]
    for server in servers:
        with server:
            links = [
                socket.create_connection((server.host, server.port), PATIENT) for _ in range(3)
            ]
            links[0].sendall(b"\x16\x03")  # half a word
        for link in links:
            # Reset, if something was still unread.
            with contextlib.suppress(ConnectionResetError):
                assert link.recv(1) == b""
            link.close()


def test_certificate_ends_when_asked_to(tmp_path: pathlib.Path) -> None:
    pair = TlsPair.make(tmp_path, ["localhost", "::1", "127.0.0.1"], days=-1)
    with TlsServer(pair) as server:
        trust = ssl.create_default_context(cafile=str(pair.authority))
        with (
            socket.create_connection((server.host, server.port), PATIENT) as link,
            pytest.raises(ssl.SSLCertVerificationError, match="expired"),
        ):
            trust.wrap_socket(link, server_hostname="localhost")
    assert pair.key.stat().st_mode & 0o777 == 0o600


def test_asyncio_is_served_meanwhile(ntlm_server: HttpServer) -> None:
    """A test may block the server's peer, and the loop goes on: the server has its threads."""

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection(ntlm_server.host, ntlm_server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    async def main() -> list[bytes]:
        return await asyncio.gather(*(ask() for _ in range(10)))

    answers = asyncio.run(main())
    assert all(answer.startswith(b"HTTP/1.1 401 ") for answer in answers)
