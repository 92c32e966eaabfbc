# SPDX-License-Identifier: MIT
"""A connection to the service that is probed, in the clear or by TLS of the package Schannel.

Every wait on it ends at one moment, which `begin` sets anew for each exchange.
"""

from __future__ import annotations

import io
import socket
import time
from types import TracebackType
from typing import Any

from ..context import SecurityContext, client
from ..credential import TlsIdentity
from ..error import ContextExpired, IncompleteMessage, SspiError
from .report import Failure
from .wait import TimeRanOut, Until, connect

_CHUNK = 65536
# More than this in one line, header or answer is not what was asked for.
LONGEST = 1 << 20


class Stream(io.RawIOBase):
    """A connection; a context manager, and what `http.client` reads from.

    Attributes:
        host: The host, as it was asked for.
        port: The port.
        tls: The context of TLS, once there is one.
        connecting: How many milliseconds it took to connect.
    """

    def __init__(self, host: str, port: int, seconds: float) -> None:
        super().__init__()
        self.host = host
        self.port = port
        self.tls: SecurityContext | None = None
        self._seconds = seconds
        self._rest = b""
        self._end = False
        begun = time.monotonic()
        self._until = Until(seconds)
        self._socket = connect(host, port, self._until)
        self.connecting = (time.monotonic() - begun) * 1000

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.hang_up()

    def begin(self) -> None:
        """Give what follows its whole time."""
        self._until = Until(self._seconds)

    def hang_up(self) -> None:
        """Close the connection."""
        if self.tls is not None:
            self.tls.delete_nowait()
            self.tls = None
        self._socket.close()

    # ---- Bytes -------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._send(self.tls.encrypt(data) if self.tls is not None else data)

    def receive(self) -> bytes:
        """Return the bytes that come next; none at the end."""
        if self._rest:
            data, self._rest = self._rest, b""
            return data
        if self.tls is None:
            return self._receive()
        while not self._end:
            data = self._receive()
            if not data:
                break  # torn off, without a farewell
            try:
                plain = self.tls.decrypt(data)
            except ContextExpired:
                break
            if plain:
                return plain
        self._end = True
        return b""

    def exactly(self, length: int) -> bytes:
        """Return so many bytes."""
        data = b""
        while len(data) < length:
            data += self._more()
        data, self._rest = data[:length], data[length:]
        return data

    def line(self) -> bytes:
        """Return the next line, without its end."""
        data = b""
        while b"\n" not in data:
            data += self._more()
            if len(data) > LONGEST:
                raise Failure(f"{self.name} sends a line without an end.")
        line, _, self._rest = data.partition(b"\n")
        return line.rstrip(b"\r")

    @property
    def name(self) -> str:
        """Where it leads to, for messages."""
        return f"{self.host}:{self.port}"

    def _more(self) -> bytes:
        data = self.receive()
        if not data:
            raise Failure(f"{self.name} closed the connection before its answer was whole.")
        return data

    def _send(self, data: bytes) -> None:
        try:
            self._socket.settimeout(self._until.left(self._what))
            self._socket.sendall(data)
        except (socket.timeout, TimeoutError):  # two of them before Python 3.10
            raise TimeRanOut(self._what, self._until.seconds) from None
        except OSError as error:
            raise self._broken(error) from None

    def _receive(self) -> bytes:
        try:
            self._socket.settimeout(self._until.left(self._what))
            return self._socket.recv(_CHUNK)
        except (socket.timeout, TimeoutError):  # two of them before Python 3.10
            raise TimeRanOut(self._what, self._until.seconds) from None
        except OSError as error:
            raise self._broken(error) from None

    @property
    def _what(self) -> str:
        return f"{self.name} did not answer"

    def _broken(self, error: OSError) -> Failure:
        return Failure(f"The connection to {self.name} broke: {error.strerror or error}.")

    # ---- For http.client, which reads from a file of a socket --------------------------------

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what comes next."""
        data = self.receive()
        taken = min(len(data), len(buffer))
        buffer[:taken] = data[:taken]
        self._rest = data[taken:]
        return taken

    def makefile(self, mode: str) -> io.BufferedReader:
        """Make the file: one for each answer, with nothing of the next one in it."""
        return io.BufferedReader(_Borrowed(self), _CHUNK)

    # ---- TLS ---------------------------------------------------------------------------------

    def start_tls(self, identity: TlsIdentity, protocols: tuple[str, ...] = ()) -> None:
        """Shake hands.

        Args:
            identity: Whom to trust.
            protocols: The names of ALPN.

        Raises:
            SspiError: If the handshake fails.
        """
        context = client(
            self.host,
            package="Schannel",
            identity=identity,
            application_protocols=protocols,
        )
        try:
            received, rest = b"", b""
            self._send(self._leg(context, b""))
            while not context.complete:
                received += self._receive_or_fail()
                try:
                    answer = self._leg(context, received)
                except IncompleteMessage:
                    continue
                received = context.extra
                if answer:
                    self._send(answer)
            rest = context.decrypt(received) if received else b""
        except SspiError as error:
            if error.token:
                self._send(error.token)  # the alert
            context.delete_nowait()
            raise
        except BaseException:
            context.delete_nowait()
            raise
        self.tls = context
        self._rest = rest

    def _leg(self, context: SecurityContext, received: bytes) -> bytes:
        return context.step(received, timeout=self._until.left(self._what)).result()

    def _receive_or_fail(self) -> bytes:
        data = self._receive()
        if not data:
            raise Failure(f"{self.name} closed the connection in the midst of TLS.")
        return data


class _Borrowed(io.RawIOBase):
    """A stream that stays open when the file of an answer is closed."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._stream.readinto(buffer)
