# SPDX-License-Identifier: MIT
"""WSGI applications whose users are known: gunicorn, asked by curl and by us."""

from __future__ import annotations

import base64
import concurrent.futures
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Probe, eventually
from http_peers import Browser, curl, gunicorn_with

import sspi_async
from sspi_async import ClientFlags, Identity
from sspi_async.testing import NtlmUsers, Realm
from sspi_async.wsgi import NegotiateMiddleware, ProxyBindings

ALICE = ("--user", "TEST\\alice:correct-horse")

# /backend/SECONDS asks the KDC for a ticket, as the user.
SITE = """
import os
import sspi_async
from sspi_async import Identity
from sspi_async.wsgi import NegotiateMiddleware

def site(environ, start_response):
    user = environ["sspi_async.user"]
    assert environ.get("REMOTE_USER") == (user and user.name)
    status, page = "200 OK", f"hello {user} by {environ.get('AUTH_TYPE')}\\n"
    if environ["PATH_INFO"].startswith("/backend/"):
        status, page = ask_another(user, float(environ["PATH_INFO"][9:]))
    start_response(status, [("Content-Length", str(len(page)))])
    return [page.encode()]

def ask_another(user, timeout):
    try:
        with sspi_async.client(
            "host@localhost", credential=user.delegated, timeout=timeout
        ) as context:
            call = context.step()
            with open(os.environ["ASKING"], "a") as asking:
                asking.write("x")
            call.result()
    except TimeoutError:
        return "504 Gateway Timeout", "the other one is silent\\n"
    return "200 OK", f"{user} may ask\\n"

app = NegotiateMiddleware(
    site,
    mode=os.environ.get("MODE", "require"),
    schemes=["Negotiate", "NTLM"],
    identity=Identity(
        keytab=os.environ["KEYTAB"],
        replay_cache="none:",
        ntlm_user_file=os.environ["NTLM_USERS"],
    ),
)
"""


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A file that grows when the application asks the KDC."""
    return tmp_path_factory.mktemp("asking") / "asking"


@pytest.fixture(scope="module")
def port(
    krb5_realm: Realm, ntlm_users: NtlmUsers, asking: pathlib.Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[int]:  # fmt: skip
    """A gunicorn that most tests ask."""
    folder = tmp_path_factory.mktemp("site")
    with gunicorn_with(
        folder, SITE,
        KEYTAB=krb5_realm.keytab, NTLM_USERS=str(ntlm_users.path), ASKING=str(asking),
    ) as port:  # fmt: skip
        yield port


@pytest.fixture
def tickets(krb5_realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", krb5_realm.ccache)


def test_curl_with_kerberos(port: int, krb5_realm: Realm, tickets: None) -> None:
    page = f"hello alice@{krb5_realm.name} by Kerberos\n200\n"
    assert curl(port, "--negotiate", "--user", ":") == page
    assert curl(port) == "authentication is required\n401\n"


def test_curl_with_ntlm(port: int) -> None:
    """By connection: the second page needs no handshake."""
    trace = curl(
        port, "--ntlm", *ALICE, "--verbose", "--stderr", "-", f"http://localhost:{port}/first"
    )
    assert trace.count("hello TEST\\alice by NTLM\n") == 2
    assert trace.count("> Authorization: NTLM ") == 2
    refused = curl(port, "--ntlm", "--user", "TEST\\alice:wrong")
    assert refused == "the logon was not accepted\n401\n"


def test_curl_posts(port: int, tickets: None) -> None:
    for arguments in (("--negotiate", "--user", ":"), ("--ntlm", *ALICE)):
        assert curl(port, *arguments, "--data", "a=b").endswith("200\n")


def test_ntlm_is_by_connection(port: int, ntlm_users: NtlmUsers) -> None:
    with Browser(port) as browser, Browser(port) as other:
        page = browser.log_on(ntlm_users.client("bob"), scheme="NTLM")
        assert page == "hello TEST\\bob by NTLM\n"
        assert browser.get() == page
        other.get()
        assert other.statuses == [401]
        browser.get(via="1.1 proxy")
        assert browser.statuses == [401, 200, 200, 401]


def test_kerberos_is_by_request(port: int, krb5_realm: Realm) -> None:
    with Browser(port) as browser:
        assert "alice" in browser.log_on(krb5_realm.client)
        browser.get()
        assert browser.challenges == ["Negotiate", "NTLM"]
        assert browser.statuses == [200, 401]


def test_others_go_on_while_the_kdc_is_silent(
    port: int, asking: pathlib.Path, krb5_realm: Realm, tickets: None
) -> None:
    with sspi_async.client(
        "HTTP@localhost",
        identity=krb5_realm.client,
        flags=ClientFlags.DEFAULT | ClientFlags.DELEGATE,
    ) as context:
        authorization = "Negotiate " + base64.b64encode(context.step().result(60)).decode()

    def ask(seconds: int) -> tuple[int, str]:
        with Browser(port) as browser:
            page = browser.get(f"/backend/{seconds}", authorization=authorization)
            return browser.statuses[-1], page

    greeting = f"hello alice@{krb5_realm.name} by Kerberos\n200\n"
    assert curl(port, "--negotiate", "--user", ":") == greeting  # it has a ticket now
    with concurrent.futures.ThreadPoolExecutor() as threads:
        krb5_realm.freeze()
        try:
            waiting = threads.submit(ask, 3600)
            eventually(asking.exists, 60)
            for _ in range(3):
                assert curl(port, "--negotiate", "--user", ":") == greeting
            assert ask(1) == (504, "the other one is silent\n")
            assert not waiting.done()
        finally:
            krb5_realm.thaw()
        assert waiting.result(90) == (200, f"alice@{krb5_realm.name} may ask\n")


# ---- What needs no server of its own process ---------------------------------------------


class Request:
    """A request to a middleware, as wsgiref has it; Scripted tokens say what legs do."""

    def __init__(self, app: Any, script: str | None = None, **environ: str) -> None:
        self.environ: dict[str, Any] = {"REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": "1024",
                                        "SERVER_PROTOCOL": "HTTP/1.1", **environ}  # fmt: skip
        if script is not None:
            text = base64.b64encode(script.encode()).decode()
            self.environ["HTTP_AUTHORIZATION"] = f"Negotiate {text}"
        self.fields: list[tuple[str, str]] = []
        self.status = ""
        self.answer = app(self.environ, self._start)

    def _start(self, status: str, fields: list[tuple[str, str]], *_: object) -> None:
        self.status, self.fields = status[:3], fields


def greet(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [str(environ["sspi_async.user"]).encode()]


def test_context_lives_as_long_as_the_answer(probe: Probe) -> None:
    app = NegotiateMiddleware(greet, credential=probe.credential)
    request = Request(app, "token='proof'")
    assert request.status == "200"
    assert ("WWW-Authenticate", "Negotiate cHJvb2Y=") in request.fields
    assert probe.live_contexts == 1
    assert b"".join(request.answer)
    request.answer.close()
    eventually(lambda: probe.live_contexts == 0)


def test_context_ends_with_an_application_that_fails(probe: Probe) -> None:
    def broken(environ: Any, start_response: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Request(NegotiateMiddleware(broken, credential=probe.credential), "token=0")
    eventually(lambda: probe.live_contexts == 0)


def test_close_deletes_what_is_left(probe: Probe) -> None:
    app = NegotiateMiddleware(greet, credential=probe.credential)
    assert Request(app, "more").status == "401"
    assert app.handshakes == 1
    app.close()
    assert app.handshakes == 0
    eventually(lambda: probe.live_contexts == 0)
    assert Request(app, "status=SEC_E_OK").status == "200"


def test_server_says_nothing_of_a_user_that_nobody_has_proven(probe: Probe) -> None:
    """Wrong: the server sets REMOTE_USER, and the application believes that it was us."""
    app = NegotiateMiddleware(greet, credential=probe.credential, mode="optional")
    request = Request(app, REMOTE_USER="root", AUTH_TYPE="Basic")
    assert b"".join(request.answer) == b"None"
    assert "REMOTE_USER" not in request.environ
    assert "AUTH_TYPE" not in request.environ


@pytest.mark.parametrize(
    "environ", [{"REMOTE_PORT": ""}, {"SERVER_PROTOCOL": "HTTP/2"}, {"REMOTE_ADDR": ""}]
)
def test_second_leg_needs_a_connection(environ: dict[str, str], probe: Probe) -> None:
    app = NegotiateMiddleware(greet, credential=probe.credential)
    request = Request(app, "more", **environ)
    assert request.status == "401"
    assert b"HTTP/1.1" in b"".join(request.answer)
    assert app.handshakes == 0


def test_stuck_leg_ends_at_its_timeout(probe: Probe) -> None:
    app = NegotiateMiddleware(greet, credential=probe.credential, timeout=0.2)
    assert Request(app, "wait-fd").status == "503"
    assert app.handshakes == 0


def test_bindings_of_a_proxy(probe: Probe) -> None:
    bindings = ProxyBindings("X-Bindings", ["127.0.0.1"])
    app = NegotiateMiddleware(greet, credential=probe.credential, channel_bindings=bindings)
    assert Request(app, "token=0").status == "403"
    assert Request(app, "token=0", HTTP_X_BINDINGS="YQ==").status == "200"
    assert Request(app, "token=0", HTTP_X_BINDINGS="YQ==", REMOTE_ADDR="::1").status == "403"


def test_credential_that_cannot_be_had(tmp_path: pathlib.Path) -> None:
    app = NegotiateMiddleware(
        greet, package="NTLM", identity=Identity(ntlm_user_file=tmp_path / "none")
    )
    assert Request(app, "x").status == "500"
