# SPDX-License-Identifier: MIT
"""The programs of docs/http-server.md run, and what it says about options is so."""

from __future__ import annotations

import inspect
import pathlib
import re

import pytest
from conftest import ROOT
from http_peers import Browser, gunicorn_with, uvicorn_with

from sspi_async.channel_bindings import tls_server_end_point
from sspi_async.http._middleware import Middleware
from sspi_async.testing import Realm, TlsPair

PAGE = (ROOT / "docs/http-server.md").read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```", PAGE, re.S | re.M)


def program(mark: str, realm: Realm, tls: TlsPair | None = None) -> str:
    """The one that holds a word, with the names of this machine."""
    [code] = [code for code in PROGRAMS if mark in code]
    assert isinstance(code, str)
    if tls is not None:
        code = code.replace("/etc/ssl/certs/www.example.org.pem", str(tls.certificate))
    return code.replace("FILE:/etc/http.keytab", realm.keytab)


def test_all_programs_are_run() -> None:
    marks = ("{user.name}", "sspi_async.wsgi", "starlette", "tls_server", "ProxyBindings")
    assert [sum(mark in code for code in PROGRAMS) for mark in marks] == [1] * len(PROGRAMS)


@pytest.mark.parametrize("mark", ["{user.name}", "starlette"])
def test_asgi(mark: str, krb5_realm: Realm) -> None:
    if mark == "starlette":
        pytest.importorskip("starlette")
    names: dict[str, object] = {}
    exec(compile(program(mark, krb5_realm), mark, "exec"), names)  # noqa: S102
    [greeting] = re.findall(r"^(hello .*\n)", PAGE, re.M)
    with uvicorn_with(names["app"]) as port, Browser(port) as browser:
        page = browser.log_on(krb5_realm.client)
        assert page == greeting.replace("EXAMPLE.ORG", krb5_realm.name)


def test_wsgi(krb5_realm: Realm, tmp_path: pathlib.Path) -> None:
    code = program("sspi_async.wsgi", krb5_realm)
    with gunicorn_with(tmp_path, code) as port, Browser(port) as browser:
        page = browser.log_on(krb5_realm.client)
        assert page == f"hello alice@{krb5_realm.name}, by Kerberos\n"


def test_bindings(krb5_realm: Realm, tls_pair: TlsPair) -> None:
    names: dict[str, object] = {}
    code = program("tls_server", krb5_realm, tls_pair)
    exec(compile(code, "bindings", "exec"), names)  # noqa: S102
    seen = tls_server_end_point(tls_pair.certificate.read_bytes())
    with uvicorn_with(names["app"]) as port, Browser(port) as browser:
        browser.log_on(krb5_realm.client, channel_bindings=seen)
        browser.log_on(krb5_realm.client)
        assert browser.statuses == [200, 401]


def test_bindings_of_a_proxy(krb5_realm: Realm) -> None:
    names: dict[str, object] = {}
    exec(compile(program("ProxyBindings", krb5_realm), "proxy", "exec"), names)  # noqa: S102
    fields = {"x_channel_bindings": "b25l"}
    with uvicorn_with(names["app"]) as port, Browser(port) as browser:
        browser.log_on(krb5_realm.client, channel_bindings=b"one", fields=fields)
        browser.log_on(krb5_realm.client, channel_bindings=b"one")
        assert browser.statuses == [200, 403]


def test_options_are_those_of_the_table() -> None:
    """Wrong: an option that nobody has heard of, or one that is not there."""
    table = PAGE.partition("## Options")[2].partition("\n\nThe credential")[0]
    named = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| ([^|]*) \|", table, re.M))))
    assert named == set(inspect.signature(Middleware).parameters) - {"app"}


@pytest.mark.parametrize("name", ["asgi", "wsgi"])
def test_adapter_is_thin(name: str) -> None:
    """Wrong: what belongs to the protocol, written twice."""
    path = ROOT / f"python/sspi_async/{name}.py"
    assert len(path.read_text().splitlines()) <= 150
