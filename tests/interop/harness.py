# SPDX-License-Identifier: MIT
"""What the interoperability tests share: programs and sockets under a time limit.

The scripts run inside `tests/support/realm run` and find our programs through
INTEROP_PROGRAMS. Exit status 77 means skipped: a peer is not installed.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

LIMIT = 20.0
SKIPPED = 77

# By default ThreadSanitizer lets each program wait a second at its end for races to show.
os.environ["TSAN_OPTIONS"] = os.environ.get("TSAN_OPTIONS", "") + ":atexit_sleep_ms=50"

MUTUAL_AUTH = 0x2
CONFIDENTIALITY = 0x10


def skip(reason: str) -> None:
    """Ends the program as skipped."""
    print(f"skipped: {reason}", file=sys.stderr)
    sys.exit(SKIPPED)


def need(*tools: str) -> None:
    """Ends the program as skipped if one of these programs is missing."""
    os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"
    for tool in tools:
        if shutil.which(tool) is None:
            skip(f"{tool} is not installed")


def realm(name: str) -> str:
    """A variable of the realm's."""
    if name not in os.environ:
        skip("run me with tests/support/realm run - ...")
    return os.environ[name]


def spnego_carries_ntlm() -> bool:
    """Whether the system's SPNEGO completes a handshake of its own with NTLM inside.

    That of krb5 1.21 to 1.22.1 does not (MIT's ticket 9183): a peer that uses it cannot either,
    whatever we send.
    """
    import gssapi

    spnego = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
    store = {"ntlmssp_keyfile": realm("NTLM_USER_FILE")}
    target = gssapi.Name("HTTP@localhost", gssapi.NameType.hostbased_service)
    user = gssapi.Name("TEST\\alice", gssapi.NameType.user)
    initiator = gssapi.SecurityContext(
        name=target, usage="initiate", mech=spnego,
        creds=gssapi.Credentials(usage="initiate", name=user, mechs=[spnego], store=store),
    )  # fmt: skip
    acceptor = gssapi.SecurityContext(
        usage="accept",
        creds=gssapi.Credentials(
            usage="accept", name=target, mechs=[spnego], store=store
        ),
    )
    token: bytes | None = None
    try:
        while not (initiator.complete and acceptor.complete):
            token = initiator.step(token)
            token = acceptor.step(token) if token else token
        acceptor.unwrap(initiator.wrap(b"sealed", True).message)
    except gssapi.exceptions.GSSError:
        return False
    return True


def environment(**changes: str | None) -> dict[str, str]:
    """The environment with changes; None takes a variable away."""
    result = dict(os.environ)
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def nobody() -> dict[str, str]:
    """An environment without credentials of any kind."""
    return environment(
        KRB5CCNAME=f"FILE:{realm('REALM_DIR')}/none",
        KRB5_KTNAME="FILE:/none",
        NTLM_USER_FILE=None,
    )


class Program:
    """A program whose output is collected and that never outlives its test."""

    def __init__(self, command: list[str], env: dict[str, str] | None = None) -> None:
        self.command = command
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def next_line(self, prefix: str, start: int = 0) -> str:
        """Waits for a line that begins so, from line number start on; returns its rest."""

        def found() -> str | None:
            for line in self.lines[start:]:
                if line.startswith(prefix):
                    return line
            return None

        with self._news:
            self._news.wait_for(lambda: found() is not None or self._ended, LIMIT)
            line = found()
        if line is None:
            self.stop()
            raise AssertionError(
                f"{self.command}: no line {prefix!r} in:\n{self.text()}"
            )
        return line[len(prefix) :].strip()

    def ask(self, line: str) -> str:
        """Writes a line and returns the next one that the program prints."""
        assert self.process.stdin is not None
        start = len(self.lines)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.next_line("", start)

    def all(self, prefix: str) -> list[str]:
        """The rests of all lines that begin so."""
        return [
            line[len(prefix) :].strip()
            for line in self.lines
            if line.startswith(prefix)
        ]

    def text(self) -> str:
        """All that was printed."""
        return "\n".join(self.lines)

    def finish(self) -> int:
        """Waits for the program to end by itself and returns its exit status."""
        try:
            code = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.stop()
            raise AssertionError(
                f"{self.command} does not end:\n{self.text()}"
            ) from None
        self._reader.join(LIMIT)
        return code

    def stop(self) -> None:
        """Ends the program if it still runs."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(3)
        self._reader.join(3)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None and not self._reader.is_alive():
                stream.close()


class Wire:
    """Frames as tests/interop/wire.h has them."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        end.settimeout(LIMIT)

    @classmethod
    def connect(cls, port: int) -> Wire:
        return cls(socket.create_connection(("127.0.0.1", port), LIMIT))

    def send(self, content: bytes) -> None:
        self.end.sendall(struct.pack(">I", len(content)) + content)

    def _read(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            more = self.end.recv(size - len(content))
            if not more:
                raise EOFError("the other side has closed the connection")
            content += more
        return content

    def receive(self) -> bytes:
        return self._read(struct.unpack(">I", self._read(4))[0])

    def close(self) -> None:
        self.end.close()


class Test(unittest.TestCase):
    """A test with a temporary folder and programs that end with it."""

    folder: Path

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="interop."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def run_program(
        self, command: list[str], env: dict[str, str] | None = None
    ) -> Program:
        program = Program(command, env)
        self.addCleanup(program.stop)
        return program

    def ours(
        self, name: str, *arguments: str, env: dict[str, str] | None = None
    ) -> Program:
        """Starts one of the programs in tests/interop."""
        return self.run_program(
            [str(Path(realm("INTEROP_PROGRAMS")) / name), *arguments], env
        )

    def password_file(self, password: str) -> str:
        path = self.folder / "password"
        path.write_text(password + "\n")
        return str(path)

    def listener(self) -> tuple[socket.socket, int]:
        """A listening socket on a free port of this machine."""
        end = socket.create_server(("127.0.0.1", 0))
        end.settimeout(LIMIT)
        self.addCleanup(end.close)
        return end, end.getsockname()[1]

    def wire_to(self, port: int) -> Wire:
        wire = Wire.connect(port)
        self.addCleanup(wire.close)
        return wire

    def wire_from(self, end: socket.socket) -> Wire:
        wire = Wire(end.accept()[0])
        self.addCleanup(wire.close)
        return wire

    def assert_well(self, program: Program) -> None:
        """The program ends with 0, and had its context deleted."""
        code = program.finish()
        self.assertEqual(code, 0, program.text())
        deleted = program.all("delete ")
        self.assertTrue(deleted, program.text())
        self.assertEqual(set(deleted), {"SEC_E_OK"}, program.text())


def eventually(true: object, limit: float = LIMIT) -> bool:
    """Waits until a function returns true."""
    assert callable(true)
    until = time.monotonic() + limit
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def main() -> None:
    """unittest.main, but skipped as a whole if every test is."""
    program = unittest.main(exit=False)
    result = program.result
    if (
        result.wasSuccessful()
        and result.testsRun > 0
        and len(result.skipped) == result.testsRun
    ):
        sys.exit(SKIPPED)
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
