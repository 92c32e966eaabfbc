# SPDX-License-Identifier: MIT
"""The examples, run as users run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time

import pytest
from conftest import ROOT
from http_apache import Apache

from sspi_async.testing import NtlmUsers, Realm, TlsPair

EXAMPLES = ROOT / "examples/python"


def run(
    script: str, *arguments: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLES / script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(env or {})},
        check=False,
    )


def test_http_client_with_kerberos(web: Apache) -> None:
    done = run("http_client.py", web.url("kerberos/page"))
    assert (done.returncode, done.stdout) == (0, "kerberos\n"), done.stderr + web.log()
    done = run("http_client.py", web.url("kerberos/page"), env={"KRB5CCNAME": "FILE:/nowhere"})
    assert done.returncode == 1
    assert "kerberos" not in done.stdout


def krb5_version() -> tuple[int, ...]:
    """The version of MIT krb5, which Apache uses too."""
    done = subprocess.run(
        ["krb5-config", "--version"], capture_output=True, text=True, timeout=20, check=True
    )
    return tuple(int(part) for part in done.stdout.split()[-1].split("."))


def test_http_client_with_ntlm_inside_negotiate(ntlm_users: NtlmUsers, web: Apache) -> None:
    if (1, 21) <= krb5_version() < (1, 22, 2):
        pytest.skip("Apache's SPNEGO cannot carry NTLM (MIT's ticket 9183)")
    done = run(
        "http_client.py",
        web.url("ntlm/page"),
        env={"NTLM_USER_FILE": str(ntlm_users.path), "KRB5CCNAME": "FILE:/nowhere"},
    )
    assert (done.returncode, done.stdout) == (0, "ntlm\n"), done.stderr + web.log()


def test_http_server_with_curl(krb5_realm: Realm) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    server = subprocess.Popen(
        [sys.executable, str(EXAMPLES / "http_server.py"), "0", krb5_realm.keytab],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        for arguments, expected in (
            (["--negotiate", "--user", ":"], f"hello alice@{krb5_realm.name}\n200"),
            ([], "authentication is required\n401"),
        ):
            done = subprocess.run(
                ["curl", "--silent", "--max-time", "20", "--noproxy", "*",
                 "--write-out", "%{http_code}", *arguments, f"http://localhost:{port}/"],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )  # fmt: skip
            assert done.stdout == expected, done.stderr
    finally:
        server.terminate()
        server.communicate(timeout=20)


def test_tls_echo(tls_pair: TlsPair) -> None:
    paths = (str(tls_pair.certificate), str(tls_pair.key), str(tls_pair.authority))
    done = run("tls_echo.py", *paths, "hello", "world")
    assert (done.returncode, done.stdout) == (0, "hello world\n"), done.stderr
    done = run("tls_echo.py", *paths, "x" * 100_000)
    assert done.stdout == "x" * 100_000 + "\n", done.stderr
    # A client that trusts others.
    done = run("tls_echo.py", *paths[:2], "/etc/ssl/certs/ca-certificates.crt")
    assert done.returncode == 1
    assert "CertificateError" in done.stderr or "SspiError" in done.stderr


def test_test_service() -> None:
    """The fixtures, in a pytest of their own that knows the installed plug-in alone."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull,
         "-o", "asyncio_mode=strict", "-o", "asyncio_default_fixture_loop_scope=function",
         "--rootdir", str(EXAMPLES),
         str(EXAMPLES / "test_service.py")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - started < 60


def test_protocols_of_others_are_short() -> None:
    """Wrong: a protocol that has to be learnt to see what this library does in it."""
    for name in ("postgresql_gss.py", "postgresql_gssenc.py", "smb_client.py"):
        assert len((EXAMPLES / name).read_text().splitlines()) <= 40
