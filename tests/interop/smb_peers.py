# SPDX-License-Identifier: MIT
"""Samba's smbd as a server that we log on to: SMB by impacket, NTLM by us.

Wrong would be: a logon that smbd refuses, or a session key that is not smbd's, so that the
signed and sealed packets that follow cannot be read. smbd gets a folder of its own, and a /run
of its own in a mount namespace that this program moves to.
"""

from __future__ import annotations

import functools
import os
import socket
import subprocess
from typing import Any
from unittest import mock

from domain_peers import CONFIGURATION, MACHINE, PASSWORD, USER, move_apart, nt_hash
from harness import Program, Test, eventually, main, need, nobody, realm, skip

try:
    from impacket import ntlm, smb3
    from impacket.smbconnection import SMBConnection
    from impacket.spnego import SPNEGO_NegTokenInit, SPNEGO_NegTokenResp
except ImportError:
    skip("impacket is not installed")

SHARE = """interfaces = lo
bind interfaces only = yes
smb ports = {port}
disable netbios = yes
load printers = no
server signing = mandatory
server smb encrypt = {encrypt}
[share]
path = {folder}/share
read only = yes
"""
SEALED = "1001c"  # integrity, confidentiality, replay and order
TEXT = os.urandom(100_000)


class Message:
    """A token as impacket passes it around."""

    def __init__(self, token: bytes) -> None:
        self.token = token

    def getData(self) -> bytes:
        return self.token

    def __getitem__(self, name: str) -> bytes:
        return b""


MECHANISMS = bytes.fromhex("300c060a2b06010401823702020a")  # a list of NTLM alone
SPNEGO = bytes.fromhex("06062b0601050502")


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    head = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + head + content


class Offer(SPNEGO_NegTokenInit):  # type: ignore[misc]
    """NegTokenInit, whose list of mechanisms is known to the byte."""

    def getData(self) -> bytes:
        token = der(0xA2, der(4, self["MechToken"]))
        return der(0x60, SPNEGO + der(0xA0, der(0x30, der(0xA0, MECHANISMS) + token)))


class Smb(Test):
    def smbd(self, encrypt: str) -> int:
        with socket.create_server(("127.0.0.1", 0)) as end:
            port = int(end.getsockname()[1])
        self.folder.chmod(0o755)
        share = self.folder / "share"
        share.mkdir()
        share.chmod(0o755)
        (share / "file").write_bytes(TEXT)
        (share / "file").chmod(0o644)
        (self.folder / "smbpasswd").write_text(
            f"{USER}:1:{'X' * 32}:{nt_hash()}:[U          ]:LCT-65000000:\n"
        )
        (self.folder / "smb.conf").write_text(
            CONFIGURATION.format(folder=self.folder, machine=MACHINE)
            + SHARE.format(folder=self.folder, port=port, encrypt=encrypt)
        )
        program = self.run_program(
            [
                "smbd", "-F", "--no-process-group", "-s", str(self.folder / "smb.conf"),
                "--debug-stdout",
            ],
            nobody(),
        )  # fmt: skip

        def listens() -> bool:
            with socket.socket() as end:
                return end.connect_ex(("127.0.0.1", port)) == 0

        self.assertTrue(eventually(listens), program.text())
        return port

    def log_on(self, port: int, password: str) -> SMBConnection:
        """impacket's own NTLM is taken out: both its messages, and the key, are ours."""
        peer: Program = self.ours(
            "ntlm_peer", "initiate", USER, MACHINE, password, f"cifs/{MACHINE}", SEALED, ""
        )
        self.assertEqual(peer.next_line("ready ").split()[0], "00000000")

        def ask(line: str) -> bytes:
            return bytes.fromhex(peer.ask(line).split(" ", 2)[2])

        def first(*_args: Any, **_more: Any) -> Message:
            return Message(ask("token"))

        def second(_first: Any, challenge: bytes, *_args: Any, **_more: Any) -> Any:
            return Message(ask(f"token {challenge.hex()}")), ask("key")

        class Answer(SPNEGO_NegTokenResp):  # type: ignore[misc]
            """NegTokenResp with the mechListMIC that smbd wants where NTLM has a MIC."""

            @functools.cache
            def getData(self) -> bytes:
                mic = ask(f"sign {MECHANISMS.hex()}")
                token = der(0xA2, der(4, self["ResponseToken"]))
                return der(0xA1, der(0x30, token + der(0xA3, der(4, mic))))

        for module, name, replacement in (
            (ntlm, "getNTLMSSPType1", first),
            (ntlm, "getNTLMSSPType3", second),
            (smb3, "SPNEGO_NegTokenInit", Offer),
            (smb3, "SPNEGO_NegTokenResp", Answer),
        ):
            patch = mock.patch.object(module, name, replacement)
            patch.start()
            self.addCleanup(patch.stop)
        connection = SMBConnection(MACHINE, "127.0.0.1", sess_port=port)
        connection.login(USER, "not used", MACHINE)
        return connection

    def read_file(self, encrypt: str) -> None:
        connection = self.log_on(self.smbd(encrypt), PASSWORD)
        self.assertTrue(connection.isSigningRequired())
        pieces: list[bytes] = []
        connection.getFile("share", "file", pieces.append)
        self.assertEqual(b"".join(pieces), TEXT)
        connection.close()

    def test_signed_session(self) -> None:
        self.read_file("off")

    def test_sealed_session(self) -> None:
        self.read_file("required")

    def test_wrong_password_is_denied(self) -> None:
        port = self.smbd("off")
        with self.assertRaisesRegex(Exception, "LOGON_FAILURE"):
            self.log_on(port, "wrong")


if __name__ == "__main__":
    need("smbd", "openssl")
    realm("INTEROP_PROGRAMS")
    if subprocess.run(["smbd", "--version"], capture_output=True, check=False).returncode:
        skip("smbd does not start")
    move_apart()
    os.environ["LC_ALL"] = "C"
    main()
