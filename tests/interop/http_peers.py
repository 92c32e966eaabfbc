# SPDX-License-Identifier: MIT
"""HTTP Negotiate: curl against our acceptor, our initiator against Apache's mod_auth_gssapi.

Wrong would be: a page for who has not authenticated, none for who has, or another user's.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import unittest
from pathlib import Path

from harness import (
    Program,
    Test,
    eventually,
    main,
    need,
    nobody,
    realm,
    spnego_carries_ntlm,
)

need("curl")
APACHE = shutil.which("apache2") or shutil.which("httpd")
MODULES = Path("/usr/lib/apache2/modules")
HAS_APACHE = APACHE is not None and (MODULES / "mod_auth_gssapi.so").exists()
# The mechanism's plug-in is named in /etc/gss/mech.d.
HAS_NTLM = any(
    "ntlmssp" in path.read_text() for path in Path("/etc/gss").rglob("*.conf")
)
needs_ntlm = unittest.skipUnless(HAS_NTLM, "gss-ntlmssp is not installed")

CONFIGURATION = """
ServerRoot "{folder}"
ServerName localhost
PidFile "{folder}/state/pid"
DefaultRuntimeDir "{folder}/state"
Mutex pthread
Listen 127.0.0.1:{port}
{user}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule auth_gssapi_module {modules}/mod_auth_gssapi.so
StartServers 1
ServerLimit 1
ThreadsPerChild 4
MaxRequestWorkers 4
ErrorLog "{folder}/state/error.log"
LogLevel info
DocumentRoot "{folder}/pages"
<Directory "{folder}/pages">
    AuthType GSSAPI
    AuthName test
    Require valid-user
    Header always set X-User "expr=%{{REMOTE_USER}}"
</Directory>
<Directory "{folder}/pages/kerberos">
    GssapiAllowedMech krb5
    GssapiCredStore keytab:{folder}/keytab
</Directory>
<Directory "{folder}/pages/ntlm">
    GssapiAllowedMech ntlmssp
    # Authentication is of a connection. (This module's settings are not inherited.)
    GssapiConnectionBound On
    GssapiCredStore ntlmssp_keyfile:{folder}/ntlm.users
    GssapiAcceptorName HTTP@localhost
</Directory>
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as end:
        return int(end.getsockname()[1])


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Curl(Test):
    """curl's GSSAPI as the initiator."""

    def curl(
        self, port: int, *arguments: str, env: dict[str, str] | None = None
    ) -> tuple[int, str]:
        done = subprocess.run(
            ["curl", "--silent", "--max-time", "15", "--noproxy", "*", "--write-out",
             "\n%{http_code}", *arguments, f"http://localhost:{port}/"],
            env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
            check=False,
        )  # fmt: skip
        page, _, code = done.stdout.rpartition("\n")
        return int(code), page.strip()

    def acceptor(self, *arguments: str) -> tuple[Program, int]:
        program = self.ours("http_acceptor", *arguments)
        return program, int(program.next_line("listening "))

    def test_kerberos(self) -> None:
        program, port = self.acceptor("--keytab", realm("KEYTAB"))
        result = self.curl(port, "--negotiate", "--user", ":")
        self.assertEqual(result, (200, "hello alice@SSPI.TEST"), program.text())
        self.assert_well(program)
        self.assertEqual(program.all("package "), ["Kerberos"])

    @needs_ntlm
    def test_ntlm_inside_negotiate(self) -> None:
        program, port = self.acceptor("--user-file", realm("NTLM_USER_FILE"))
        login = nobody() | {"NTLM_USER_FILE": realm("NTLM_USER_FILE")}
        result = self.curl(port, "--negotiate", "--user", ":", env=login)
        self.assertEqual(result, (200, "hello TEST\\alice"), program.text())
        self.assert_well(program)
        self.assertEqual(program.all("package "), ["NTLM"])

    # Its messages leave out version and MIC, and gss-ntlmssp 1.2.0 insists on their place: the
    # package makes room.
    @needs_ntlm
    def test_ntlm_of_curls_own(self) -> None:
        for password, result in (
            (realm("ALICE_PASSWORD"), (200, "hello TEST\\alice")),
            ("wrong", (401, "")),
        ):
            with self.subTest(result):
                program, port = self.acceptor(
                    "--package", "NTLM", "--user-file", realm("NTLM_USER_FILE")
                )
                login = f"TEST\\alice:{password}"
                self.assertEqual(
                    self.curl(port, "--ntlm", "--user", login, env=nobody()),
                    result,
                    program.text(),
                )
                self.assert_well(program)
                self.assertGreaterEqual(len(program.all("accept ")), 2, program.text())

    def test_no_credentials(self) -> None:
        program, port = self.acceptor("--keytab", realm("KEYTAB"), "--count", "2")
        self.assertEqual(self.curl(port), (401, ""), program.text())
        result = self.curl(port, "--negotiate", "--user", ":", env=nobody())
        self.assertEqual(result, (401, ""), program.text())
        self.assertEqual(program.finish(), 0, program.text())
        self.assertNotIn("hello", program.text())


