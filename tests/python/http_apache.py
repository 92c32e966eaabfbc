# SPDX-License-Identifier: MIT
"""An Apache of our own with mod_auth_gssapi: plain, over TLS, and as a proxy that asks."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator

import pytest

from sspi_async.testing import NtlmUsers, Realm, TlsPair

MODULES = pathlib.Path("/usr/lib/apache2/modules")

CONFIGURATION = """
ServerRoot "{folder}"
ServerName localhost
PidFile "{folder}/pid"
DefaultRuntimeDir "{folder}"
Mutex pthread
Listen 127.0.0.1:{plain}
Listen 127.0.0.1:{tls}
Listen 127.0.0.1:{proxy}
{user}
{modules}
StartServers 1
ServerLimit 1
# More than a test has connections: short of threads, Apache closes those that are kept alive.
ThreadLimit 256
ThreadsPerChild 256
MaxRequestWorkers 256
KeepAliveTimeout 60
MaxKeepAliveRequests 0
ErrorLog "{folder}/error.log"
LogLevel info
DocumentRoot "{folder}/pages"
Header always set X-User "expr=%{{REMOTE_USER}}"
Header always set Set-Cookie "visited=yes; path=/not-there"
Redirect 302 /moved /kerberos/page
Redirect 307 /again /kerberos/app
Redirect 308 /for-good /kerberos/app
Redirect 302 /elsewhere https://localhost:{tls}/kerberos/page
<Directory "{folder}/pages">
    Require all granted
</Directory>
# This module's settings are not inherited.
<Location /kerberos>
    AuthType GSSAPI
    AuthName test
    Require valid-user
    GssapiAllowedMech krb5
    GssapiCredStore keytab:{folder}/keytab
</Location>
<Location /missing>
    AuthType GSSAPI
    AuthName test
    Require valid-user
    GssapiAllowedMech krb5
    GssapiCredStore keytab:{folder}/keytab
</Location>
<Location /ntlm>
    AuthType GSSAPI
    AuthName test
    Require valid-user
    GssapiAllowedMech ntlmssp
    # Authentication is of a connection.
    GssapiConnectionBound On
    GssapiCredStore ntlmssp_keyfile:{folder}/users
    GssapiAcceptorName HTTP@localhost
</Location>
ProxyPass /kerberos/app http://127.0.0.1:{app}/
ProxyPass /ntlm/app http://127.0.0.1:{app}/
<VirtualHost 127.0.0.1:{tls}>
    Protocols h2 http/1.1
    SSLEngine On
    SSLCertificateFile "{folder}/certificate"
    SSLCertificateKeyFile "{folder}/key"
</VirtualHost>
<VirtualHost 127.0.0.1:{proxy}>
    ProxyRequests On
    AllowCONNECT {tls}
    <Proxy "*">
        AuthType GSSAPI
        AuthName test
        Require valid-user
        GssapiAllowedMech krb5
        GssapiCredStore keytab:{folder}/keytab
    </Proxy>
</VirtualHost>
"""

NEEDED = (
    "mpm_event", "authn_core", "authz_core", "authz_user", "alias", "headers", "http2",
    "proxy", "proxy_http", "proxy_connect", "socache_shmcb", "ssl", "auth_gssapi",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Apache:
    """A running server."""

    folder: pathlib.Path
    plain: int
    tls: int
    proxy: int
    authority: str

    def url(self, path: str) -> str:
        return f"http://localhost:{self.plain}/{path}"

    def tls_url(self, path: str) -> str:
        return f"https://localhost:{self.tls}/{path}"

    @property
    def proxy_url(self) -> str:
        return f"http://localhost:{self.proxy}"

    def log(self) -> str:
        return (self.folder / "error.log").read_text(errors="replace")


class _Echo(http.server.BaseHTTPRequestHandler):
    """Says what it was sent; it stands behind Apache."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self._body()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while length := int(self.rfile.readline(), 16):
            body += self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_: object) -> None:
        """Nothing: the test tells what went wrong."""


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        ends = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [int(end.getsockname()[1]) for end in ends]


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _wait_for(server: subprocess.Popen[bytes], *ports: int) -> bool:
    """Wait until it listens; False if it has ended instead."""
    until = time.monotonic() + 60
    while not all(map(_answers, ports)):
        if server.poll() is not None:
            return False
        assert time.monotonic() < until
        time.sleep(0.02)
    return True


def _write(folder: pathlib.Path, realm: Realm, users: NtlmUsers, pair: TlsPair) -> str:
    """What the server reads but its configuration; returns the setting of its user."""
    (folder / "pages/ntlm").mkdir(parents=True)
    (folder / "pages/kerberos").mkdir()
    (folder / "pages/open").write_text("open\n")
    (folder / "pages/ntlm/page").write_text("ntlm\n")
    (folder / "pages/kerberos/page").write_text("kerberos\n")
    shutil.copy(realm.keytab.partition(":")[2], folder / "keytab")
    shutil.copy(users.path, folder / "users")
    shutil.copy(pair.certificate, folder / "certificate")
    shutil.copy(pair.key, folder / "key")
    shutil.copy(realm.environment["KRB5_CONFIG"], folder / "krb5.conf")
    (folder / "krb5.conf").chmod(0o644)
    (folder / "rcache").mkdir()
    if os.getuid() != 0:
        return ""
    who = pwd.getpwnam("www-data")
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, who.pw_uid, who.pw_gid)
    return "User www-data\nGroup www-data"


@contextlib.contextmanager
def apache(
    folder: pathlib.Path, realm: Realm, users: NtlmUsers, pair: TlsPair
) -> Iterator[Apache]:
    """Run one."""
    program = shutil.which("apache2", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None or not all((MODULES / f"mod_{one}.so").exists() for one in NEEDED):
        pytest.skip("apache2 with mod_auth_gssapi is not installed")
    user = _write(folder, realm, users, pair)
    modules = "\n".join(f"LoadModule {one}_module {MODULES}/mod_{one}.so" for one in NEEDED)
    environment = {
        **os.environ,
        "KRB5_CONFIG": str(folder / "krb5.conf"),
        "KRB5RCACHENAME": f"file2:{folder}/rcache/replays",
    }
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as echo:
        threading.Thread(target=echo.serve_forever, daemon=True).start()
        # A port may be taken by another program in between.
        for _ in range(3):
            plain, tls, proxy = free_ports(3)
            (folder / "httpd.conf").write_text(
                CONFIGURATION.format(
                    folder=folder, plain=plain, tls=tls, proxy=proxy, app=echo.server_port,
                    user=user, modules=modules,
                )
            )  # fmt: skip
            with (folder / "out").open("w") as out:
                server = subprocess.Popen(
                    [program, "-X", "-f", str(folder / "httpd.conf")],
                    stdout=out,
                    stderr=out,
                    env=environment,
                )
            if _wait_for(server, plain, tls, proxy):
                break
        else:
            pytest.fail((folder / "out").read_text())
        try:
            yield Apache(folder, plain, tls, proxy, str(pair.authority))
        finally:
            server.terminate()
            server.wait(20)
            echo.shutdown()


@pytest.fixture(scope="session")
def web(krb5_realm: Realm, ntlm_users: NtlmUsers, tls_pair: TlsPair) -> Iterator[Apache]:
    """One for all tests."""
    # Not in pytest's folder, which each pytest closes to other users again, as Apache's is.
    with tempfile.TemporaryDirectory(prefix="sspi-async-apache.") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        with apache(folder, krb5_realm, ntlm_users, tls_pair) as server:
            yield server
