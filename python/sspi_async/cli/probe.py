# SPDX-License-Identifier: MIT
"""Ask a service what it offers, and log on to it leg by leg.

WHAT is http[s]://..., ldap[s]://HOST, smtp[s]://HOST, or HOST:PORT for whatever speaks TLS.
"""

from __future__ import annotations

import argparse
import urllib.parse

from . import handshake, probe_http, probe_ldap, probe_smtp, probe_tls, tls
from .options import add_identity, add_timeout
from .report import USAGE, Failure, Report

HELP = "what a service offers, and a handshake with it, leg by leg"

_PROBES = {
    **dict.fromkeys(probe_http.PORTS, probe_http.probe),
    **dict.fromkeys(probe_ldap.PORTS, probe_ldap.probe),
    **dict.fromkeys(probe_smtp.PORTS, probe_smtp.probe),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command.

    Args:
        parser: Where to.
    """
    parser.add_argument("what", metavar="WHAT", help="the service; see above")
    add_timeout(parser)
    handshake.add_arguments(parser)
    parser.add_argument(
        "--method", default="GET", choices=("GET", "HEAD", "POST"), help="of HTTP (GET)"
    )
    add_identity(parser)
    tls.add_arguments(parser)


def run(arguments: argparse.Namespace) -> Report:
    """Probe a service.

    Args:
        arguments: The command line.

    Returns:
        What was found.

    Raises:
        Failure: If the service cannot be named so, or there is no answer.
    """
    what = arguments.what
    try:
        if "://" in what:
            url = urllib.parse.urlsplit(what)
            port = url.port
        else:
            url = urllib.parse.urlsplit(f"//{what}")
            port = url.port
            if url.hostname and port and url.netloc == what:
                return probe_tls.probe(url.hostname, port, arguments).report()
    except ValueError as error:
        raise Failure(f"{what!r} cannot be read: {error}.", USAGE) from None
    if not url.scheme:
        raise Failure(
            f"{what!r} has neither a scheme nor a port: write https://{what}/, ldap://{what}, "
            f"smtp://{what} or {what}:PORT.",
            USAGE,
        )
    if url.username is not None or url.password is not None:
        raise Failure("A password does not belong in an address: use --user.", USAGE)
    if url.scheme not in _PROBES or not url.hostname:
        raise Failure(
            f"{what!r} names no service that can be probed: the schemes are "
            f"{', '.join(_PROBES)}.",
            USAGE,
        )
    return _PROBES[url.scheme](url, arguments).report()
