# SPDX-License-Identifier: MIT
"""Samba's ntlm_auth as the peer: an NTLM and a SPNEGO that share no code with gss-ntlmssp.

Wrong would be: tokens that Samba cannot read or we cannot, session keys that differ, a wrong
password that passes.
"""

from __future__ import annotations

import base64
import os

from harness import Program, Test, Wire, main, need, nobody, realm

need("ntlm_auth")

CONFIGURATION = """[global]
workgroup = TEST
netbios name = LOCALHOST
private dir = {folder}
lock directory = {folder}
state directory = {folder}
cache directory = {folder}
pid directory = {folder}
"""


def decode(token: str) -> bytes:
    return base64.b64decode(token, validate=True)


def encode(token: bytes) -> str:
    return base64.b64encode(token).decode()


class Winbind(Test):
    def helper(self, protocol: str, password: str) -> Program:
        configuration = self.folder / "smb.conf"
        configuration.write_text(CONFIGURATION.format(folder=self.folder))
        return self.run_program(
            [
                "ntlm_auth", f"--configfile={configuration}", f"--helper-protocol={protocol}",
                "--username=alice", "--domain=TEST", f"--password={password}",
            ],
            nobody(),
        )  # fmt: skip

    def initiate(self, helper: Program, wire: Wire, greeting: bytes = b"") -> None:
        """ntlm_auth's side of a handshake that it begins, or that a greeting begins."""
        word, _, token = helper.ask(f"YR {encode(greeting)}".rstrip()).partition(" ")
        while word in ("YR", "KK", "AF"):
            if token:
                wire.send(decode(token))
            if word == "AF":
                return
            word, _, token = helper.ask("TT " + encode(wire.receive())).partition(" ")
        self.fail(helper.text())

    def accept(self, helper: Program, wire: Wire) -> str:
        """ntlm_auth's side of a handshake that we begin; returns its last line."""
        answer = helper.ask("YR " + encode(wire.receive()))
        while answer.startswith("TT "):
            wire.send(decode(answer.split()[1]))
            answer = helper.ask("KK " + encode(wire.receive()))
        # gss-spnego has a last token in front of the user, or of the reason why not.
        words = answer.split()
        if len(words) == 3 and words[1] != "*":
            wire.send(decode(words[1]))
        return answer

    def same_keys(self, helper: Program, ours: Program) -> None:
        key = decode(helper.ask("GK").removeprefix("GK "))
        self.assertEqual(len(key), 16)
        self.assertEqual(ours.all("key "), [key.hex()])

    def login(self, password: str) -> list[str]:
        return ["--user", "alice", "--domain", "TEST", "--package-list", "NTLM",
                "--password-file", self.password_file(password)]  # fmt: skip

    def test_they_initiate(self) -> None:
        for package, protocol in (
            ("NTLM", "ntlmssp-client-1"),
            ("Negotiate", "ntlmssp-client-1"),  # without SPNEGO around it
            ("Negotiate", "gss-spnego-client"),
        ):
            with self.subTest(f"{package} {protocol}"):
                program = self.ours(
                    "acceptor", "--package", package, "--user-file", realm("NTLM_USER_FILE"),
                    "--no-seal", "--show-key",
                )  # fmt: skip
                wire = self.wire_to(int(program.next_line("listening ")))
                helper = self.helper(protocol, realm("ALICE_PASSWORD"))
                self.initiate(helper, wire)
                self.assert_well(program)
                self.assertEqual(program.all("package "), ["NTLM"])
                self.assertEqual(program.all("client "), ["TEST\\alice"])
                self.same_keys(helper, program)

    def test_we_speak_first(self) -> None:
        program = self.ours(
            "acceptor", "--package", "Negotiate", "--user-file", realm("NTLM_USER_FILE"),
            "--no-seal", "--show-key",
        )  # fmt: skip
        wire = self.wire_to(int(program.next_line("listening ")))
        helper = self.helper("gss-spnego-client", realm("ALICE_PASSWORD"))
        wire.send(b"")
        self.initiate(helper, wire, wire.receive())
        self.assert_well(program)
        self.assertEqual(program.all("package "), ["NTLM"])
        self.assertEqual(program.all("client "), ["TEST\\alice"])
        self.same_keys(helper, program)

    def test_we_initiate(self) -> None:
        for package, protocol in (
            ("NTLM", "squid-2.5-ntlmssp"),
            ("Negotiate", "gss-spnego"),
        ):
            with self.subTest(f"{package} {protocol}"):
                end, port = self.listener()
                program = self.ours(
                    "initiator", "--package", package, "--target", "HTTP@localhost", "--port",
                    str(port), "--no-seal", "--show-key", *self.login(realm("ALICE_PASSWORD")),
                )  # fmt: skip
                helper = self.helper(protocol, realm("ALICE_PASSWORD"))
                answer = self.accept(helper, self.wire_from(end))
                self.assertRegex(answer, r"^AF (.* )?TEST\\alice$", helper.text())
                self.assert_well(program)
                self.assertEqual(program.all("package "), ["NTLM"])
                self.same_keys(helper, program)

    def test_their_wrong_password_is_denied(self) -> None:
        for package, protocol in (
            ("NTLM", "ntlmssp-client-1"),
            ("Negotiate", "gss-spnego-client"),
        ):
            with self.subTest(protocol):
                program = self.ours(
                    "acceptor", "--package", package, "--user-file", realm("NTLM_USER_FILE"),
                    "--no-seal",
                )  # fmt: skip
                wire = self.wire_to(int(program.next_line("listening ")))
                helper = self.helper(protocol, "wrong")
                try:
                    self.initiate(helper, wire)
                except (EOFError, AssertionError):
                    pass  # its view of the refusal is its own business
                self.assertEqual(program.finish(), 1, program.text())
                self.assertEqual(program.all("accept ")[-1], "SEC_E_LOGON_DENIED")
                self.assertEqual(program.all("delete "), ["SEC_E_OK"], program.text())

    def test_our_wrong_password_is_denied(self) -> None:
        for package, protocol in (
            ("NTLM", "squid-2.5-ntlmssp"),
            ("Negotiate", "gss-spnego"),
        ):
            with self.subTest(protocol):
                end, port = self.listener()
                program = self.ours(
                    "initiator", "--package", package, "--target", "HTTP@localhost", "--port",
                    str(port), *self.login("wrong"),
                )  # fmt: skip
                helper = self.helper(protocol, realm("ALICE_PASSWORD"))
                wire = self.wire_from(end)
                answer = self.accept(helper, wire)
                self.assertRegex(
                    answer, r"^NA .*(LOGON_FAILURE|WRONG_PASSWORD)", helper.text()
                )
                wire.close()
                self.assertEqual(program.finish(), 1, program.text())
                self.assertNotIn("received", program.text())
                self.assertEqual(program.all("delete "), ["SEC_E_OK"], program.text())


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C"
    main()
