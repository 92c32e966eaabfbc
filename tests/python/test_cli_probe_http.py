# SPDX-License-Identifier: MIT
"""probe of HTTP, with our own servers and with Apache."""

from __future__ import annotations

import contextlib
import pathlib
import socket
from collections.abc import Iterator

import pytest
from cli_run import ask, run, spawn
from http_apache import Apache

from sspi_async.cli.wait import begin
from sspi_async.testing import HttpServer, NtlmUsers, Realm, TlsPair

PATIENT = ("--timeout", "60")


@pytest.fixture
def alice(ntlm_users: NtlmUsers, tmp_path: pathlib.Path) -> tuple[str, ...]:
    """The options of a user of NTLM."""
    path = tmp_path / "password"
    path.write_text(ntlm_users.passwords["alice"] + "\n")
    return ("--user", f"{ntlm_users.domain}\\alice", "--password-file", str(path))


@pytest.fixture
def tickets(krb5_realm: Realm) -> tuple[str, ...]:
    """The options of a user of Kerberos, whose ticket for the service is still to be had."""
    return ("--ccache", str(krb5_realm.kinit().ccache))


def test_kerberos_is_shown_leg_by_leg(
    negotiate_server: HttpServer, krb5_realm: Realm, tickets: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    code, data = ask(capsys, "probe", negotiate_server.url, *tickets, *PATIENT)
    assert (code, data["failures"]) == (0, [])
    assert data["offers"] == {"WWW-Authenticate": ["Negotiate"]}
    made = data["handshake"]
    (leg,) = made["legs"]
    assert leg["kind"] == "SPNEGO init"
    assert leg["answer"] == "SPNEGO response"
    assert leg["sent"] > 0
    assert leg["received"] > 0
    assert leg["own"] > 0
    assert leg["peer"] > 0
    assert made["chosen"] == "Kerberos"
    assert made["user"] == f"alice@{krb5_realm.name}"
    assert made["sealed"]
    assert made["mutual"]
    assert made["bindings"] == ""
    assert data["afterwards"] == {"answer": "200 OK"}
    assert negotiate_server.users == [f"alice@{krb5_realm.name}"]


def test_ntlm_has_two_legs(
    ntlm_server: HttpServer, alice: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, text, _ = run(capsys, "probe", ntlm_server.url, *alice, *PATIENT)
    assert code == 0
    assert "NTLM negotiate" in text
    assert "NTLM challenge" in text
    assert "NTLM authenticate" in text
    assert "has not proved its identity" in text
    assert ntlm_server.users == ["TEST\\alice"]


def test_silent_kdc_ends_the_handshake_at_its_deadline(
    negotiate_server: HttpServer, krb5_realm: Realm, tickets: tuple[str, ...]
) -> None:
    """Wrong would be: a probe that hangs where the logon hangs."""
    with krb5_realm.frozen():
        done = spawn("probe", negotiate_server.url, *tickets, "--timeout", 1)
    assert done.returncode == 3, done.stderr
    assert "401 Unauthorized" in done.stdout  # what came before is shown
    assert "sspi-async doctor" in done.stdout
    assert negotiate_server.users == []


def test_silent_service_ends_at_the_deadline(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for what in (f"http://localhost:{port}/", f"https://localhost:{port}/"):
            code, output, complaint = run(capsys, "probe", what, "--timeout", 1)
            assert (code, output) == (3, "")
            assert f"localhost:{port} did not answer within 1 s" in complaint


def test_wrong_password_is_refused(
    ntlm_server: HttpServer, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong").write_text("wrong")
    code, data = ask(
        capsys, "probe", ntlm_server.url, "--user", "TEST\\alice",
        "--password-file", tmp_path / "wrong", *PATIENT,
    )  # fmt: skip
    assert code == 1
    assert "refused the logon (401 Unauthorized)" in data["failures"][0]
    assert data["handshake"]["legs"][1]["answer"] == "no"


def test_no_tickets_are_said(
    negotiate_server: HttpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    code, data = ask(
        capsys, "probe", negotiate_server.url, "--ccache", "FILE:/nowhere", *PATIENT
    )
    assert code == 1
    assert "kinit" in data["failures"][0]
    assert len(data["handshake"]["legs"]) == 1


def test_only_what_is_offered_is_asked_for(
    ntlm_server: HttpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    code, data = ask(capsys, "probe", ntlm_server.url, "--no-logon", *PATIENT)
    assert code == 0
    assert data["handshake"] is None
    assert data["offers"] == {"WWW-Authenticate": ["NTLM"]}
    assert ntlm_server.users == []


# ---- HTTPS -----------------------------------------------------------------------------------


@pytest.fixture
def https(ntlm_users: NtlmUsers, tls_pair: TlsPair) -> Iterator[HttpServer]:
    with HttpServer(ntlm_users.server, "NTLM", tls=tls_pair) as server:
        yield server


def test_bindings_of_tls_go_along(
    https: HttpServer, tls_pair: TlsPair, alice: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """The server checks them, so a probe without them is refused."""
    words = ("probe", https.url, *alice, "--roots", tls_pair.authority, *PATIENT)
    code, data = ask(capsys, *words)
    assert code == 0
    assert data["tls"]["version"] == "TLS 1.3"
    assert data["tls"]["fault"] is None
    assert data["tls"]["bindings"]["tls-server-end-point"] == tls_pair.bindings.hex()
    assert data["handshake"]["bindings"] == "tls-server-end-point"
    code, data = ask(capsys, *words, "--no-bindings")
    assert code == 1
    assert data["handshake"]["bindings"] == ""


def test_nobody_logs_on_to_a_stranger(
    https: HttpServer, alice: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong would be: a token for whoever sits in between."""
    code, data = ask(capsys, "probe", https.url, *alice, *PATIENT)
    assert code == 1
    assert "not trusted" in data["failures"][0]
    assert data["handshake"] is None
    assert data["offers"] == {"WWW-Authenticate": ["NTLM"]}
    assert https.users == []
    code, data = ask(capsys, "probe", https.url, *alice, "--insecure", *PATIENT)
    assert code == 1  # the certificate is as it was
    assert data["handshake"]["failure"] is None


# ---- Servers that are odd --------------------------------------------------------------------


@contextlib.contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """A server that has these bytes for each request, and then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)

        def serve() -> None:
            for answer in answers:
                link, _ = listener.accept()
                with link:
                    link.settimeout(60)
                    link.recv(65536)
                    link.sendall(answer)

        served = begin(serve)
        yield listener.getsockname()[1]
        served.result(60)


def test_server_that_hangs_up_after_each_answer_still_gets_one_leg(
    krb5_realm: Realm, tickets: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    first = b"HTTP/1.0 401 No\r\nWWW-Authenticate: Negotiate\r\n\r\nno"
    with answering(first, first) as port:
        code, data = ask(capsys, "probe", f"http://localhost:{port}/", *tickets, *PATIENT)
    assert code == 1
    assert "401 No" in data["failures"][0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"220 mail ESMTP\r\n", "does not answer as HTTP does"),
        (b"", "does not answer as HTTP does"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "in the midst of a page"),
    ],
)
def test_what_is_no_http_is_said(
    answer: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(answer) as port:
        code, _, complaint = run(capsys, "probe", f"http://localhost:{port}/", *PATIENT)
    assert code == 1
    assert said in complaint


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, "does not ask for a logon"),
        (b"HTTP/1.1 302 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 0, "leads to"),
        (
            b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="a, Negotiate"\r\n'
            b"Content-Length: 0\r\n\r\n",
            1,
            "offers neither",
        ),
    ],
)
def test_pages_without_a_handshake_are_told_apart(
    answer: bytes, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(answer) as port:
        ended, text, _ = run(capsys, "probe", f"http://localhost:{port}/", *PATIENT)
    assert ended == code
    assert said in text


def test_port_that_nobody_listens_on_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as held:  # bound, so that nobody else takes it
        held.bind(("127.0.0.1", 0))
        what = f"http://localhost:{held.getsockname()[1]}/"
        code, _, complaint = run(capsys, "probe", what, *PATIENT)
    assert code == 1
    assert "cannot be reached" in complaint


def test_apache_takes_the_logon(
    web: Apache, tickets: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, data = ask(capsys, "probe", web.url("kerberos/page"), *tickets, *PATIENT)
    assert (code, data["failures"]) == (0, [])
    assert data["facts"]["server"].startswith("Apache")
    assert data["offers"] == {"WWW-Authenticate": ["Negotiate"]}
    assert data["handshake"]["chosen"] == "Kerberos"
    assert data["handshake"]["mutual"]
    assert data["afterwards"] == {"answer": "200 OK"}
