# SPDX-License-Identifier: MIT
"""Probing HTTP: the challenges of a page, and the handshake that opens it."""

from __future__ import annotations

import argparse
import http.client
import urllib.parse
from types import TracebackType
from typing import Any, Callable, cast

from ..http._challenge import Challenge, parse_challenges
from . import tls
from .finding import Finding
from .handshake import Refused, shake_hands
from .report import Failure
from .stream import LONGEST, Stream

PORTS = {"http": 80, "https": 443}
_PREFERRED = ("Negotiate", "Kerberos", "NTLM")
_REFUSED = (401, 407)
_REFUSAL = (
    "The service refused the logon ({}). Check that it knows the user, and look at its log."
)


def probe(url: urllib.parse.SplitResult, arguments: argparse.Namespace) -> Finding:
    """Probe a page.

    Args:
        url: Its address.
        arguments: The options.

    Returns:
        What was found.
    """
    path = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
    finding = Finding(urllib.parse.urlunsplit(url))

    def connect() -> Stream:
        stream, finding.tls = tls.connect(url, PORTS, arguments, ("http/1.1",))
        return stream

    with _Page(connect, path) as page:
        finding.connected(page.stream)
        answer = page.ask(arguments.method)
        offers = _offers(answer)
        finding.fact("answer", f"{answer.status} {answer.reason}")
        finding.fact("server", answer.getheader("Server") or "-")
        if answer.getheader("Location"):
            finding.fact("leads to", answer.getheader("Location") or "")
        finding.offers("WWW-Authenticate", [challenge.scheme for challenge in offers])
        if answer.status not in _REFUSED:
            finding.advise("The page does not ask for a logon: name one that does.")
        elif finding.may_log_on(arguments):
            package = _choose(offers, arguments.package)
            if package is None:
                finding.fail(
                    "The service offers neither Negotiate, Kerberos nor NTLM, so there is no "
                    "handshake to make."
                )
            else:
                _log_on(finding, page, package, arguments)
    return finding


def _log_on(finding: Finding, page: _Page, package: str, arguments: argparse.Namespace) -> None:
    status = 0

    def exchange(token: bytes) -> bytes:
        nonlocal status
        answer = page.ask(arguments.method, str(Challenge.of_bytes(package, token)))
        status = answer.status
        finding.last = f"{status} {answer.reason}"
        token = _token(answer, package)
        if status in _REFUSED and not token:
            raise Refused(_REFUSAL.format(finding.last))
        return token

    binding = finding.endpoint_bindings
    page.open_again()
    made, context = shake_hands(
        package, "HTTP", page.stream.host, arguments, exchange, bindings=binding
    )
    if context is not None:
        context.delete_nowait()
    finding.handshake = made
    if not made.failure and status in _REFUSED:
        made.failure = _REFUSAL.format(finding.last)
    if not made.failure:
        finding.after("answer", finding.last)


def _choose(offers: list[Challenge], wanted: str | None) -> str | None:
    """The package to log on by; its name is the scheme's."""
    if wanted is not None:
        return wanted
    for name in _PREFERRED:
        if any(challenge.is_of(name) for challenge in offers):
            return name
    return None


def _offers(answer: http.client.HTTPResponse) -> list[Challenge]:
    return parse_challenges(answer.headers.get_all("WWW-Authenticate") or [])


def _token(answer: http.client.HTTPResponse, scheme: str) -> bytes:
    for challenge in _offers(answer):
        if challenge.is_of(scheme):
            try:
                return challenge.bytes()
            except ValueError as error:
                raise Failure(f"The service's token cannot be read: {error}.") from None
    return b""


class _Page:
    """A page, which is asked for again and again on one connection; a context manager."""

    def __init__(self, connect: Callable[[], Stream], path: str) -> None:
        self.stream = connect()
        self._connect = connect
        self._open = True
        self._path = path

    def __enter__(self) -> _Page:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stream.hang_up()

    def open_again(self) -> None:
        """Connect anew, if the service closed the connection after its answer."""
        if not self._open:
            self.stream.hang_up()
            self.stream = self._connect()
            self._open = True

    def ask(self, method: str, authorization: str = "") -> http.client.HTTPResponse:
        """Ask for it, and read the whole answer."""
        if not self._open:
            raise Failure(
                "The service closes the connection after each answer, so a handshake of "
                "several legs cannot be made. Let it keep connections (KeepAlive On)."
            )
        host = f"[{self.stream.host}]" if ":" in self.stream.host else self.stream.host
        lines = [
            f"{method} {self._path} HTTP/1.1",
            f"Host: {host}:{self.stream.port}",
            "User-Agent: sspi-async-probe",
            "Accept: */*",
        ]
        if authorization:
            lines.append(f"Authorization: {authorization}")
        self.stream.begin()
        self.stream.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        answer = http.client.HTTPResponse(cast(Any, self.stream), method=method)
        try:
            answer.begin()
            body = answer.read(LONGEST)
        except http.client.HTTPException as error:
            raise Failure(
                f"{self.stream.name} does not answer as HTTP does ({type(error).__name__}). "
                "Check the port, and whether it is https."
            ) from None
        if answer.length and len(body) < LONGEST:
            raise Failure(f"{self.stream.name} closed the connection in the midst of a page.")
        # A body without an end is not waited for: the connection is of no more use.
        self._open = not answer.will_close and len(body) < LONGEST
        answer.close()
        return answer
