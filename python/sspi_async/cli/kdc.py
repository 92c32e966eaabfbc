# SPDX-License-Identifier: MIT
"""Does a KDC answer, and what time does it have?"""

from __future__ import annotations

import concurrent.futures
import socket
import time

from .. import _krb5
from ..context import client
from ..credential import Identity
from ..error import DeadlineExceeded, LogonDenied, SspiError, TargetUnknown
from .report import Failure
from .verdict import BAD, GOOD, NOTE, WARNING, Verdict
from .wait import TimeRanOut, Until, begin, connect

# Nobody has this name, so a KDC answers with an error, which tells its time. What an
# administrator finds in the KDC's log says who has asked.
ASKING = "sspi-async-doctor"
_PORT = 88
_SKEW = 300
_LONGEST = 1 << 20


def check(krb5: _krb5.Krb5, realm: str, seconds: float) -> list[Verdict]:
    """Ask the KDCs of a realm, all at once.

    Args:
        krb5: The configuration.
        realm: The realm.
        seconds: How long each may take.

    Returns:
        A verdict for each KDC, and one for the clock.
    """
    named = krb5.values("realms", realm, "kdc")
    if not named:
        return [_found_by_library(realm, seconds)]
    request = krb5.request(f"{ASKING}@{realm}")
    until = Until(seconds)
    asked = [
        (name, begin(lambda name=name: _ask(name, request, until)))  # type: ignore[misc]
        for name in named
        if "://" not in name
    ]
    # A little longer than each takes for itself, so that its own message comes.
    concurrent.futures.wait([future for _, future in asked], timeout=seconds + 1)
    verdicts, ahead = [], []
    for name, future in asked:
        answer = _answer(krb5, name, future, seconds)
        verdicts.append(answer[0])
        if answer[1] is not None:
            ahead.append(answer[1])
    verdicts += [
        Verdict(
            f"KDC {name}", NOTE, "It is behind an HTTPS proxy, which this check does not ask"
        )
        for name in named
        if "://" in name
    ]
    return [*verdicts, clock(krb5, ahead)] if ahead else verdicts


def _ask(name: str, request: bytes, until: Until) -> tuple[float, bytes, float]:
    """Send a request by TCP; returns the seconds that it took, the reply, and the time."""
    host, port = address(name)
    begun = time.monotonic()
    what = "It takes connections, but did not answer"
    with connect(host, port, until) as link:
        link.settimeout(until.left(what))
        try:
            link.sendall(len(request).to_bytes(4, "big") + request)
            length = int.from_bytes(_exactly(link, 4, until, what), "big")
            if length > _LONGEST:
                raise Failure("Its answer is not Kerberos")
            reply = _exactly(link, length, until, what)
            return time.monotonic() - begun, reply, time.time()
        except (socket.timeout, TimeoutError):  # two of them before Python 3.10
            raise TimeRanOut(what, until.seconds) from None
        except OSError as error:
            raise Failure(f"The connection broke: {error.strerror or error}") from None


def _exactly(link: socket.socket, length: int, until: Until, what: str) -> bytes:
    data = b""
    while len(data) < length:
        link.settimeout(until.left(what))
        piece = link.recv(length - len(data))
        if not piece:
            raise Failure("It closes the connection without an answer")
        data += piece
    return data


def address(name: str) -> tuple[str, int]:
    """Part "kdc.example.org:88", "[::1]:88", "tcp/kdc.example.org"."""
    name = name.partition("/")[2] if name.startswith(("tcp/", "udp/")) else name
    host, colon, port = name.rpartition(":")
    if not colon or "]" in port or (":" in host and not host.startswith("[")):
        host, port = name, ""
    return host.strip("[]"), int(port) if port.isdecimal() else _PORT


def _answer(
    krb5: _krb5.Krb5,
    name: str,
    future: concurrent.futures.Future[tuple[float, bytes, float]],
    seconds: float,
) -> tuple[Verdict, float | None]:
    subject = f"KDC {name}"
    advice = "Check that krb5kdc runs there, the address in krb5.conf, and the firewall."
    if not future.done():
        return Verdict(subject, BAD, f"It did not answer within {seconds:g} s", advice), None
    error = future.exception()
    if error is not None:
        return Verdict(subject, BAD, str(error).rstrip("."), advice), None
    took, reply, here = future.result()
    there = krb5.time_of_error(reply)
    ahead = there - here if there is not None else None
    return Verdict(subject, GOOD, f"It answers in {took * 1000:.0f} ms"), ahead


def clock(krb5: _krb5.Krb5, ahead: list[float]) -> Verdict:
    """Judge this machine's clock.

    Args:
        krb5: The configuration, which says how far clocks may be apart.
        ahead: By how many seconds the clock of each KDC is ahead of ours.

    Returns:
        The verdict.
    """
    worst = max(ahead, key=abs)
    limit = (krb5.values("libdefaults", "clockskew") or [""])[0]
    allowed = int(limit) if limit.isdecimal() else _SKEW
    side = "behind" if worst > 0 else "ahead of"
    found = f"This machine is {abs(worst):.1f} s {side} the KDC, and {allowed} s are allowed"
    advice = "Set the clock: run timedatectl, and let chrony or systemd-timesyncd keep it."
    if abs(worst) > allowed:
        return Verdict("clock", BAD, found, advice)
    if abs(worst) > allowed / 5:
        return Verdict("clock", WARNING, found, advice)
    return Verdict("clock", GOOD, found)


def _found_by_library(realm: str, seconds: float) -> Verdict:
    """Let the library find a KDC as it does for every logon: by the DNS."""
    subject = f"KDC of {realm}"
    nobody = Identity(user=f"{ASKING}@{realm}", password=ASKING)
    try:
        with client(
            f"krbtgt/{realm}@{realm}", package="Kerberos", identity=nobody, timeout=seconds
        ) as context:
            context.step().result()
    except (LogonDenied, TargetUnknown):
        return Verdict(subject, GOOD, "A KDC that the DNS names answers")
    except DeadlineExceeded:
        return Verdict(
            subject,
            BAD,
            f"krb5.conf names none, and none that the DNS names answered within {seconds:g} s",
            f"Write kdc = HOST into the section [realms] of {realm} in krb5.conf, or repair "
            "the DNS.",
        )
    except SspiError as error:
        return Verdict(
            subject,
            BAD,
            f"krb5.conf names none, and neither does the DNS: {error.message.rstrip('.')}",
            f"Write kdc = HOST into the section [realms] of {realm} in krb5.conf.",
        )
    return Verdict(subject, GOOD, "One answers")
