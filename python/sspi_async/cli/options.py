# SPDX-License-Identifier: MIT
"""Options that several commands share."""

from __future__ import annotations

import argparse
import getpass
import math
import pathlib
import sys

from ..credential import Identity
from .report import USAGE, Failure


def seconds(text: str) -> float:
    """Read a number of seconds.

    Args:
        text: The argument.

    Returns:
        The number.

    Raises:
        argparse.ArgumentTypeError: If it is none, or not positive.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return number


def count(text: str) -> int:
    """Read a positive whole number.

    Args:
        text: The argument.

    Returns:
        The number.

    Raises:
        argparse.ArgumentTypeError: If it is none.
    """
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add --timeout.

    Args:
        parser: Where to.
    """
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=5.0,
        metavar="SECONDS",
        help="how long to wait for each answer of the network (5)",
    )


def add_identity(parser: argparse.ArgumentParser) -> None:
    """Add the options that say who logs on.

    Args:
        parser: Where to.
    """
    group = parser.add_argument_group("who logs on (without these, the tickets of the process)")
    group.add_argument("--user", metavar="NAME", help="alice@EXAMPLE.ORG, or DOMAIN\\alice")
    group.add_argument(
        "--password-file",
        metavar="FILE",
        help="the password is the first line of FILE (- is the standard input); without it, "
        "--user asks on the terminal",
    )
    group.add_argument("--ccache", metavar="NAME", help="take the tickets of this cache")


def identity_of(arguments: argparse.Namespace) -> Identity | None:
    """Return the identity that the options name.

    Args:
        arguments: The options of `add_identity`.

    Returns:
        The identity; None: the process's own.

    Raises:
        Failure: If they contradict each other, or there is no password to be had.
    """
    if arguments.ccache and arguments.user:
        raise Failure("Give --user or --ccache, not both.", USAGE)
    if arguments.ccache:
        return Identity(ccache=arguments.ccache)
    if not arguments.user:
        if arguments.password_file:
            raise Failure("A password needs its user: add --user NAME.", USAGE)
        return None
    domain, backslash, user = arguments.user.partition("\\")
    return Identity(
        user=user if backslash else arguments.user,
        domain=domain if backslash else None,
        password=_password(arguments),
    )


def _password(arguments: argparse.Namespace) -> str:
    if arguments.password_file == "-":  # noqa: S105
        return sys.stdin.readline().rstrip("\r\n")
    if arguments.password_file:
        try:
            text = pathlib.Path(arguments.password_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Failure(f"The password file cannot be read: {error}.", USAGE) from None
        return text.splitlines()[0] if text else ""
    if not sys.stdin.isatty():
        raise Failure(
            "There is no terminal to ask for the password on: add --password-file FILE.", USAGE
        )
    return getpass.getpass(f"Password of {arguments.user}: ")
