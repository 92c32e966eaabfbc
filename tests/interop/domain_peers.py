# SPDX-License-Identifier: MIT
"""Samba's winbindd as the one who knows the accounts, by way of ntlm_auth.

Wrong would be: an acceptor that lets in whom winbindd does not know, or keys that differ,
so that a sealed message cannot be read; a second helper where one would do.

winbindd listens in /run/samba and nowhere else: it gets a /run of its own, in a mount namespace
that this program moves to. What it starts outlives it: all ends with a namespace of processes, of
which this program is the first. It has a machine's own accounts, which it checks itself, and which a
member of a domain would have its controller check.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import unittest

from harness import Program, Test, eventually, main, need, nobody, realm, skip

APART = "DOMAIN_PEERS_APART"
# A user of the system that Debian always has.
USER, NUMBER, MACHINE, PASSWORD = "daemon", 1, "LOCALHOST", "correct-horse"

CONFIGURATION = """[global]
workgroup = TEST
netbios name = {machine}
server role = standalone server
passdb backend = smbpasswd:{folder}/smbpasswd
private dir = {folder}
lock directory = {folder}
state directory = {folder}
cache directory = {folder}
pid directory = {folder}
ncalrpc dir = {folder}/ncalrpc
log file = {folder}/log
idmap config * : backend = tdb
idmap config * : range = 10000-20000
"""


def move_apart() -> None:
    """Goes on in namespaces of its own, with an empty /run."""
    if os.environ.get(APART) is not None:
        return
    unshare = shutil.which("unshare")
    apart = [str(unshare), "-m", "-p", "-f", "--kill-child", "--mount-proc"]
    mounts = "mount -t tmpfs tmpfs /run && mkdir -p -m 755 /run/samba /run/samba/winbindd"
    if (
        unshare is None
        or subprocess.run(
            [*apart, "sh", "-c", mounts], capture_output=True, check=False
        ).returncode
    ):
        skip("no namespaces can be made here (root may)")
    os.environ[APART] = "1"
    os.execv(
        unshare,
        [
            *apart, "sh", "-c", mounts + ' && exec "$@"', "sh", sys.executable,
            *sys.argv,
        ],
    )  # fmt: skip


def nt_hash() -> str:
    """Of PASSWORD; OpenSSL 3 has MD4 only in its legacy provider."""
    command = ["openssl", "dgst", "-md4", "-provider", "legacy", "-r"]
    done = subprocess.run(
        command, input=PASSWORD.encode("utf-16le"), capture_output=True, check=False
    )
    if done.returncode == 0:
        return done.stdout.split()[0].decode().upper()
    try:
        return hashlib.new("md4", PASSWORD.encode("utf-16le")).hexdigest().upper()
    except ValueError:
        raise unittest.SkipTest("no MD4 here for the machine's own accounts") from None


class Domain(Test):
    def setUp(self) -> None:
        super().setUp()
        self.starts = self.folder / "starts"
        self.starts.touch()
        configuration = self.folder / "smb.conf"
        configuration.write_text(CONFIGURATION.format(folder=self.folder, machine=MACHINE))
        self.helper = self.folder / "ntlm_auth"
        self.helper.write_text(
            f"#!/bin/sh\necho >>{self.starts}\n"
            f'exec {shutil.which("ntlm_auth")} --configfile={configuration} "$@"\n'
        )
        self.helper.chmod(0o755)
        (self.folder / "smbpasswd").write_text(
            f"{USER}:{NUMBER}:{'X' * 32}:{nt_hash()}:[U          ]:LCT-65000000:\n"
        )

    def winbindd(self) -> Program:
        program = self.run_program(
            [
                "winbindd", "-F", "--no-process-group", "-s", str(self.folder / "smb.conf"),
                "--debug-stdout",
            ],
            nobody(),
        )  # fmt: skip
        self.assertTrue(
            eventually(lambda: self.pings(program)), f"no winbindd:\n{program.text()}"
        )
        return program

    def pings(self, program: Program) -> bool:
        if program.process.poll() is not None:
            self.fail(program.text())
        done = subprocess.run(["wbinfo", "-p"], capture_output=True, check=False)
        return done.returncode == 0

    def acceptor(self, count: int, *more: str) -> tuple[Program, int]:
        program = self.ours(
            "acceptor", "--package", "NTLM", "--helper", str(self.helper), "--count",
            str(count), *more, env=nobody(),
        )  # fmt: skip
        return program, int(program.next_line("listening "))

    def initiator(
        self, port: int, user: str = USER, domain: str = MACHINE, password: str = PASSWORD
    ) -> Program:
        return self.ours(
            "initiator", "--package", "NTLM", "--target", "HTTP@localhost", "--port", str(port),
            "--user", user, "--domain", domain, "--password-file",
            self.password_file(password),
        )  # fmt: skip

    def test_who_is_known_is_let_in(self) -> None:
        self.winbindd()
        acceptor, port = self.acceptor(3)
        for _ in range(3):
            initiator = self.initiator(port)
            self.assert_well(initiator)  # it has read a sealed message, and sent one
        self.assert_well(acceptor)
        self.assertEqual(acceptor.all("client "), [f"{MACHINE}\\{USER}"] * 3)
        self.assertEqual(self.starts.read_text(), "\n")

    def test_others_are_not(self) -> None:
        self.winbindd()
        for user, password in ((USER, "wrong"), ("nobody-here", PASSWORD)):
            with self.subTest(user):
                acceptor, port = self.acceptor(1)
                self.initiator(port, user=user, password=password).finish()
                self.assertEqual(acceptor.finish(), 1, acceptor.text())
                self.assertIn(
                    acceptor.all("accept ")[-1],
                    # what winbindd of a machine without a domain says of a user that is none
                    {"SEC_E_LOGON_DENIED", "SEC_E_NO_AUTHENTICATING_AUTHORITY"},
                    acceptor.text(),
                )
                self.assertEqual(acceptor.all("client "), [])
                self.assertEqual(acceptor.all("delete "), ["SEC_E_OK"])

    def test_without_winbindd(self) -> None:
        acceptor, port = self.acceptor(1)
        self.initiator(port).finish()
        self.assertEqual(acceptor.finish(), 1, acceptor.text())
        self.assertEqual(acceptor.all("accept ")[-1], "SEC_E_NO_AUTHENTICATING_AUTHORITY")

    def test_winbindd_that_comes_back(self) -> None:
        winbindd = self.winbindd()
        acceptor, port = self.acceptor(3)
        self.assert_well(self.initiator(port))
        winbindd.stop()
        self.initiator(port).finish()
        self.winbindd()
        self.assert_well(self.initiator(port))
        self.assertEqual(acceptor.finish(), 1)
        self.assertEqual(acceptor.all("client "), [f"{MACHINE}\\{USER}"] * 2)
        self.assertEqual(self.starts.read_text(), "\n")


if __name__ == "__main__":
    need("ntlm_auth", "winbindd", "wbinfo", "openssl")
    realm("INTEROP_PROGRAMS")
    move_apart()
    os.environ["LC_ALL"] = "C"
    main()
