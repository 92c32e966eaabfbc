# SPDX-License-Identifier: MIT
"""What holds for each of the HTTP libraries, against Apache's mod_auth_gssapi."""

from __future__ import annotations

import io
import pathlib
from collections.abc import Iterator
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from http_apache import Apache
from http_users import KINDS, User, session

import sspi_async
from sspi_async import Identity
from sspi_async.http import OPTIONAL, REQUIRED, MutualAuthenticationError
from sspi_async.testing import NtlmUsers, Realm

NO_TICKETS = Identity(ccache="FILE:/nowhere")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def user(kind: str, web: Apache) -> Iterator[User]:
    with session(kind, web.authority) as made:
        yield made


@pytest.fixture
def behind_proxy(kind: str, web: Apache) -> Iterator[User]:
    with session(kind, web.authority, web.proxy_url) as made:
        yield made


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mutual_authentication": REQUIRED},
        {"mutual_authentication": OPTIONAL},
        {"opportunistic_auth": True},
        {"opportunistic_auth": True, "mutual_authentication": REQUIRED},
        {"mech": "Kerberos"},
        {"mech": "Kerberos", "mutual_authentication": REQUIRED},
        {"target_name": "HTTP@localhost"},
        {"delegate": True},
    ],
)
def test_kerberos(settings: dict[str, Any], user: User, web: Apache, krb5_realm: Realm) -> None:
    """Wrong: no page for who has a ticket, or one for another."""
    auth = user.auth(identity=krb5_realm.client, **settings)
    for _ in range(3):
        page = user.get(web.url("kerberos/page"), auth)
        assert (page.status, page.text) == (200, "kerberos\n"), web.log()
        assert page.user == f"alice@{krb5_realm.name}"


def test_ntlm(user: User, web: Apache, ntlm_users: NtlmUsers) -> None:
    """Wrong: legs that part, or a user that is another."""
    auth = user.auth(identity=ntlm_users.client())
    for _ in range(3):
        page = user.get(web.url("ntlm/page"), auth)
        assert (page.status, page.text) == (200, "ntlm\n"), web.log()
        assert page.user == "TEST\\alice"


def test_connection_of_ntlm_is_its_users(
    user: User, web: Apache, ntlm_users: NtlmUsers
) -> None:
    """Wrong: whoever asks next through the same session is alice."""
    alice = user.auth(identity=ntlm_users.client("alice"))
    bob = user.auth(identity=ntlm_users.client("bob"))
    for _ in range(3):
        assert user.get(web.url("ntlm/page"), alice).user == "TEST\\alice"
        assert user.get(web.url("ntlm/page"), None).status == 401
        assert user.get(web.url("ntlm/page"), bob).user == "TEST\\bob"
        assert user.get(web.url("open"), None).user in ("", "(null)")


def test_wrong_password(user: User, web: Apache, ntlm_users: NtlmUsers) -> None:
    """Wrong: an exception, or the page."""
    auth = user.auth(identity=ntlm_users.client(password="wrong"))
    page = user.get(web.url("ntlm/page"), auth)
    assert page.status == 401
    assert "ntlm\n" not in page.text


def test_no_ticket(user: User, web: Apache) -> None:
    """Wrong: a 401 that does not say why."""
    with pytest.raises(sspi_async.NoCredentials):
        user.get(web.url("kerberos/page"), user.auth(identity=NO_TICKETS))


def test_page_that_is_open(user: User, web: Apache) -> None:
    """Wrong: authentication where nobody asks for it."""
    assert user.get(web.url("open"), user.auth(identity=NO_TICKETS)).text == "open\n"


def test_proof_is_required(user: User, web: Apache, krb5_realm: Realm) -> None:
    """Wrong: a page from whoever does not ask, or the text of an error from anybody."""
    auth = user.auth(REQUIRED, identity=krb5_realm.client)
    with pytest.raises(MutualAuthenticationError, match="has not asked"):
        user.get(web.url("open"), auth)
    page = user.get(web.url("not-there"), auth)  # Apache sends a cookie with it
    assert (page.status, page.text) == (404, "")
    assert page.cookies == 0
    assert set(map(str.lower, page.headers)) <= {"date", "server", "content-length"}
    kept = user.auth(REQUIRED, identity=krb5_realm.client, sanitize_mutual_error_response=False)
    assert user.get(web.url("not-there"), kept).text != ""
    # With a proof the text is the server's.
    assert user.get(web.url("kerberos/not-there"), auth).text != ""


