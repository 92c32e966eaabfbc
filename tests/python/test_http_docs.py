# SPDX-License-Identifier: MIT
"""The examples of docs/http.md and the first of the README run, and what is said is so."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT
from http_apache import Apache

from sspi_async.http._client import Client
from sspi_async.testing import Realm

PAGE = (ROOT / "docs/http.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.S)
# The README begins with one, too.
EXAMPLES += re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)[:1]
KINDS = ("httpx_aiohttp", "httpx", "requests", "aiohttp", "channel")


def test_there_are_examples() -> None:
    """Wrong: nothing is tried because nothing is found."""
    assert [next(name for name in KINDS if name in example) for example in EXAMPLES] == [
        "httpx",
        "requests",
        "aiohttp",
        "httpx_aiohttp",
        "channel",
        "httpx",
    ]


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_runs(number: int, web: Apache, krb5_realm: Realm) -> None:
    """Wrong: the first thing that people try, failing."""
    example = EXAMPLES[number]
    if "httpx_aiohttp" in example:
        pytest.importorskip("httpx_aiohttp")
    for said, here in (
        ("http://www.example.org/", web.url("kerberos/page")),
        ('"www.example.org", 443', f'"localhost", {web.tls}'),
        ("alice@EXAMPLE.ORG", f"alice@{krb5_realm.name}"),
        ("correct-horse", krb5_realm.password_of("alice")),
    ):
        example = example.replace(said, here)
    done = subprocess.run(
        [sys.executable, "-c", example],
        env={**os.environ, "KRB5CCNAME": krb5_realm.ccache},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = "b'tls-server-end-point:'\n" if "channel" in example else "200 kerberos\n"
    assert done.stdout == expected


def test_arguments_are_those_of_the_table() -> None:
    """Wrong: an argument that nobody has heard of, or one that is not there."""
    table = PAGE.partition("## Arguments")[2].partition("\n\n`mutual")[0]
    named = re.findall(r"^\| `(\w+)`", table, re.M)
    assert named == list(inspect.signature(Client).parameters)


@pytest.mark.parametrize("name", ["aiohttp", "httpx", "requests"])
def test_adapter_is_thin(name: str) -> None:
    """Wrong: what belongs to the protocol, written three times."""
    path = ROOT / f"python/sspi_async/http/{name}.py"
    assert len(path.read_text().splitlines()) <= 150


@pytest.mark.parametrize("module", ["requests_gssapi", "httpx_gssapi"])
def test_arguments_are_theirs(module: str) -> None:
    """Wrong: a program that comes from there has to be rewritten."""
    peer = pytest.importorskip(module)
    theirs = list(inspect.signature(peer.HTTPSPNEGOAuth).parameters)
    assert list(inspect.signature(Client).parameters)[: len(theirs)] == theirs
    assert {name: getattr(peer, name) for name in ("REQUIRED", "OPTIONAL", "DISABLED")} == {
        "REQUIRED": 1,
        "OPTIONAL": 2,
        "DISABLED": 3,
    }


def test_names_of_gssapi_are_targets() -> None:
    """Wrong: a target_name that their users have made is none here."""
    gssapi = pytest.importorskip("gssapi")
    name = gssapi.Name("HTTP@www.example.org", gssapi.NameType.hostbased_service)
    assert Client(target_name=name).target("elsewhere", False) == "HTTP@www.example.org"
