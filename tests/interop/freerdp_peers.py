# SPDX-License-Identifier: MIT
"""FreeRDP with this library as its SSPI module: a server, a client, and CredSSP between them.

Wrong would be: a table of functions that a program for Windows cannot use, a client that is
dropped at the last step for want of impersonation, a wrong password that passes. FreeRDP 2 takes
NTLM inside Negotiate alone: its server expects a mechanism of three legs. FreeRDP 3 has a Kerberos
of its own, which is then on the other side.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import unittest

from harness import (
    Program,
    Test,
    environment,
    eventually,
    main,
    need,
    nobody,
    realm,
)

THREE = "3" if shutil.which("xfreerdp3") and shutil.which("freerdp-shadow-cli3") else ""
CLIENT = "xfreerdp" + THREE
SERVER = "freerdp-shadow-cli" + THREE
need("Xvfb", CLIENT, SERVER)

MODULE = os.environ["RDP_MODULE"]
DENIED = "SEC_E_LOGON_DENIED"
KERBEROS = "/auth-pkg-list:!ntlm"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as end:
        return int(end.getsockname()[1])


class Peers(Test):
    display: str

    def setUp(self) -> None:
        super().setUp()
        # Else it starts anew when its last client has gone, and refuses the next one meanwhile.
        screen = self.run_program(
            [
                "Xvfb", "-displayfd", "1", "-noreset", "-screen", "0", "320x240x24",
                "-nolisten", "tcp",
            ]
        )  # fmt: skip
        self.display = ":" + screen.next_line("")

    def own(self, env: dict[str, str]) -> dict[str, str]:
        """A home and a screen of its own."""
        folder = str(self.folder)
        return env | {
            "DISPLAY": self.display,
            "HOME": folder,
            "XDG_CONFIG_HOME": folder,
            "XDG_RUNTIME_DIR": folder,
        }

    def server(
        self, env: dict[str, str], *options: str, module: bool = True
    ) -> tuple[Program, int]:
        """A server that listens; again on another port, if somebody took the first."""
        if module:
            env = env | {"LD_PRELOAD": MODULE}
        for _ in range(3):
            port = free_port()
            program = self.run_program(
                [
                    SERVER, f"/port:{port}", "/bind-address:127.0.0.1", "/sec:nla",
                    "+auth", *options,
                ],
                self.own(env),
            )  # fmt: skip

            def settled(port: int = port, program: Program = program) -> bool:
                with socket.socket() as end:
                    listens = end.connect_ex(("127.0.0.1", port)) == 0
                return listens or program.process.poll() is not None

            self.assertTrue(eventually(settled), program.text())
            if program.process.poll() is None:
                return program, port
        raise AssertionError(f"{program.process.returncode}: {program.text()}")

    def log_on(self, port: int, *login: str, module: bool = True) -> int:
        env = self.own(nobody())
        if module and THREE:
            login = (*login, f"/sspi-module:{MODULE}")
        elif module:
            env["LD_PRELOAD"] = MODULE
        client = self.run_program(
            [
                CLIENT, f"/v:localhost:{port}", "/cert:ignore", "+auth-only", "/sec:nla",
                *login,
            ],
            env,
        )  # fmt: skip
        return client.finish()

    def assert_logs_on(self, server: Program, port: int, *login: str, **by: bool) -> None:
        """With the password, and with no other."""
        password = realm("ALICE_PASSWORD")
        self.assertEqual(
            self.log_on(port, *login, f"/p:{password}", **by), 0, server.text()
        )
        self.assertNotEqual(self.log_on(port, *login, "/p:wrong", **by), 0)


class FreeRdp(Peers):
    def test_password_logs_on(self) -> None:
        users = realm("NTLM_USER_FILE")
        server, port = self.server(nobody() | {"NTLM_USER_FILE": users})
        self.assert_logs_on(server, port, "/u:alice", "/d:TEST")
        self.assertTrue(eventually(lambda: DENIED in server.text()), server.text())


@unittest.skipUnless(THREE, "FreeRDP 3 is not installed")
class FreeRdp3(Peers):
    def setUp(self) -> None:
        super().setUp()
        # The service of a server, which the realm does not have.
        for command in (
            "addprinc -randkey -requires_preauth TERMSRV/localhost",
            f"ktadd -k {self.folder}/rdp.keytab TERMSRV/localhost",
        ):
            subprocess.run(
                ["kadmin.local", "-r", realm("REALM"), "-q", command],
                check=True,
                capture_output=True,
            )
        self.alice = ("/u:alice", f"/d:{realm('REALM')}", KERBEROS)

    def with_keys(self) -> dict[str, str]:
        """A server that knows no accounts of NTLM."""
        keys = f"FILE:{self.folder}/rdp.keytab"
        return environment(NTLM_USER_FILE=None, KRB5_KTNAME=keys)

    def test_kerberos_logs_on(self) -> None:
        server, port = self.server(self.with_keys())
        self.assert_logs_on(server, port, *self.alice)

    def test_its_own_client_logs_on(self) -> None:
        users = realm("NTLM_USER_FILE")
        server, port = self.server(nobody() | {"NTLM_USER_FILE": users})
        self.assert_logs_on(server, port, "/u:alice", "/d:TEST", module=False)
        server, port = self.server(self.with_keys())
        self.assert_logs_on(server, port, *self.alice, module=False)

    def test_its_own_server_takes_us(self) -> None:
        server, port = self.server(
            nobody(), f"/keytab:{self.folder}/rdp.keytab", module=False
        )
        self.assert_logs_on(server, port, *self.alice)


if __name__ == "__main__":
    main()
