# SPDX-License-Identifier: MIT
"""List the security packages: those that can be used here, and what the others need."""

from __future__ import annotations

import argparse

from ..error import SspiError
from ..flags import PackageCapabilities
from ..package import PackageInfo, package_info, packages
from .report import FAILED, OK, Report, Table

HELP = "which security packages there are, and what is missing"

# Each says how it is had if the module itself is not there.
_KNOWN = {
    "Negotiate": "build sspi-async with its module, or install a wheel, which has it",
    "Kerberos": "build sspi-async with -DSSPI_ASYNC_PACKAGE_GSS=ON, or install a wheel",
    "NTLM": "build sspi-async with -DSSPI_ASYNC_PACKAGE_NTLM=ON, or install a wheel",
    "Schannel": "build sspi-async with -DSSPI_ASYNC_PACKAGE_SCHANNEL=ON, or install a wheel",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command: there are none.

    Args:
        parser: Where to.
    """


def missing() -> dict[str, str]:
    """Find out which of the packages that belong to the library cannot be used here.

    Returns:
        Why, and what to do about it, by the name of the package.
    """
    found = {}
    for name, advice in _KNOWN.items():
        try:
            package_info(name)
        except SspiError as error:
            why = error.message
            found[name] = why if "install" in why else f"{why}; {advice}"
    return found


def run(arguments: argparse.Namespace) -> Report:
    """List the packages.

    Args:
        arguments: The command line.

    Returns:
        What there is.
    """
    # The aliases, which are whole sentences, are in the list, too.
    there = [info for info in packages() if " " not in info.name]
    lacking = missing()
    rows = [_row(info) for info in there]
    shown: list[Table | str] = [Table(("package", "max token", "OID", "what it is"), rows)]
    if lacking:
        shown.append(Table(("missing", "why, and what to do"), list(lacking.items())))
    data = {
        "packages": [
            {
                "name": info.name,
                "comment": info.comment,
                "capabilities": [
                    flag.name for flag in PackageCapabilities if flag & info.capabilities
                ],
                "max_token": info.max_token,
                "oid": info.oid or None,
            }
            for info in there
        ],
        "missing": lacking,
    }
    return Report(data, shown, FAILED if lacking else OK)


def _row(info: PackageInfo) -> tuple[str, ...]:
    return info.name, str(info.max_token), info.oid or "-", info.comment
