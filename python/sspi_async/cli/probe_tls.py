# SPDX-License-Identifier: MIT
"""Probing a port of which nothing is known but that it may speak TLS."""

from __future__ import annotations

import argparse

from ..error import InvalidToken, SspiError
from . import tls
from .finding import Finding
from .report import Failure


def probe(host: str, port: int, arguments: argparse.Namespace) -> Finding:
    """Probe a port.

    Args:
        host: The host.
        port: The port.
        arguments: The options.

    Returns:
        What was found.

    Raises:
        Failure: If it does not speak TLS.
    """
    finding = Finding(f"{host}:{port}")
    try:
        stream, finding.tls = tls.open_stream(host, port, arguments)
    except InvalidToken as error:
        raise Failure(
            f"{host}:{port} does not speak TLS ({error.message.rstrip('.')}). Name the "
            "protocol: http://, ldap:// or smtp://."
        ) from None
    except SspiError as error:
        raise Failure(f"TLS with {host}:{port} failed: {error.message.rstrip('.')}.") from None
    with stream:
        finding.connected(stream)
    return finding
