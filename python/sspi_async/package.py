# SPDX-License-Identifier: MIT
"""Security packages."""

from __future__ import annotations

import dataclasses
import os
import pathlib

from . import _native
from .argument import Path, need_text, need_type
from .error import check
from .flags import PackageCapabilities


@dataclasses.dataclass(frozen=True)
class PackageInfo:
    """What a package says of itself.

    Attributes:
        name: Its name, as `client()` and `server()` take it.
        comment: One line that describes it.
        capabilities: What it can do.
        version: Its version.
        rpc_id: Its number in DCE RPC.
        max_token: No token is longer.
        oid: The object identifier of its mechanism, "1.2.840.113554.1.2.2" for Kerberos; "" for
            none (Schannel).
    """

    name: str
    comment: str
    capabilities: PackageCapabilities
    version: int
    rpc_id: int
    max_token: int
    oid: str

    @property
    def oid_der(self) -> bytes:
        """The object identifier in DER, with tag and length, as SSH hashes it (RFC 4462)."""
        if not self.oid:
            return b""
        first, second, *others = (int(arc) for arc in self.oid.split("."))
        body = b"".join(_base128(arc) for arc in (40 * first + second, *others))
        return bytes([6, len(body)]) + body


def _base128(arc: int) -> bytes:
    groups = [arc & 0x7F]
    while arc := arc >> 7:
        groups.append(arc & 0x7F | 0x80)
    return bytes(reversed(groups))


def package_info(name: str) -> PackageInfo:
    """Describe a package, loading it if that was not done.

    Args:
        name: Its name or alias; case does not matter.

    Returns:
        The description.

    Raises:
        PackageNotFound: If it cannot be loaded; the message says why.
    """
    need_type("name", name, str, "str")
    need_text("name", name)
    numbers = []
    for member in range(4):
        status, number = _native.package_number(name, member)
        check(status)
        numbers.append(number)
    texts = []
    for member in range(3):
        status, text = _native.package_text(name, member)
        check(status)
        texts.append(text or "")
    return PackageInfo(
        texts[0],
        texts[1],
        PackageCapabilities(numbers[0]),
        numbers[1],
        numbers[2],
        numbers[3],
        texts[2],
    )


def packages() -> list[PackageInfo]:
    """List the packages that can be loaded here.

    Returns:
        Their descriptions.

    Raises:
        SspiError: If memory ran out.
    """
    status, names = _native.packages()
    check(status)
    return [package_info(name.decode()) for name in (names or b"").split(b"\0") if name]


def add_package(module: Path) -> None:
    """Load a package module.

    Args:
        module: A file (a path with a slash, or an `os.PathLike`), or the module of that name
            from the module folders.

    Raises:
        SspiError: If it cannot be loaded; the message says why.
    """
    name = str(pathlib.Path(module).absolute()) if isinstance(module, os.PathLike) else module
    need_type("module", name, str, "str or os.PathLike")
    need_text("module", name)
    check(_native.package_add(name))


def turn_off_package(name: str) -> None:
    """Have this process do without a package, for good and whatever its configuration says.

    Nobody finds it from now on, Negotiate neither. Credentials and contexts that are there go
    on: call this first.

    Args:
        name: Its name or alias, "NTLM"; it need not be installed.

    Raises:
        InvalidParameter: If that can be no name.
    """
    need_type("name", name, str, "str")
    need_type("name", name, str, "str")
    need_text("name", name)
    check(_native.package_turn_off(name))
