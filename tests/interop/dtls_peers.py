# SPDX-License-Identifier: MIT
"""DTLS 1.2 with OpenSSL's and GnuTLS's programs, both ways, over a net that loses and reorders.

Wrong would be: a handshake that does not complete because one datagram was lost, whichever it
is, or came after the next one; a message that does not arrive; a close that is not told.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import harness
from harness import Program, Test, main, need

need("openssl", "stdbuf")
harness.LIMIT = 10.0

MTU = "400"


class Relay:
    """Between a client and a server of UDP; counts the datagrams of both from 0.

    The one of the number `lost` is lost. With `turned` every second one of each side comes
    after the one that follows it.
    """

    def __init__(self, server: int, lost: int = -1, turned: bool = False) -> None:
        self.lost = lost
        self.turned = turned
        self.count = 0
        self.turns = 0
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", 0))
        self.port = self.front.getsockname()[1]
        self.back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.back.bind(("127.0.0.1", 0))
        self.server = ("127.0.0.1", server)
        self.client: tuple[str, int] | None = None
        self.held: dict[socket.socket, bytes] = {}
        self.seen: dict[socket.socket, int] = {self.front: 0, self.back: 0}
        self.stopper, self.stopped = socket.socketpair()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def forward(self, source: socket.socket, datagram: bytes) -> None:
        if source is self.front:
            self.back.sendto(datagram, self.server)
        elif self.client is not None:
            self.front.sendto(datagram, self.client)

    def take(self, source: socket.socket) -> None:
        datagram, address = source.recvfrom(65536)
        if source is self.front:
            self.client = address
        number = self.count
        self.count += 1
        self.seen[source] += 1
        if number == self.lost:
            return
        held = self.held.pop(source, None)
        if held is not None:
            self.turns += 1
        elif self.turned and self.seen[source] % 2 == 0:
            self.held[source] = datagram
            return
        self.forward(source, datagram)
        if held is not None:
            self.forward(source, held)

    def run(self) -> None:
        while True:
            ready, _, _ = select.select([self.front, self.back, self.stopped], [], [])
            if self.stopped in ready:
                return
            for source in ready:
                # Of a peer that has gone.
                with contextlib.suppress(ConnectionRefusedError):
                    self.take(source)

    def calm(self) -> None:
        """The handshake is over: from now on nothing happens to datagrams."""
        self.lost = -1
        self.turned = False

    def stop(self) -> None:
        self.stopper.close()
        self.thread.join()
        for end in (self.stopped, self.front, self.back):
            end.close()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.bind(("127.0.0.1", 0))
        return int(end.getsockname()[1])


class Peer:
    """One end: how it is started and what it prints."""

    #: Begins the line of a client that has completed its handshake.
    opened: str
    #: A server that sends back what it gets.
    echoes = False
    #: Begins the line of a message.
    got = ""

    def __init__(self, test: Dtls, certificate: bool = False) -> None:
        self.test = test
        self.certificate = certificate
        self.port = 0
        self.program: Program

    def serve(self) -> None:
        """Listens, at a port that is then known."""
        raise NotImplementedError

    def connect(self, port: int) -> None:
        raise NotImplementedError

    def start(self, command: list[str]) -> None:
        self.program = self.test.run_program(["stdbuf", "-oL", *command])

    def say(self, word: str) -> None:
        stdin = self.program.process.stdin
        assert stdin is not None
        stdin.write(word + "\n")
        stdin.flush()

    def wait_for(self, word: str) -> None:
        self.program.next_line(self.got + word)

    def end(self) -> None:
        """Ends its input, at which a client of any kind closes."""
        stdin = self.program.process.stdin
        assert stdin is not None
        stdin.close()

    def listen(self, command: list[str], ready: str) -> None:
        """A server of somebody else's; again, if somebody took the port."""
        for attempt in range(3):
            self.port = free_port()
            self.start([word.replace("PORT", str(self.port)) for word in command])
            try:
                self.program.next_line(ready)
                return
            except AssertionError:
                if attempt == 2:
                    raise


class Ours(Peer):
    opened = "open DTLS1.2"
    got = "got "

    def serve(self) -> None:
        more = ["ca.pem"] if self.certificate else []
        self.run("server", MTU, "good.both", *more)
        self.port = int(self.program.next_line("port "))

    def connect(self, port: int) -> None:
        more = ["person.both"] if self.certificate else []
        self.run("client", MTU, str(port), "ca.pem", *more)

    def run(self, *arguments: str) -> None:
        tool = Path(os.environ["INTEROP_PROGRAMS"]) / "dtls_peer"
        files = [
            str(self.test.folder / word) if "." in word else word for word in arguments
        ]
        self.program = self.test.run_program([str(tool), *files])


class OpenSsl(Peer):
    """Without -nbio they would wait for a record behind one that they drop."""

    opened = "SSL handshake has read"

    def serve(self) -> None:
        more = ["-Verify", "3", "-verify_return_error"] if self.certificate else []
        self.listen(
            [
                "openssl", "s_server", "-dtls1_2", "-nbio", "-listen", "-mtu", MTU,
                "-accept", "127.0.0.1:PORT", *self.test.identity("-cert", "-key", "good"),
                "-CAfile", str(self.test.folder / "ca.pem"), *more,
            ],
            "ACCEPT",
        )  # fmt: skip

    def connect(self, port: int) -> None:
        person = self.test.identity("-cert", "-key", "person")
        self.start(
            [
                "openssl", "s_client", "-dtls1_2", "-nbio", "-mtu", MTU, "-connect",
                f"127.0.0.1:{port}", "-servername", "localhost", "-verify_return_error",
                "-CAfile", str(self.test.folder / "ca.pem"),
                *(person if self.certificate else []),
            ]
        )  # fmt: skip


