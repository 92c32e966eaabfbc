# SPDX-License-Identifier: MIT
"""Check what logons on this machine depend on: one verdict per line, and what to do next.

The only network that is asked is the KDC of the default realm.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator

from .. import __version__, _krb5
from ..credential import Credential
from ..error import SspiError
from . import kdc, moment
from .options import add_timeout
from .packages import missing
from .report import FAILED, OK, Report, Table
from .verdict import BAD, GOOD, NOTE, WARNING, Verdict
from .wait import TimeRanOut, Until, within

HELP = "what logons depend on: configuration, KDC, clock, tickets, keys, certificates"

_SOON = 15 * 60
_SHOWN = 4
_OPTIONAL = (
    ("spnego", "sspi-async decode", "tools"),
    ("rich", "tables with lines and colours", "tools"),
    ("opentelemetry", "a span for each call", "opentelemetry"),
    ("trustme", "the certificates of the pytest fixtures", "testing"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command.

    Args:
        parser: Where to.
    """
    add_timeout(parser)
    parser.add_argument("--realm", help="the realm to check, instead of the default one")


def run(arguments: argparse.Namespace) -> Report:
    """Make all checks.

    Args:
        arguments: The command line.

    Returns:
        The verdicts; `FAILED` if one of them is.
    """
    verdicts = [
        *_library(),
        *_kerberos(arguments.realm, arguments.timeout),
        _certificates(),
        _winbind(arguments.timeout),
        *_optional(),
    ]
    bad = sum(verdict.verdict == BAD for verdict in verdicts)
    summary = "Nothing is wrong." if not bad else f"{bad} of {len(verdicts)} checks failed."
    rows = [(each.verdict, each.check, each.line) for each in verdicts]
    return Report(
        {"verdicts": [dataclasses.asdict(each) for each in verdicts], "failed": bad},
        [Table(("verdict", "check", "what was found"), rows), summary],
        FAILED if bad else OK,
    )


def _library() -> Iterator[Verdict]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Verdict("library", GOOD, f"sspi-async {__version__}, Python {python}")
    lacking = missing()
    for name, why in lacking.items():
        yield Verdict(f"package {name}", BAD, why.rstrip("."), "See sspi-async packages.")
    if not lacking:
        yield Verdict("packages", GOOD, "Kerberos, NTLM, Negotiate and Schannel can be used")


# ---- Kerberos --------------------------------------------------------------------------------


def _kerberos(realm: str | None, seconds: float) -> list[Verdict]:
    """All that libkrb5 can tell. It may ask the DNS for a realm, so it has its deadline."""
    try:
        krb5 = within(Until(seconds), "libkrb5 could not be asked", _krb5.Krb5)
    except _krb5.Krb5Error as error:
        return [
            Verdict(
                "krb5.conf",
                BAD,
                f"It cannot be used by libkrb5: {error}",
                "Correct the file (KRB5_CONFIG, or /etc/krb5.conf), or apt install libkrb5-3.",
            )
        ]
    with krb5:
        verdicts = [_configuration(krb5)]
        try:
            name = realm or within(
                Until(seconds), "The DNS did not give the default realm", _default_realm
            )
        except (_krb5.Krb5Error, TimeRanOut) as error:
            verdicts.append(
                Verdict(
                    "default realm",
                    BAD,
                    str(error).rstrip("."),
                    "Set default_realm in the section [libdefaults] of krb5.conf, or write "
                    "alice@REALM wherever a user is named.",
                )
            )
        else:
            verdicts.append(Verdict("realm", GOOD, name))
            verdicts += kdc.check(krb5, name, seconds)
        return [*verdicts, *_tickets(krb5), _keytab(krb5)]


def _default_realm() -> str:
    """Ask in a context of its own: whoever has lost patience must not use one with it."""
    with _krb5.Krb5() as krb5:
        return krb5.default_realm()


def _configuration(krb5: _krb5.Krb5) -> Verdict:
    names = krb5.files()
    there = [name for name in names if pathlib.Path(name).is_file()]
    if there:
        return Verdict("krb5.conf", GOOD, f"It was read by libkrb5: {', '.join(there)}")
    return Verdict(
        "krb5.conf",
        WARNING,
        f"There is no configuration file: libkrb5 looks for {', '.join(names)}",
        "Install krb5-config, or set KRB5_CONFIG to the name of a file.",
    )