@unittest.skipUnless(HAS_APACHE, "apache2 with mod_auth_gssapi is not installed")
class Apache(Test):
    """mod_auth_gssapi as the acceptor, in a private server."""

    port: int

    def setUp(self) -> None:
        super().setUp()
        # Started by root it serves as another user, who must be able to read all of this.
        self.addCleanup(os.umask, os.umask(0o022))
        user = ""
        self.folder.chmod(0o755)
        if os.geteuid() == 0:
            name = next(n for n in ("www-data", "nobody") if self.has_user(n))
            user = f"User {name}\nGroup #{pwd.getpwnam(name).pw_gid}"
        for page in ("kerberos", "ntlm"):
            (self.folder / "pages" / page).mkdir(parents=True)
            (self.folder / "pages" / page / "page").write_text(page + "\n")
        state = self.folder / "state"
        state.mkdir()
        state.chmod(0o777)
        shutil.copyfile(realm("KEYTAB").removeprefix("FILE:"), self.folder / "keytab")
        shutil.copyfile(realm("NTLM_USER_FILE"), self.folder / "ntlm.users")
        krb5 = Path(realm("KRB5_CONFIG")).read_text()
        krb5 = krb5.replace(f"{realm('REALM_DIR')}/rcache", f"{state}/rcache")
        (self.folder / "krb5.conf").write_text(krb5)
        for _ in range(3):
            if self.start(user):
                return
        self.fail(self.log())

    def start(self, user: str) -> bool:
        """False if it does not, most likely because another program took the port."""
        self.port = free_port()
        (self.folder / "httpd.conf").write_text(
            CONFIGURATION.format(
                folder=self.folder, port=self.port, user=user, modules=MODULES
            )
        )
        server = self.run_program(
            [str(APACHE), "-DFOREGROUND", "-f", str(self.folder / "httpd.conf")],
            nobody() | {"KRB5_CONFIG": str(self.folder / "krb5.conf")},
        )
        pid_file = self.folder / "state" / "pid"  # written once it listens
        eventually(lambda: pid_file.exists() or server.process.poll() is not None)
        if pid_file.exists() and eventually(lambda: answers(self.port)):
            return True
        server.stop()
        print(server.text())
        return False

    @staticmethod
    def has_user(name: str) -> bool:
        return any(entry.pw_name == name for entry in pwd.getpwall())

    def log(self) -> str:
        path = self.folder / "state" / "error.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def get(
        self, page: str, *arguments: str, env: dict[str, str] | None = None
    ) -> tuple[Program, int, str | None]:
        """Our initiator gets a page: the program, the last status and Apache's user."""
        program = self.ours(
            "http_initiator", "--port", str(self.port), "--path", f"/{page}/page", "--target",
            "HTTP@localhost", *arguments, env=env,
        )  # fmt: skip
        program.finish()
        codes = re.findall(r"^HTTP/1.1 (\d+)", program.text(), re.MULTILINE)
        self.assertTrue(codes, program.text())
        user = re.search(r"^X-User: (.*?)\r?$", program.text(), re.MULTILINE)
        return program, int(codes[-1]), user.group(1) if user is not None else None

    def login(self, password: str) -> list[str]:
        return ["--user", "alice", "--domain", "TEST", "--package-list", "NTLM",
                "--password-file", self.password_file(password)]  # fmt: skip

    def test_kerberos(self) -> None:
        for package_list in ([], ["--package-list", "Kerberos"]):
            with self.subTest(package_list):
                program, code, user = self.get("kerberos", *package_list)
                self.assertEqual((code, user), (200, "alice@SSPI.TEST"), program.text())
                self.assert_well(program)
                self.assertEqual(program.all("package "), ["Kerberos"])

    @needs_ntlm
    def test_ntlm_inside_negotiate(self) -> None:
        if not spnego_carries_ntlm():
            self.skipTest("Apache's SPNEGO cannot carry NTLM")
        program, code, user = self.get("ntlm", *self.login(realm("ALICE_PASSWORD")))
        self.assertEqual(
            (code, user), (200, "TEST\\alice"), program.text() + self.log()
        )
        self.assert_well(program)
        self.assertEqual(program.all("package "), ["NTLM"])

    @needs_ntlm
    def test_a_wrong_password_gets_no_page(self) -> None:
        program, code, user = self.get("ntlm", *self.login("wrong"))
        self.assertEqual(code, 401, program.text())
        # It was the password that was wrong: all legs were made.
        self.assertGreaterEqual(len(program.all("initialize ")), 2, program.text())
        self.assertIn(user, (None, "", "(null)"))
        self.assertEqual(program.process.returncode, 1, program.text())
        self.assertEqual(program.all("delete "), ["SEC_E_OK"], program.text())

    @needs_ntlm
    def test_the_other_package_gets_no_page(self) -> None:
        program, code, _ = self.get("kerberos", *self.login(realm("ALICE_PASSWORD")))
        self.assertEqual(code, 401, program.text())
        self.assertEqual(program.process.returncode, 1, program.text())


if __name__ == "__main__":
    main()