class GnuTls(Peer):
    opened = "- Handshake was completed"
    echoes = True

    def serve(self) -> None:
        more = (
            ["--require-client-cert", "--verify-client-cert"]
            if self.certificate
            else ["--disable-client-cert"]
        )
        self.listen(
            [
                "gnutls-serv", "--udp", "--echo", "--mtu", MTU, "--port", "PORT",
                *self.test.identity("--x509certfile", "--x509keyfile", "good"),
                "--x509cafile", str(self.test.folder / "ca.pem"), *more,
            ],
            "UDP Echo Server listening on IPv4",
        )  # fmt: skip

    def connect(self, port: int) -> None:
        person = self.test.identity("--x509certfile", "--x509keyfile", "person")
        self.start(
            [
                "gnutls-cli", "--udp", "--mtu", MTU, "--port", str(port), "localhost",
                "--x509cafile", str(self.test.folder / "ca.pem"),
                *(person if self.certificate else []),
            ]
        )  # fmt: skip


class Connection:
    """A client, a server and what is between them."""

    def __init__(
        self, client: Peer, server: Peer, lost: int = -1, turned: bool = False
    ) -> None:
        self.client = client
        self.server = server
        self.handshake = 0
        server.serve()
        self.relay = Relay(server.port, lost, turned)
        client.test.addCleanup(self.relay.stop)
        client.connect(self.relay.port)

    def use(self) -> None:
        """The client is the last to complete a handshake; so it says the first word."""
        self.client.program.next_line(self.client.opened)
        self.relay.calm()
        self.handshake = self.relay.count
        self.client.say("from the client")
        if self.server.echoes:
            self.client.wait_for("from the client")
            return
        self.server.wait_for("from the client")
        self.server.say("hello from the server")
        self.client.wait_for("hello from the server")

    def close(self) -> None:
        self.client.end()
        if isinstance(self.client, Ours):
            self.client.test.assertEqual(self.client.program.finish(), 0)
        if isinstance(self.server, Ours):
            self.server.program.next_line("closed")
            self.server.test.assertEqual(self.server.program.finish(), 0)


class Dtls(Test):
    folder: Path

    def setUp(self) -> None:
        super().setUp()
        self.openssl(
            "req", "-x509", *self.key("ca"), "-days", "30", "-subj", "/CN=ca",
            "-addext", "basicConstraints=critical,CA:TRUE", "-out", "ca.pem",
        )  # fmt: skip
        for name in ("good", "person"):
            self.openssl(
                "req", *self.key(name), "-subj", f"/CN={name}", "-out", f"{name}.csr"
            )
            (self.folder / "ext").write_text("subjectAltName=DNS:localhost\n")
            self.openssl(
                "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "30", "-extfile", "ext", "-out", f"{name}.pem",
            )  # fmt: skip
            both = (self.folder / f"{name}.pem").read_text()
            both += (self.folder / f"{name}.key").read_text()
            (self.folder / f"{name}.both").write_text(both)

    def openssl(self, *arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments], check=True, cwd=self.folder, capture_output=True
        )

    def key(self, name: str) -> list[str]:
        return [
            "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{name}.key",
        ]  # fmt: skip

    def identity(self, certificate: str, key: str, name: str) -> list[str]:
        return [
            certificate,
            str(self.folder / f"{name}.pem"),
            key,
            str(self.folder / f"{name}.key"),
        ]

    def peers(self, client: type[Peer], server: type[Peer]) -> None:
        """All that can happen to a connection between these two."""
        if GnuTls in (client, server) and shutil.which("gnutls-serv") is None:
            self.skipTest("gnutls-serv is not installed")
        plain = Connection(client(self), server(self))
        plain.use()
        plain.close()
        known = Connection(client(self, True), server(self, True))
        known.use()
        if isinstance(known.server, Ours):
            self.assertIn(
                "certificate=yes", known.server.program.next_line("open DTLS1.2")
            )
        known.close()
        # All at once: what takes time is to wait for what was lost.
        odd = [
            Connection(client(self), server(self), lost)
            for lost in range(plain.handshake)
        ]
        odd.append(Connection(client(self), server(self), turned=True))
        for connection in odd:
            connection.use()
        for connection in odd:
            connection.client.end()
        for connection in odd:
            connection.close()
        self.assertGreater(odd[-1].relay.turns, 0)

    def test_ours_with_ours(self) -> None:
        self.peers(Ours, Ours)

    def test_client_with_openssl(self) -> None:
        self.peers(Ours, OpenSsl)

    def test_server_with_openssl(self) -> None:
        self.peers(OpenSsl, Ours)

    def test_client_with_gnutls(self) -> None:
        self.peers(Ours, GnuTls)

    def test_server_with_gnutls(self) -> None:
        self.peers(GnuTls, Ours)


if __name__ == "__main__":
    main()