@pytest.mark.parametrize("unasked", [False, True])
def test_redirect(unasked: bool, user: User, web: Apache, krb5_realm: Realm) -> None:
    """Wrong: the page behind a redirect is not authenticated to, or a body is lost."""
    auth = user.auth(identity=krb5_realm.client, opportunistic_auth=unasked)
    page = user.get(web.url("moved"), auth)
    assert (page.status, page.text) == (200, "kerberos\n"), web.log()
    page = user.get(web.url("elsewhere"), auth)  # of another origin
    assert (page.status, page.text) == (200, "kerberos\n"), web.log()
    for path in ("again", "for-good"):  # 307, 308
        page = user.send("POST", web.url(path), auth, data=b"some bytes")
        assert (page.status, page.text) == (200, "some bytes"), web.log()


def test_body(user: User, web: Apache, krb5_realm: Realm, tmp_path: pathlib.Path) -> None:
    """Wrong: a body that is empty, or begins elsewhere, when it is sent again."""
    auth = user.auth(identity=krb5_realm.client)
    url = web.url("kerberos/app")
    page = user.send("POST", url, auth, data=b"bytes" * 1000)
    assert page.text == "bytes" * 1000
    if not user.takes_files:
        return
    path = tmp_path / "body"
    path.write_bytes(b"from a file" * 1000)
    start = 5 if user.knows_its_proxy else 0  # httpx counts the length from the beginning
    with path.open("rb") as body:
        body.seek(start)
        assert user.send("POST", url, auth, data=body).text == ("from a file" * 1000)[start:]
    assert user.send("POST", url, auth, data=io.BytesIO(b"in memory")).text == "in memory"


def test_stream(user: User, web: Apache, krb5_realm: Realm) -> None:
    """Wrong: an empty body taken for the whole."""
    url = web.url("kerberos/app")
    with pytest.raises(
        (ValueError, requests.RequestException, httpx.StreamError),
        match="cannot be sent twice: pass bytes or a file, or, with Kerberos, opportunistic",
    ):
        user.send("POST", url, user.auth(identity=krb5_realm.client), data=user.stream([b"x"]))
    unasked = user.auth(identity=krb5_realm.client, opportunistic_auth=True)
    page = user.send("POST", url, unasked, data=user.stream([b"in ", b"pieces"]))
    assert (page.status, page.text) == (200, "in pieces")


def test_proxy_asks(behind_proxy: User, web: Apache, krb5_realm: Realm) -> None:
    """Wrong: 407, or a token that a proxy is sent twice, or none for the server behind it."""
    assert behind_proxy.get(web.url("open"), None).status == 407
    named = {} if behind_proxy.knows_its_proxy else {"proxy_target_name": "HTTP@localhost"}
    auth = behind_proxy.auth(identity=krb5_realm.client, **named)
    for _ in range(2):
        assert behind_proxy.get(web.url("open"), auth).text == "open\n", web.log()
        page = behind_proxy.get(web.url("kerberos/page"), auth)
        assert (page.status, page.text) == (200, "kerberos\n"), web.log()
        assert page.user.endswith(f"alice@{krb5_realm.name}")  # the proxy says so, too


def test_proxy_asks_on_the_way_to_tls(
    behind_proxy: User, web: Apache, krb5_realm: Realm
) -> None:
    """Wrong: no way through, where the library allows one; where it does not, a wrong word."""
    auth = behind_proxy.auth(identity=krb5_realm.client)
    url = web.tls_url("kerberos/page")
    if behind_proxy.auth is not KINDS["aiohttp"].auth:
        with pytest.raises((requests.ConnectionError, httpx.ProxyError), match="407"):
            behind_proxy.get(url, auth)
        return
    for _ in range(3):
        page = behind_proxy.get(url, auth)
        assert (page.status, page.text) == (200, "kerberos\n"), web.log()
    with pytest.raises((aiohttp.ClientHttpProxyError, httpx.ProxyError)):
        behind_proxy.get(url, None)


def test_tls(user: User, web: Apache, krb5_realm: Realm, ntlm_users: NtlmUsers) -> None:
    """Wrong: what works without TLS does not with it."""
    auth = user.auth(REQUIRED, identity=krb5_realm.client)
    assert user.get(web.tls_url("kerberos/page"), auth).text == "kerberos\n"
    auth = user.auth(identity=ntlm_users.client())
    for _ in range(2):
        assert user.get(web.tls_url("ntlm/page"), auth).user == "TEST\\alice"
