# SPDX-License-Identifier: MIT
"""FreeRDP with this library as its SSPI module: a server, a client, and CredSSP between them.

Wrong would be: a table of functions that a program for Windows cannot use, a client that is
dropped at the last step for want of impersonation, a wrong password that passes. By NTLM inside
Negotiate: a server of FreeRDP 2 takes no other mechanism than one of three legs.
"""

from __future__ import annotations

import os
import socket

from harness import Program, Test, eventually, main, need, nobody, realm

need("Xvfb", "xfreerdp", "freerdp-shadow-cli")

MODULE = os.environ["RDP_MODULE"]
DENIED = "SEC_E_LOGON_DENIED"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as end:
        return int(end.getsockname()[1])


class FreeRdp(Test):
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

    def with_module(self, env: dict[str, str]) -> dict[str, str]:
        """A home and a screen of its own, and our module in place of WinPR's table."""
        folder = str(self.folder)
        return env | {
            "LD_PRELOAD": MODULE,
            "DISPLAY": self.display,
            "HOME": folder,
            "XDG_CONFIG_HOME": folder,
            "XDG_RUNTIME_DIR": folder,
        }

    def server(self, env: dict[str, str]) -> tuple[Program, int]:
        """A server that listens; again on another port, if somebody took the first."""
        for _ in range(3):
            port = free_port()
            program = self.run_program(
                [
                    "freerdp-shadow-cli", f"/port:{port}", "/bind-address:127.0.0.1",
                    "/sec:nla", "+auth",
                ],
                self.with_module(env),
            )  # fmt: skip

            def settled(port: int = port, program: Program = program) -> bool:
                with socket.socket() as end:
                    listens = end.connect_ex(("127.0.0.1", port)) == 0
                return listens or program.process.poll() is not None

            self.assertTrue(eventually(settled), program.text())
            if program.process.poll() is None:
                return program, port
        raise AssertionError(f"{program.process.returncode}: {program.text()}")

    def log_on(self, port: int, *login: str, env: dict[str, str]) -> int:
        client = self.run_program(
            [
                "xfreerdp", f"/v:localhost:{port}", "/cert:ignore", "+auth-only", "/sec:nla",
                *login,
            ],
            self.with_module(env),
        )  # fmt: skip
        return client.finish()

    def test_password_logs_on(self) -> None:
        users = realm("NTLM_USER_FILE")
        server, port = self.server(nobody() | {"NTLM_USER_FILE": users})
        password = realm("ALICE_PASSWORD")
        login = ("/u:alice", "/d:TEST")
        self.assertEqual(
            self.log_on(port, *login, f"/p:{password}", env=nobody()), 0, server.text()
        )
        self.assertNotIn(DENIED, server.text())
        self.assertNotEqual(self.log_on(port, *login, "/p:wrong", env=nobody()), 0)
        self.assertTrue(eventually(lambda: DENIED in server.text()), server.text())


if __name__ == "__main__":
    main()