def _tickets(krb5: _krb5.Krb5) -> Iterator[Verdict]:
    advice = "Run kinit."
    try:
        caches = krb5.caches()
        default = krb5.default_cache()
    except _krb5.Krb5Error as error:
        yield Verdict(
            "tickets", BAD, f"The caches cannot be read: {error}", "Check KRB5CCNAME."
        )
        return
    if default.principal is None:
        yield Verdict("tickets", NOTE, f"There is no cache {default.name}", advice)
    for cache in caches:
        granting = [ticket for ticket in cache.tickets if ticket.grants_tickets]
        if not granting:
            found = f"{cache.name} of {cache.principal} has no ticket that can get others"
            yield Verdict("tickets", WARNING, found, advice)
            continue
        last = max(granting, key=lambda ticket: ticket.end)
        found = f"{cache.principal} in {cache.name}, until {moment.shown(last.end)}"
        left = (last.end - moment.now()).total_seconds()
        if left <= 0:
            yield Verdict("tickets", WARNING, found, "They have expired: run kinit.")
        elif last.start > moment.now():
            yield Verdict(
                "tickets", WARNING, f"{found}, but not before {moment.shown(last.start)}",
                "Check the clock, or run kinit again.",
            )  # fmt: skip
        elif left < _SOON:
            yield Verdict(
                "tickets", WARNING, found, "They expire soon: run kinit -R, or kinit."
            )
        else:
            yield Verdict("tickets", GOOD, found)


def _keytab(krb5: _krb5.Krb5) -> Verdict:
    name = krb5.default_keytab()
    try:
        keys = krb5.keys(name)
    except _krb5.Krb5Error as error:
        path = pathlib.Path(name.partition(":")[2])
        if path.exists() and not os.access(path, os.R_OK):
            return Verdict(
                "keytab", WARNING, f"This user cannot read {name}",
                "A server must: give it a keytab of its own, or permission to read this one.",
            )  # fmt: skip
        return Verdict(
            "keytab", NOTE, str(error),
            "Only servers need one; the KDC's administrator exports it (ktadd, msktutil).",
        )  # fmt: skip
    services = sorted({key.principal for key in keys})
    shown = ", ".join(services[:_SHOWN]) or "no principal"
    if len(services) > _SHOWN:
        shown += f" and {len(services) - _SHOWN} more"
    return Verdict("keytab", GOOD, f"The keys of {shown} are in {name}")


# ---- TLS and what is optional ----------------------------------------------------------------


def _certificates() -> Verdict:
    advice = "Install the roots: apt install ca-certificates."
    try:
        Credential.acquire("Schannel").result().free_nowait()
        roots = len(ssl.create_default_context().get_ca_certs())
    except (SspiError, OSError) as error:
        return Verdict("certificates", BAD, str(error).rstrip("."), advice)
    paths = ssl.get_default_verify_paths()
    where = paths.cafile or paths.capath or paths.openssl_cafile
    if roots == 0 and not _holds_any(paths.capath):
        return Verdict(
            "certificates", WARNING, f"OpenSSL trusts no certificate authority: {where}", advice
        )
    return Verdict(
        "certificates",
        GOOD,
        f"OpenSSL trusts the {roots or ''} roots of {where}".replace("  ", " "),
    )


def _holds_any(folder: str | None) -> bool:
    return folder is not None and any(pathlib.Path(folder).glob("*.0"))


def _winbind(seconds: float) -> Verdict:
    advice = "Only NTLM servers of a domain need it: apt install winbind, net ads join."
    program = shutil.which("wbinfo")
    if program is None or shutil.which("ntlm_auth") is None:
        return Verdict("winbind", NOTE, "It is not installed", advice)
    try:
        done = subprocess.run(
            [program, "--ping"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Verdict("winbind", WARNING, f"It did not answer within {seconds:g} s", advice)
    if done.returncode != 0:
        return Verdict("winbind", NOTE, "It is installed, but winbindd does not run", advice)
    return Verdict("winbind", GOOD, "It answers")


def _optional() -> Iterator[Verdict]:
    for module, purpose, extra in _OPTIONAL:
        if importlib.util.find_spec(module) is None:
            yield Verdict(
                "optional", NOTE, f"The module {module} is not installed ({purpose})",
                f"Run pip install 'sspi-async[{extra}]' if you want that.",
            )  # fmt: skip
