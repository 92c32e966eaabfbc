# SPDX-License-Identifier: MIT
"""Show the credentials that this process has, and when they expire.

Nothing is sent: what a KDC would say is not asked.
"""

from __future__ import annotations

import argparse
import os

from .. import _krb5
from ..credential import Credential
from ..error import SspiError
from . import moment
from .options import add_timeout
from .report import FAILED, OK, Report, Table
from .wait import Until, within

HELP = "which credentials this process has, and their times"

_ASKED = ("Kerberos", "NTLM")
_NOBODY = (
    "There are no credentials: run kinit, or give programs an identity with user and password."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command.

    Args:
        parser: Where to.
    """
    add_timeout(parser)


def run(arguments: argparse.Namespace) -> Report:
    """Show the credentials.

    Args:
        arguments: The command line.

    Returns:
        What there is; `FAILED` if nothing can log on.
    """
    until = Until(arguments.timeout)
    found = [_credential(package, until) for package in _ASKED]
    caches = within(until, "The credential caches could not be read", _caches)
    keys, why = within(until, "The keytab could not be read", _keys)
    shown: list[Table | str] = [
        Table(
            ("package", "name"),
            [(each["package"] or "", each["name"] or each["why"] or "-") for each in found],
        )
    ]
    shown += [_cache_table(cache) for cache in caches]
    if keys:
        shown.append(
            Table(
                ("key of", "version", "encryption type"),
                [(key.principal, str(key.version), key.enctype) for key in keys],
                "The keytab of servers",
            )
        )
    somebody = any(each["name"] for each in found)
    if not somebody:
        shown.append(_NOBODY)
    data = {
        "login": os.environ.get("USER") or os.environ.get("LOGNAME"),
        "credentials": found,
        "caches": [_cache_data(cache) for cache in caches],
        "keys": [vars(key) for key in keys],
        "keytab_error": why or None,
    }
    return Report(data, shown, OK if somebody else FAILED)


def _credential(package: str, until: Until) -> dict[str, str | None]:
    name = why = None
    try:
        left = until.left("The credentials could not be read")
        with Credential.acquire(package, timeout=left).result() as credential:
            name = credential.name
    except SspiError as error:
        why = error.message.partition(": ")[2] or error.message
    return {"package": package, "name": name, "why": why}


def _caches() -> list[_krb5.Cache]:
    try:
        with _krb5.Krb5() as krb5:
            return krb5.caches()
    except _krb5.Krb5Error:
        return []  # the line of Kerberos says what is wrong


def _keys() -> tuple[list[_krb5.Key], str]:
    try:
        with _krb5.Krb5() as krb5:
            return krb5.keys(krb5.default_keytab()), ""
    except _krb5.Krb5Error as error:
        return [], str(error)


def _cache_table(cache: _krb5.Cache) -> Table:
    rows = [
        (ticket.server, moment.shown(ticket.start), moment.shown(ticket.end))
        for ticket in cache.tickets
    ]
    return Table(("ticket for", "from", "until"), rows, f"{cache.name} of {cache.principal}")


def _cache_data(cache: _krb5.Cache) -> dict[str, object]:
    return {
        "name": cache.name,
        "principal": cache.principal,
        "tickets": [
            {
                "server": ticket.server,
                "start": moment.iso(ticket.start),
                "end": moment.iso(ticket.end),
            }
            for ticket in cache.tickets
        ],
    }
