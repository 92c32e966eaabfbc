# SPDX-License-Identifier: MIT
"""ASGI applications whose users are known: uvicorn and hypercorn, asked by curl and by us."""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import contextlib
import logging
import pathlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Probe, collect, eventually
from http_peers import Browser, curl, curl_has, hypercorn_with, uvicorn_with

import sspi_async
from sspi_async import (
    ClientFlags,
    Credential,
    CredentialUse,
    Identity,
    InvalidParameter,
    SspiError,
)
from sspi_async.asgi import AuthenticationBackend, NegotiateMiddleware, ProxyBindings
from sspi_async.channel_bindings import tls_server_end_point
from sspi_async.testing import NtlmUsers, Realm, TlsPair

ALICE = ("--user", "TEST\\alice:correct-horse")


class Site:
    """An application that greets its users."""

    def __init__(self) -> None:
        self.delegated: list[Credential | None] = []
        self.asking = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": str(scope["user"])})
            await send({"type": "websocket.close"})
            return
        assert scope["type"] == "http"
        user = scope["user"]
        status, page = 200, f"hello {user and user.name} by {user and user.mechanism}\n"
        if scope["path"].startswith("/backend/"):
            status, page = await self._ask_another(user, float(scope["path"][9:]))
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-length", str(len(page)).encode())],
            }
        )
        await send({"type": "http.response.body", "body": page.encode()})

    async def _ask_another(self, user: Any, timeout: float) -> tuple[int, str]:
        """Log on elsewhere as the user, which asks the KDC for a ticket."""
        self.delegated.append(user.delegated)
        try:
            async with sspi_async.client(
                "host@localhost", credential=user.delegated, timeout=timeout
            ) as context:
                call = context.step()
                self.asking.set()
                await call
        except TimeoutError:
            return 504, "the other one is silent\n"
        return 200, f"{user} may ask\n"


def identity_of(realm: Realm, users: NtlmUsers | None = None) -> Identity:
    return Identity(
        keytab=realm.keytab, replay_cache="none:", ntlm_user_file=users.path if users else None
    )


@pytest.fixture(scope="module")
def port(krb5_realm: Realm, ntlm_users: NtlmUsers) -> Iterator[int]:
    """A uvicorn that most tests ask."""
    app = NegotiateMiddleware(
        Site(), identity=identity_of(krb5_realm, ntlm_users), schemes=["Negotiate", "NTLM"]
    )
    with uvicorn_with(app) as port:
        yield port
    assert app._credential is None  # lifespan
    assert app.handshakes == 0


