# SPDX-License-Identifier: MIT
"""What to do about a failure, where the library's message does not say."""

from __future__ import annotations

from . import _native
from .status import Status

_OPENSSL = (
    "this package needs OpenSSL 3: apt install libssl3, or dnf install openssl-libs"
    " (on RHEL 8 openssl3-libs, from EPEL)"
)

# What the system calls a library that a package needs.
_LIBRARIES = {
    "libgssapi_krb5": "apt install libgssapi-krb5-2, or dnf install krb5-libs",
    "libkrb5": "apt install libkrb5-3, or dnf install krb5-libs",
    "libssl": _OPENSSL,
    "libcrypto": _OPENSSL,
}

_NO_TICKET = "run kinit, or give an Identity with user and password"
_NO_TICKET_NOR_PASSWORD = f"{_NO_TICKET}; NTLM was tried next, and needs these, too"
_NO_KEYS = (
    "have the service's keys exported to a keytab (ktadd), and name it by Identity(keytab=...)"
)
_TICKETS = {"Kerberos": _NO_TICKET, "Negotiate": _NO_TICKET_NOR_PASSWORD}


def add(status: int, message: str) -> str:
    """Add to a message what to do next.

    Args:
        status: What the call returned.
        message: Why.

    Returns:
        The message, longer or as it was.
    """
    advice = ""
    if status == Status.SEC_E_SECPKG_NOT_FOUND:
        advice = _of_package(message)
    elif status == Status.SEC_E_NO_CREDENTIALS:
        package, _, rest = message.partition(" ")
        if rest.startswith("InitializeSecurityContext") and package in _TICKETS:
            advice = _TICKETS[package]
        elif rest.startswith("AcceptSecurityContext") and "eytab" in rest:
            advice = _NO_KEYS
    return f"{message}; {advice}" if advice else message


def _of_package(message: str) -> str:
    for library, command in _LIBRARIES.items():
        if library in message:
            return command
    if "no such package" not in message:
        return ""
    asked = message.partition(" ")[0].lower()
    if asked in ("tls", "ssl", "openssl", "https"):
        return "the package for TLS is Schannel"
    _, names = _native.packages()
    # Without aliases, which are whole sentences.
    there = sorted(
        name.decode() for name in (names or b"").split(b"\0") if name and b" " not in name
    )
    return f"available are {', '.join(there)}" if there else ""
