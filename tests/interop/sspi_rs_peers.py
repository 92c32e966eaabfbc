# SPDX-License-Identifier: MIT
"""NTLM, plain and inside Negotiate, with sspi-rs, an implementation in Rust.

Wrong would be: a token or a sealed message that the other side cannot read, keys that differ, a
wrong password or another connection's bindings that pass.

sspi_rs/ is built with cargo on the first run, into the folder SSPI_RS_BUILD, which all builds of
the library share. Without a cargo that is new enough, or its crates, all is skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from harness import main, realm, skip
from ntlm_peers import BAD_BINDINGS, LOGON_DENIED, Failed, Ntlm, Peer, shake

SOURCE = Path(__file__).parent / "sspi_rs"
BUILD_LIMIT = 900


def run_cargo(*arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((os.environ["PATH"], str(Path.home() / ".cargo/bin")))
    cargo = shutil.which("cargo", path=path)
    if cargo is None:
        skip("sspi-rs is not built: there is no cargo (rustup.rs has one)")
    return subprocess.run(
        [cargo, *arguments],
        cwd=SOURCE,
        env={**os.environ, "PATH": path, "CARGO_TERM_COLOR": "never"},
        capture_output=True,
        text=True,
        timeout=BUILD_LIMIT,
        check=False,
    )


def build() -> Path:
    """The program; skips all if this machine cannot build it."""
    wanted = re.search(r'rust-version = "(\d+)\.(\d+)"', (SOURCE / "Cargo.toml").read_text())
    assert wanted is not None
    said = run_cargo("--version")
    found = re.match(r"cargo (\d+)\.(\d+)", said.stdout)
    if found is None or tuple(map(int, found.groups())) < tuple(map(int, wanted.groups())):
        skip(
            f"sspi-rs is not built: it needs cargo {'.'.join(wanted.groups())}, and this is "
            f"{said.stdout.strip() or said.stderr.strip()}"
        )
    fetched = run_cargo("fetch", "--locked")
    if fetched.returncode != 0:
        skip(f"sspi-rs is not built: its crates cannot be had: {fetched.stderr.strip()}")
    target = Path(realm("SSPI_RS_BUILD"))
    built = run_cargo("build", "--locked", "--offline", "--target-dir", str(target))
    assert built.returncode == 0, built.stderr
    return target / "debug/ntlm_sspi_rs"


class SspiRs(Ntlm):
    """Its numbers of messages that are signed are not those of messages that are sealed: it
    seals alone."""

    program: Path

    def setUp(self) -> None:
        super().setUp()
        self.package("NTLM")

    def package(self, name: str) -> None:
        os.environ["NTLM_PEER_PACKAGE"] = name

    def theirs(self, side: str, password: str = "correct-horse", bindings: str = "") -> Peer:
        return self.peer(str(self.program), side, password=password, bindings=bindings)

    def check(self, initiator: Peer, acceptor: Peer) -> None:
        self.exchange(initiator, acceptor, seals_alone=True)
        self.assertEqual(initiator.key(), acceptor.key())
        self.assertEqual(acceptor.name(), "TEST\\alice")

    def greet(self, initiator: Peer) -> bytes:
        """Has our initiator wrap NTLM in SPNEGO from the start, which theirs insists on: by the
        greeting of another acceptor, as theirs has none."""
        token = initiator.step(self.ours_as("accept").step())
        self.assertEqual(token[:1], b"\x60")
        return token

    def test_we_initiate(self) -> None:
        initiator, acceptor = self.ours_as("initiate"), self.theirs("accept")
        shake(initiator, acceptor)
        self.check(initiator, acceptor)

    def test_they_initiate(self) -> None:
        initiator, acceptor = self.theirs("initiate"), self.ours_as("accept")
        shake(initiator, acceptor)
        self.check(initiator, acceptor)

    def test_they_initiate_in_negotiate(self) -> None:
        self.package("Negotiate")
        initiator, acceptor = self.theirs("initiate"), self.ours_as("accept")
        shake(initiator, acceptor)
        self.check(initiator, acceptor)

    def test_we_initiate_in_negotiate(self) -> None:
        self.package("Negotiate")
        initiator, acceptor = self.ours_as("initiate"), self.theirs("accept")
        token = self.greet(initiator)
        while not (initiator.complete and acceptor.complete):
            token = acceptor.step(token)
            if not initiator.complete:
                token = initiator.step(token)
        self.check(initiator, acceptor)

    def test_their_wrong_password_is_denied(self) -> None:
        for package in ("NTLM", "Negotiate"):
            with self.subTest(package):
                self.package(package)
                initiator = self.theirs("initiate", password="wrong")
                self.refuse(initiator, self.ours_as("accept"), LOGON_DENIED)

    def test_our_wrong_password_is_denied(self) -> None:
        initiator = self.ours_as("initiate", password="wrong")
        self.refuse(initiator, self.theirs("accept"), LOGON_DENIED)

    def test_their_bindings(self) -> None:
        for theirs, ours in (("here", "here"), ("there", "here"), ("", "here")):
            with self.subTest(theirs):
                initiator = self.theirs("initiate", bindings=theirs)
                acceptor = self.ours_as("accept", bindings=ours)
                if theirs == ours:
                    shake(initiator, acceptor)
                    self.check(initiator, acceptor)
                else:
                    self.refuse(initiator, acceptor, BAD_BINDINGS)

    def test_our_bindings(self) -> None:
        shake(self.ours_as("initiate", bindings="here"), self.theirs("accept", bindings="here"))
        with self.assertRaises(Failed):
            shake(
                self.ours_as("initiate", bindings="there"),
                self.theirs("accept", bindings="here"),
            )


if __name__ == "__main__":
    realm("INTEROP_PROGRAMS")
    SspiRs.program = build()
    main()
