# SPDX-License-Identifier: MIT
"""Arguments of the wrong kind, refused by the name of the parameter."""

from __future__ import annotations

import os
from typing import TypeVar, Union

from .error import InvalidParameter
from .status import Status

T = TypeVar("T")

# Where a file is meant. What goes to Kerberos may have its type in front: "FILE:/etc/keytab".
Path = Union[str, "os.PathLike[str]"]


def need_type(name: str, value: T, wanted: type | tuple[type, ...], called: str) -> T:
    """Refuse what is not of a type.

    Args:
        name: The parameter, for the message.
        value: The argument.
        wanted: The type, or types.
        called: What these are called.

    Returns:
        The argument.

    Raises:
        TypeError: If it is of another type.
    """
    if not isinstance(value, wanted):
        raise TypeError(f"{name} must be {called}, not {type(value).__name__}")
    return value


def need_text(name: str, value: str | None) -> str | None:
    """Refuse what is neither text nor None, and text that C would cut short.

    Args:
        name: The parameter, for the message.
        value: The argument.

    Returns:
        The argument.

    Raises:
        InvalidParameter: If it holds a zero character.
        TypeError: If it is something else.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} must be str or None, not {type(value).__name__}")
    if "\0" in value:
        raise InvalidParameter(
            Status.SEC_E_INVALID_PARAMETER, f"{name} must not hold a zero character"
        )
    return value


def need_seconds(name: str, value: float | None) -> None:
    """Refuse what is neither a number of seconds nor None.

    Args:
        name: The parameter, for the message.
        value: The argument.

    Raises:
        TypeError: If it is something else.
    """
    need_type(name, value, (int, float, type(None)), "a number of seconds or None")


def need_bytes(name: str, value: bytes | bytearray | memoryview) -> bytes:
    """Take bytes, which stay as they are whatever their owner does.

    Args:
        name: The parameter, for the message.
        value: The argument.

    Returns:
        The bytes.

    Raises:
        TypeError: If it is something else.
    """
    return bytes(need_type(name, value, (bytes, bytearray, memoryview), "bytes"))


def need_path(name: str, value: Path | None) -> str | None:
    """Take a path or the name of a file.

    Args:
        name: The parameter, for the message.
        value: The argument.

    Returns:
        The name.

    Raises:
        InvalidParameter: If it holds a zero character.
        TypeError: If it is something else.
    """
    if value is None or isinstance(value, str):
        return need_text(name, value)
    if not isinstance(value, os.PathLike):
        raise TypeError(f"{name} must be str, os.PathLike or None, not {type(value).__name__}")
    return need_text(name, os.fsdecode(value))
