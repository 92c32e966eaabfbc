# SPDX-License-Identifier: MIT
"""Show what is inside a token of Negotiate, Kerberos, NTLM or TLS, by pyspnego's decoder.

TOKEN is Base64 or hexadecimal, alone or as it stands in a header field ("Negotiate YII..."). A
token may hold secrets of a logon: look at whom you show the output to.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import pathlib
import re
import sys
from typing import Any

from .report import FAILED, MISSING, OK, USAGE, Failure, Report, Table

HELP = "what is inside a token"

_WITHOUT = (
    "The decoder is pyspnego's, which is not installed: run pip install 'sspi-async[tools]'."
)
_PREFIX = re.compile(
    r"(?:(?:www-authenticate|proxy-authenticate|(?:proxy-)?authorization)\s*:\s*)?"
    r"(?:(?:negotiate|ntlm|kerberos)\s+)?",
    re.IGNORECASE,
)
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[\s:]*)+")
_TLS_CONTENT = (20, 21, 22, 23)
_NO_PARSE = "Unknown"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command.

    Args:
        parser: Where to.
    """
    parser.add_argument(
        "token", metavar="TOKEN", help="the token; @FILE reads one, - the standard input"
    )


def run(arguments: argparse.Namespace) -> Report:
    """Decode a token.

    Args:
        arguments: The command line.

    Returns:
        What is inside.

    Raises:
        Failure: If it is no token, or pyspnego is not there.
    """
    data = read(arguments.token)
    try:
        from spnego.__main__ import parse_tls_token, parse_token
    except ImportError:
        raise Failure(_WITHOUT, MISSING) from None
    if data[0] in _TLS_CONTENT and data[1:2] == b"\x03":
        try:
            found: Any = parse_tls_token(data)
        except Exception as error:
            raise Failure(
                f"The bytes start like TLS, but are not a valid record: {error}."
            ) from None
        known = True
    else:
        found = parse_token(data)
        known = not str(found["MessageType"]).startswith(_NO_PARSE)
    rows = list(_rows(found, 0))
    shown: list[Table | str] = [Table((), rows)]
    if not known:
        shown.append(
            "The decoder does not know this kind of token. Check that it was copied whole, and "
            "that it is not a sealed message."
        )
    return Report(found, shown, OK if known else FAILED)


def read(text: str) -> bytes:
    """Read the bytes of a token.

    Args:
        text: Base64, hexadecimal, with or without the rest of a header field; @FILE; "-".

    Returns:
        The bytes.

    Raises:
        Failure: If there are none.
    """
    if text == "-":
        raw = sys.stdin.buffer.read()
    elif text.startswith("@"):
        try:
            raw = pathlib.Path(text[1:]).read_bytes()
        except OSError as error:
            raise Failure(f"The token cannot be read: {error}.", USAGE) from None
    else:
        raw = text.encode()
    data = _decoded(raw)
    if not data:
        raise Failure(
            'This is neither Base64 nor hexadecimal. Give what follows "Negotiate" in the '
            "header field, or @FILE for bytes in a file.",
            USAGE,
        )
    return data


def _decoded(raw: bytes) -> bytes:
    try:
        text = raw.decode("ascii").strip()
    except UnicodeDecodeError:
        return raw  # the bytes themselves, of a file
    if not text.isprintable() and not text.replace("\n", "").replace("\r", "").isprintable():
        return raw
    text = text[_PREFIX.match(text).end() :]  # type: ignore[union-attr] # it may match nothing
    if _HEX.fullmatch(text):
        return bytes.fromhex(re.sub(r"[\s:]", "", text))
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return b""


def _rows(value: Any, depth: int) -> Any:
    """Lines of name and value, the inner ones further to the right."""
    indent = "  " * depth
    pairs = value.items() if isinstance(value, dict) else enumerate(value, 1)
    for name, inner in pairs:
        if isinstance(inner, (dict, list)) and inner:
            yield f"{indent}{name}", ""
            yield from _rows(inner, depth + 1)
        else:
            yield f"{indent}{name}", "-" if inner in (None, [], {}) else str(inner)
