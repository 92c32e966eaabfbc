# SPDX-License-Identifier: MIT
"""Measure handshakes on this machine: both sides in this process, one after the other.

What is measured is this machine and the package, not a network. Kerberos takes its tickets from
a throw-away realm, which is made first if a KDC is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from typing import Callable

from ..context import SecurityContext, client, delete_many, server
from ..credential import Credential, Identity, TlsIdentity
from ..error import IncompleteMessage
from ..flags import CredentialUse
from ..testing import Leg, NtlmUsers, Realm, RealmUnavailable, TlsPair, scripted
from .options import count, seconds
from .report import MISSING, OK, Report, Table, folded

HELP = "how fast handshakes are on this machine"

_PACKAGES = ("Scripted", "NTLM", "Schannel", "Kerberos")
_TARGET = "HTTP@localhost"
_GUARD = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command.

    Args:
        parser: Where to.
    """
    parser.add_argument(
        "--seconds", type=seconds, default=1.0, help="how long to measure each package (1)"
    )
    parser.add_argument(
        "--count",
        type=count,
        default=None,
        help="make this many handshakes, instead of --seconds",
    )
    parser.add_argument(
        "--package",
        choices=_PACKAGES,
        action="append",
        help="measure only this package; can be repeated",
    )


class _Lacking(Exception):
    """What a measurement needs is not here."""


def run(arguments: argparse.Namespace) -> Report:
    """Measure.

    Args:
        arguments: The command line.

    Returns:
        The times; `MISSING` if something could not be measured.
    """
    results, lacking = [], {}
    with tempfile.TemporaryDirectory(prefix="sspi-async-bench.") as folder:
        for package in arguments.package or _PACKAGES:
            try:
                with _sides(package, pathlib.Path(folder)) as pair:
                    results.append(_measure(package, pair, arguments))
            except _Lacking as error:
                lacking[package] = str(error)
    rows = [
        (
            str(result["package"]),
            str(result["handshakes"]),
            f"{result['per_second']:.0f}",
            f"{result['median_us']:.0f} us",
            f"{result['p99_us']:.0f} us",
        )
        for result in results
    ]
    columns = ("package", "handshakes", "a second", "median", "99th percentile")
    shown: list[Table | str] = [Table(columns, rows)] if rows else []
    shown += [folded(f"{package} was not measured: {why}") for package, why in lacking.items()]
    data = {"results": results, "not_measured": lacking}
    return Report(data, shown, MISSING if lacking else OK)


Pair = Callable[[], "tuple[SecurityContext, SecurityContext]"]


@contextlib.contextmanager
def _sides(package: str, folder: pathlib.Path) -> Iterator[Pair]:
    """What makes the two sides of a handshake."""
    with contextlib.ExitStack() as stack:
        if package == "Scripted":
            both = stack.enter_context(scripted(Leg(), Leg()))
            yield lambda: (client(_TARGET, credential=both), server(credential=both))
            return
        target, ours, theirs = _identities(package, folder, stack)
        outbound = stack.enter_context(
            Credential.acquire(package, CredentialUse.OUTBOUND, identity=ours).result(_GUARD)
        )
        inbound = stack.enter_context(
            Credential.acquire(package, CredentialUse.INBOUND, identity=theirs).result(_GUARD)
        )
        yield lambda: (client(target, credential=outbound), server(credential=inbound))


def _identities(
    package: str, folder: pathlib.Path, stack: contextlib.ExitStack
) -> tuple[str, Identity | TlsIdentity, Identity | TlsIdentity]:
    if package == "NTLM":
        users = NtlmUsers.write(folder / "users")
        return _TARGET, users.client(), users.server
    if package == "Schannel":
        try:
            pair = TlsPair.make(folder)
        except ImportError:
            raise _Lacking(
                "the certificates are made by trustme: run pip install 'sspi-async[testing]'."
            ) from None
        return "localhost", pair.client, pair.server
    try:
        realm = stack.enter_context(Realm(folder / "realm"))
    except RealmUnavailable as error:
        raise _Lacking(f"{error}.") from None
    # Replays are the server's to find, and each is a file that is written to the disk.
    return _TARGET, realm.client, Identity(keytab=realm.keytab, replay_cache="none:")


def _measure(package: str, pair: Pair, arguments: argparse.Namespace) -> dict[str, object]:
    _handshake(*pair())  # the first one loads modules and gets tickets
    times: list[float] = []
    end = time.perf_counter() + arguments.seconds
    while (
        len(times) < arguments.count if arguments.count else time.perf_counter() < end
    ) or not times:
        sides = pair()
        begun = time.perf_counter()
        _handshake(*sides)
        times.append(time.perf_counter() - begun)
    times.sort()
    return {
        "package": package,
        "handshakes": len(times),
        "per_second": len(times) / sum(times),
        "median_us": statistics.median(times) * 1e6,
        "p99_us": times[min(len(times) - 1, len(times) * 99 // 100)] * 1e6,
    }


def _handshake(ours: SecurityContext, theirs: SecurityContext) -> None:
    """Bring both sides to the end; deleting them belongs to it."""
    sides = (theirs, ours)
    token = ours.step().result(_GUARD)
    turn = 0
    while token and not (ours.complete and theirs.complete):
        with contextlib.suppress(IncompleteMessage):
            token = sides[turn].step(token).result(_GUARD)
        turn = 1 - turn
    delete_many(sides).result(_GUARD)
