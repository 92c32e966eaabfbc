# SPDX-License-Identifier: MIT
"""The examples, run as users run them."""

from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from conftest import ROOT, eventually

from sspi_async.testing import NtlmUsers, Realm, TlsPair

EXAMPLES = ROOT / "examples/python"
MODULES = pathlib.Path("/usr/lib/apache2/modules")

APACHE = """
ServerRoot "{folder}"
ServerName localhost
PidFile "{folder}/pid"
DefaultRuntimeDir "{folder}"
Mutex pthread
Listen 127.0.0.1:{port}
{user}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_gssapi_module {modules}/mod_auth_gssapi.so
StartServers 1
ServerLimit 1
ThreadsPerChild 4
MaxRequestWorkers 4
ErrorLog "{folder}/error.log"
DocumentRoot "{folder}/pages"
<Directory "{folder}/pages">
    AuthType GSSAPI
    AuthName test
    Require valid-user
    GssapiConnectionBound On
    GssapiAllowedMech {mech}
    GssapiCredStore {store}
    {name}
</Directory>
"""


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


@contextlib.contextmanager
def apache(folder: pathlib.Path, mech: str, store: pathlib.Path) -> Iterator[int]:
    """An Apache of our own that asks for Negotiate."""
    program = shutil.which("apache2", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None or not (MODULES / "mod_auth_gssapi.so").exists():
        pytest.skip("apache2 with mod_auth_gssapi is not installed")
    with socket.create_server(("127.0.0.1", 0)) as end:
        port = int(end.getsockname()[1])
    (folder / "pages").mkdir()
    (folder / "pages/index.html").write_text("it works\n")
    shutil.copy(store, folder / "store")
    key = "ntlmssp_keyfile" if mech == "ntlmssp" else "keytab"
    user = ""
    if os.getuid() == 0:
        user = "User www-data\nGroup www-data"
        who = pwd.getpwnam("www-data")
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, who.pw_uid, who.pw_gid)
        for parent in [folder, *folder.parents]:
            if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):  # noqa: S108
                parent.chmod(parent.stat().st_mode | 0o011)
    (folder / "httpd.conf").write_text(
        APACHE.format(
            folder=folder, port=port, user=user, modules=MODULES, mech=mech,
            store=f"{key}:{folder}/store",
            name="GssapiAcceptorName HTTP@localhost" if mech == "ntlmssp" else "",
        )
    )  # fmt: skip
    krb5 = folder / "krb5.conf"  # readable to its user
    shutil.copy(os.environ["KRB5_CONFIG"], krb5)
    krb5.chmod(0o644)
    with (folder / "out").open("w") as out:
        server = subprocess.Popen(
            [program, "-X", "-f", str(folder / "httpd.conf")],
            stdout=out,
            stderr=out,
            env={**os.environ, "KRB5_CONFIG": str(krb5), "KRB5RCACHENAME": "none:"},
        )
    try:
        eventually(lambda: _answers(port) or server.poll() is not None)
        assert server.poll() is None, (folder / "out").read_text()
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def test_http_client_with_kerberos(krb5_realm: Realm, tmp_path: pathlib.Path) -> None:
    keytab = pathlib.Path(krb5_realm.keytab.partition(":")[2])
    with apache(tmp_path, "krb5", keytab) as port:
        done = run("http_client.py", f"http://localhost:{port}/index.html")
        assert (done.returncode, done.stdout) == (0, "it works\n"), (
            done.stderr + (tmp_path / "error.log").read_text()
        )
        done = run(
            "http_client.py",
            f"http://localhost:{port}/index.html",
            env={"KRB5CCNAME": "FILE:/nowhere"},
        )
        assert done.returncode == 1
        assert "it works" not in done.stdout


def krb5_version() -> tuple[int, ...]:
    """The version of MIT krb5, which Apache uses too."""
    done = subprocess.run(
        ["krb5-config", "--version"], capture_output=True, text=True, timeout=20, check=True
    )
    return tuple(int(part) for part in done.stdout.split()[-1].split("."))


def test_http_client_with_ntlm_inside_negotiate(
    ntlm_users: NtlmUsers, tmp_path: pathlib.Path
) -> None:
    if (1, 21) <= krb5_version() < (1, 22, 2):
        pytest.skip("Apache's SPNEGO cannot carry NTLM (MIT's ticket 9183)")
    with apache(tmp_path, "ntlmssp", ntlm_users.path) as port:
        done = run(
            "http_client.py",
            f"http://localhost:{port}/index.html",
            env={"NTLM_USER_FILE": str(ntlm_users.path), "KRB5CCNAME": "FILE:/nowhere"},
        )
        assert (done.returncode, done.stdout) == (0, "it works\n"), (
            done.stderr + (tmp_path / "error.log").read_text()
        )


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