@pytest.fixture
def tickets(krb5_realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", krb5_realm.ccache)


def test_curl_with_kerberos(port: int, krb5_realm: Realm, tickets: None) -> None:
    page = f"hello alice@{krb5_realm.name} by Kerberos\n200\n"
    asked = curl(port, "--negotiate", "--user", ":", f"http://localhost:{port}/first")
    assert asked == page * 2
    assert curl(port) == "authentication is required\n401\n"


def test_curl_with_ntlm(port: int) -> None:
    """By connection: the second page needs no handshake."""
    page = "hello TEST\\alice by NTLM\n"
    trace = curl(
        port, "--ntlm", *ALICE, "--verbose", "--stderr", "-", f"http://localhost:{port}/first"
    )
    assert trace.count(page) == 2
    assert trace.count("> Authorization: NTLM ") == 2
    refused = curl(port, "--ntlm", "--user", "TEST\\alice:wrong")
    assert refused == "the logon was not accepted\n401\n"


def test_curl_posts(port: int, krb5_realm: Realm, tickets: None) -> None:
    """Bodies that come before the client has proven who it is hold nothing up."""
    long = "x" * 2_000_000
    for arguments in (("--negotiate", "--user", ":"), ("--ntlm", *ALICE)):
        assert curl(port, *arguments, "--data", "a=b").endswith("200\n")
    with Browser(port) as browser:
        browser._connection.request("POST", "/", long)
        assert browser._connection.getresponse().status == 401


def test_server_proves_who_it_is(port: int, krb5_realm: Realm) -> None:
    """`log_on` ends with a context that is complete: the last token came with the page."""
    with Browser(port) as browser:
        assert "alice" in browser.log_on(krb5_realm.client)
        assert len(browser.challenges) == 1
        # Kerberos is by request.
        browser.get()
        assert browser.challenges == ["Negotiate", "NTLM"]
        assert browser.statuses == [200, 401]


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
def test_ntlm_is_by_connection(scheme: str, port: int, ntlm_users: NtlmUsers) -> None:
    with Browser(port) as browser, Browser(port) as other:
        identity = ntlm_users.client("bob")
        page = browser.log_on(identity, scheme=scheme, target="localhost")
        assert page == "hello TEST\\bob by NTLM\n"
        assert browser.get() == page
        other.get()
        assert other.statuses == [401]
        assert browser.get() == page
        assert browser.statuses == [401, 200, 200, 200]


@pytest.mark.parametrize("field", ["via", "forwarded", "x_forwarded_for", "x_real_ip"])
def test_shared_connection_has_no_user(field: str, port: int, ntlm_users: NtlmUsers) -> None:
    """Wrong: a proxy sends bob's request over the connection on which alice has logged on."""
    proxied = {field: "203.0.113.1"}
    with Browser(port) as browser:
        page = browser.log_on(ntlm_users.client(), scheme="NTLM", fields=proxied)
        assert page == "hello TEST\\alice by NTLM\n"
        browser.get(**proxied)
        assert browser.statuses == [401, 200, 401]
        assert "alice" in browser.log_on(ntlm_users.client(), scheme="NTLM")
        assert "alice" in browser.get()
        browser.get(**proxied)
        assert browser.statuses[-1] == 401


@pytest.mark.parametrize("stack", [("httptools", "uvloop"), ("h11", "asyncio")])
@pytest.mark.parametrize("over_tls", [False, True])
def test_user_goes_with_the_connection(
    stack: tuple[str, str], over_tls: bool, ntlm_users: NtlmUsers, tls_pair: TlsPair
) -> None:
    """Whatever uvicorn is made of, it shows a connection that ends."""
    for module in stack:
        pytest.importorskip(module)
    options: dict[str, Any] = {"http": stack[0], "loop": stack[1]}
    if over_tls:
        options.update(ssl_certfile=str(tls_pair.certificate), ssl_keyfile=str(tls_pair.key))
    app = NegotiateMiddleware(Site(), package="NTLM", identity=ntlm_users.server)
    with uvicorn_with(app, **options) as port:
        with Browser(port, tls_pair if over_tls else None) as browser:
            browser.log_on(ntlm_users.client(), package="NTLM")
            assert browser.get() == "hello TEST\\alice by NTLM\n"
            assert len(app._gate._users) == 1

        def is_forgotten() -> bool:
            collect()
            return len(app._gate._users) == 0

        eventually(is_forgotten)


def test_nobody_where_it_is_optional(krb5_realm: Realm) -> None:
    app = NegotiateMiddleware(Site(), identity=identity_of(krb5_realm), mode="optional")
    with uvicorn_with(app) as port, Browser(port) as browser:
        assert browser.get() == "hello None by None\n"
        assert "alice" in browser.log_on(krb5_realm.client)
        browser.get(authorization="Negotiate " + base64.b64encode(b"rubbish").decode())
        assert browser.statuses == [200, 200, 401]


def test_delegated_credential(krb5_realm: Realm) -> None:
    """It is there for the application, and gone after the request."""
    site = Site()
    app = NegotiateMiddleware(site, identity=identity_of(krb5_realm))
    flags = ClientFlags.DEFAULT | ClientFlags.DELEGATE
    with uvicorn_with(app) as port, Browser(port) as browser:
        page = browser.log_on(krb5_realm.client, "/backend/60", flags=flags)
        assert page == f"alice@{krb5_realm.name} may ask\n"
    [delegated] = site.delegated
    assert delegated is not None
    with pytest.raises(SspiError):
        _ = delegated.name


@contextlib.contextmanager
def frozen(realm: Realm) -> Iterator[None]:
    realm.freeze()
    try:
        yield
    finally:
        realm.thaw()


def test_others_go_on_while_the_kdc_is_silent(krb5_realm: Realm, tickets: None) -> None:
    """Wrong: one request that waits for the KDC holds the loop, and so all others."""
    site = Site()
    app = NegotiateMiddleware(site, identity=identity_of(krb5_realm))
    # Made before, for delegating asks the KDC, too.
    with sspi_async.client(
        "HTTP@localhost",
        identity=krb5_realm.client,
        flags=ClientFlags.DEFAULT | ClientFlags.DELEGATE,
    ) as context:
        authorization = "Negotiate " + base64.b64encode(context.step().result(60)).decode()
    with uvicorn_with(app) as port, concurrent.futures.ThreadPoolExecutor() as threads:

        def ask(seconds: int) -> tuple[int, str]:
            with Browser(port) as browser:
                page = browser.get(f"/backend/{seconds}", authorization=authorization)
                return browser.statuses[-1], page

        greeting = f"hello alice@{krb5_realm.name} by Kerberos\n200\n"
        assert curl(port, "--negotiate", "--user", ":") == greeting  # it has a ticket now
        with frozen(krb5_realm):
            waiting = threads.submit(ask, 3600)
            assert site.asking.wait(60)
            for _ in range(3):
                assert curl(port, "--negotiate", "--user", ":") == greeting
            assert ask(1) == (504, "the other one is silent\n")
            assert not waiting.done()
        assert waiting.result(90) == (200, f"alice@{krb5_realm.name} may ask\n")


def test_others_go_on_while_a_leg_is_stuck(probe: Probe) -> None:
    app = NegotiateMiddleware(Site(), credential=probe.credential, timeout=3600)
    with uvicorn_with(app) as port, concurrent.futures.ThreadPoolExecutor() as threads:

        def ask(script: str) -> int:
            with Browser(port) as browser:
                text = base64.b64encode(script.encode()).decode()
                browser.get(authorization=f"Negotiate {text}")
                return browser.statuses[-1]

        stuck = threads.submit(ask, "block")
        probe.wait_blocked()
        assert [ask("token=0") for _ in range(3)] == [200, 200, 200]
        assert app.handshakes == 1
        assert not stuck.done()
        probe.release()
        assert stuck.result(60) == 200


def test_stuck_leg_ends_at_its_timeout(probe: Probe) -> None:
    app = NegotiateMiddleware(Site(), credential=probe.credential, timeout=0.2)
    with uvicorn_with(app) as port, Browser(port) as browser:
        text = base64.b64encode(b"wait-fd").decode()
        browser.get(authorization=f"Negotiate {text}")
        assert browser.statuses == [503]
        assert app.handshakes == 0


def test_what_is_half_way_goes_with_the_server(probe: Probe) -> None:
    """Wrong: contexts of clients that never came back outlive the server."""
    app = NegotiateMiddleware(Site(), credential=probe.credential)
    with uvicorn_with(app) as port:
        with Browser(port) as browser:
            text = base64.b64encode(b"more").decode()
            browser.get(authorization=f"Negotiate {text}")
            assert browser.statuses == [401]
        assert probe.live_contexts == 1
    assert app.handshakes == 0
    eventually(lambda: probe.live_contexts == 0)


async def returning(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await Site()(scope, receive, send)


async def answering(scope: Any, receive: Any, send: Any) -> None:
    await Site()({"path": "/", "user": None, **scope, "type": "http"}, receive, send)


class Lifespan(Site):
    """An application that knows what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await super().__call__(scope, receive, send)
            return
        for what in ("startup", "shutdown"):
            self.told.append((await receive())["type"])
            await send({"type": f"lifespan.{what}.complete"})


@pytest.mark.parametrize("inner", [returning, answering, Site(), Lifespan()])
def test_lifespan(inner: Any, krb5_realm: Realm) -> None:
    """Whether the application knows of it or not, the credential is there, and goes."""
    app = NegotiateMiddleware(inner, identity=identity_of(krb5_realm))
    with uvicorn_with(app) as port, Browser(port) as browser:
        browser.get()
        assert browser.statuses == [401]
        assert app._credential is not None
        assert "alice" in browser.log_on(krb5_realm.client)
    assert app._credential is None
    if isinstance(inner, Lifespan):
        assert inner.told == ["lifespan.startup", "lifespan.shutdown"]


def test_credential_that_cannot_be_had(tmp_path: pathlib.Path) -> None:
    """The server says so and does not start; where it does all the same, nobody gets in."""
    app = NegotiateMiddleware(
        Site(), package="NTLM", identity=Identity(ntlm_user_file=tmp_path / "none")
    )
    sent: list[Any] = []

    async def main() -> None:
        async def receive() -> Any:
            return {"type": "lifespan.startup"}

        async def send(message: Any) -> None:
            sent.append(message)

        await app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
        field = (b"authorization", b"Negotiate YQ==")
        await app({"type": "http", "headers": [field]}, receive, send)

    asyncio.run(main())
    assert sent[0]["type"] == "lifespan.startup.failed"
    assert "none" in sent[0]["message"]
    assert sent[1]["status"] == 500


def test_log_has_no_secret(
    krb5_realm: Realm, ntlm_users: NtlmUsers, caplog: pytest.LogCaptureFixture
) -> None:
    keys: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        keys.append(scope["user"].context.attributes.session_key)
        logging.getLogger("app").info("%r %s", scope["user"], scope["user"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})

    caplog.set_level(logging.DEBUG)
    guarded = NegotiateMiddleware(app, identity=identity_of(krb5_realm, ntlm_users))
    with uvicorn_with(guarded) as port, Browser(port) as browser:
        browser.log_on(krb5_realm.client)
        browser.log_on(ntlm_users.client(), target="localhost")
        browser.log_on(ntlm_users.client(password="wrong"), target="localhost")
    assert browser.statuses == [200, 401, 200, 401, 401]
    assert len(keys) == 2
    for key in keys:
        for text in (key.hex(), base64.b64encode(key).decode(), repr(key)[2:-1]):
            assert text not in caplog.text
    assert "correct-horse" not in caplog.text
    assert "refused a client" in caplog.text


# ---- Channel bindings --------------------------------------------------------------------


def test_bindings_of_our_own_certificate(krb5_realm: Realm, tls_pair: TlsPair) -> None:
    app = NegotiateMiddleware(
        Site(),
        identity=identity_of(krb5_realm),
        channel_bindings=tls_server_end_point(tls_pair.certificate.read_bytes()),
    )
    with (
        uvicorn_with(
            app, ssl_certfile=str(tls_pair.certificate), ssl_keyfile=str(tls_pair.key)
        ) as port,
        Browser(port, tls_pair) as browser,
    ):
        seen = tls_server_end_point(browser.connect())  # type: ignore[arg-type]
        assert "alice" in browser.log_on(krb5_realm.client, channel_bindings=seen)
        # Somebody in between, whose certificate the client has seen.
        other = tls_server_end_point(tls_pair.authority.read_bytes())
        browser.log_on(krb5_realm.client, channel_bindings=other)
        browser.log_on(krb5_realm.client)
        assert browser.statuses == [200, 401, 401]


def test_bindings_may_be_missing_if_that_is_wanted(krb5_realm: Realm) -> None:
    app = NegotiateMiddleware(
        Site(),
        identity=identity_of(krb5_realm),
        channel_bindings=b"tls-server-end-point:x",
        allow_missing_bindings=True,
    )
    with uvicorn_with(app) as port, Browser(port) as browser:
        browser.log_on(krb5_realm.client)
        browser.log_on(krb5_realm.client, channel_bindings=b"tls-server-end-point:y")
        assert browser.statuses == [200, 401]


@pytest.mark.parametrize(
    ("trusted", "statuses"), [("127.0.0.1", [200, 403, 401]), ("10.0.0.0/8", [403, 403, 403])]
)
def test_bindings_of_a_proxy(trusted: str, statuses: list[int], krb5_realm: Realm) -> None:
    """Wrong: whoever is in between says which certificate the client has seen."""
    seen = b"tls-server-end-point:x"
    app = NegotiateMiddleware(
        Site(),
        identity=identity_of(krb5_realm),
        channel_bindings=ProxyBindings("X-Bindings", [trusted]),
    )
    # uvicorn believes this field, and has another address in the scope.
    said = {"x_bindings": base64.b64encode(seen).decode(), "x_forwarded_for": "10.1.1.1"}
    other = {**said, "x_bindings": base64.b64encode(b"tls-server-end-point:y").decode()}
    with uvicorn_with(app) as port, Browser(port) as browser:
        for fields in (said, {}, other):
            browser.log_on(krb5_realm.client, channel_bindings=seen, fields=fields)
        assert browser.statuses == statuses


def test_address_that_a_field_says_is_no_proxy(krb5_realm: Realm) -> None:
    """Wrong: a client says that it is the proxy, and uvicorn believes that."""
    inside = NegotiateMiddleware(
        Site(),
        identity=identity_of(krb5_realm),
        channel_bindings=ProxyBindings("X-Bindings", ["127.0.0.2"]),
    )

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def wrapped() -> Any:  # so that the connection cannot be seen
            return await receive()

        await inside(scope, wrapped, send)

    fields = {"x_bindings": "b25l", "x_forwarded_for": "127.0.0.2"}
    with uvicorn_with(app, forwarded_allow_ips="*") as port, Browser(port) as browser:
        browser.log_on(krb5_realm.client, channel_bindings=b"one", fields=fields)
        assert browser.statuses == [403]


def test_proxies_are_addresses() -> None:
    proxy = ProxyBindings("X-Bindings", ["unix", "10.0.0.0/8", "::1"])
    assert proxy.read("", ["YQ=="]) == b"a"
    assert proxy.read("10.1.2.3", ["YQ=="]) == b"a"
    assert proxy.read("::1", ["YQ=="]) == b"a"
    for peer, values in (
        ("11.1.2.3", ["YQ=="]), ("rubbish", ["YQ=="]), ("::1", []), ("::1", [""]),
        ("::1", ["YQ==", "YQ=="]), ("::1", ["not Base64"]),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"."):
            proxy.read(peer, values)
    with pytest.raises(ValueError, match="gateway"):
        ProxyBindings("X-Bindings", ["gateway"])
    with pytest.raises(TypeError, match="list"):
        ProxyBindings("X-Bindings", "10.0.0.1")


# ---- Other servers, frameworks -----------------------------------------------------------


@pytest.fixture(scope="module")
def hypercorn_port(krb5_realm: Realm, ntlm_users: NtlmUsers) -> Iterator[int]:
    app = NegotiateMiddleware(
        Site(), identity=identity_of(krb5_realm, ntlm_users), schemes=["Negotiate", "NTLM"]
    )
    with hypercorn_with(app) as port:
        yield port
    assert app._credential is None


def test_ntlm_where_the_connection_cannot_be_seen(
    hypercorn_port: int, ntlm_users: NtlmUsers
) -> None:
    """Each request logs on: who has an address next is not known."""
    with Browser(hypercorn_port) as browser:
        page = browser.log_on(ntlm_users.client(), scheme="NTLM")
        assert page == "hello TEST\\alice by NTLM\n"
        browser.get()
        assert browser.statuses == [401, 200, 401]
    trace = curl(hypercorn_port, "--ntlm", *ALICE, f"http://localhost:{hypercorn_port}/first")
    assert trace == page + "200\n" + page + "200\n"


def test_http2_has_kerberos_and_no_ntlm(
    hypercorn_port: int, krb5_realm: Realm, ntlm_users: NtlmUsers, tickets: None
) -> None:
    if not curl_has("HTTP2"):
        pytest.skip("curl has no HTTP/2")
    http2 = ("--http2-prior-knowledge",)
    page = curl(hypercorn_port, *http2, "--negotiate", "--user", ":")
    assert page == f"hello alice@{krb5_realm.name} by Kerberos\n200\n"
    with sspi_async.client(None, package="NTLM", identity=ntlm_users.client()) as context:
        token = base64.b64encode(context.step().result(20)).decode()
    page = curl(hypercorn_port, *http2, "--header", f"Authorization: NTLM {token}")
    assert "use HTTP/1.1" in page
    assert page.endswith("401\n")


def upgrade(port: int, authorization: str) -> bytes:
    """Ask for a web socket; all that is answered."""
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.sendall(
            "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"{authorization}\r\n".encode()
        )
        received = b""
        while (more := connection.recv(65536)) and b"alice" not in received:
            received += more
            if received.startswith(b"HTTP/1.1 4") and b"required" in received:
                break
        return received


def test_web_socket_needs_a_user(hypercorn_port: int, krb5_realm: Realm) -> None:
    refused = upgrade(hypercorn_port, "")
    assert refused.startswith(b"HTTP/1.1 401 ")
    assert b"\r\nwww-authenticate: Negotiate\r\n" in refused
    with sspi_async.client("HTTP@localhost", identity=krb5_realm.client) as context:
        token = base64.b64encode(context.step().result(60)).decode()
    accepted = upgrade(hypercorn_port, f"Authorization: Negotiate {token}\r\n")
    assert accepted.startswith(b"HTTP/1.1 101 ")
    assert b"alice@" in accepted


def test_starlette(krb5_realm: Realm) -> None:
    applications = pytest.importorskip("starlette.applications")
    from starlette.authentication import requires
    from starlette.middleware import Middleware
    from starlette.middleware.authentication import AuthenticationMiddleware
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    @requires("authenticated")
    async def secret(request: Any) -> Any:
        return PlainTextResponse(f"{request.user.display_name} {request.user.identity}")

    async def door(request: Any) -> Any:
        return PlainTextResponse(f"known: {request.user.is_authenticated}")

    app = applications.Starlette(
        routes=[Route("/secret", secret), Route("/", door)],
        middleware=[
            Middleware(NegotiateMiddleware, mode="optional", identity=identity_of(krb5_realm)),
            Middleware(AuthenticationMiddleware, backend=AuthenticationBackend()),
        ],
    )
    alice = f"alice@{krb5_realm.name}"
    with uvicorn_with(app) as port, Browser(port) as browser:
        assert browser.get() == "known: False"
        browser.get("/secret")
        assert browser.log_on(krb5_realm.client, "/secret") == f"{alice} {alice}"
        assert browser.log_on(krb5_realm.client) == "known: True"
        assert browser.statuses == [200, 403, 200, 200]


@pytest.mark.parametrize(
    "options", [{"mode": "none"}, {"schemes": "Negotiate"}, {"schemes": []}]
)
def test_options_are_looked_at(options: Any) -> None:
    with pytest.raises(InvalidParameter):
        NegotiateMiddleware(Site(), **options)


def test_credential_that_was_given_is_not_freed(krb5_realm: Realm) -> None:
    with Credential.acquire(
        "Negotiate", CredentialUse.INBOUND, identity=identity_of(krb5_realm)
    ).result(20) as credential:
        for _ in range(2):
            app = NegotiateMiddleware(Site(), credential=credential)
            with uvicorn_with(app) as port, Browser(port) as browser:
                assert "alice" in browser.log_on(krb5_realm.client)
