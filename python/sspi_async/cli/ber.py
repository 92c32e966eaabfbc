# SPDX-License-Identifier: MIT
"""As much of BER as LDAP needs (RFC 4511, section 5.1): definite lengths, tags of one byte."""

from __future__ import annotations

from collections.abc import Iterator

INTEGER = 0x02
OCTETS = 0x04
ENUMERATED = 0x0A
BOOLEAN = 0x01
SEQUENCE = 0x30


def pack(tag: int, *contents: bytes) -> bytes:
    """Write an element.

    Args:
        tag: Its tag.
        contents: What is inside, in pieces.

    Returns:
        Its bytes.
    """
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def number(value: int, tag: int = INTEGER) -> bytes:
    """Write a number that is not negative."""
    return pack(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: bytes | str, tag: int = OCTETS) -> bytes:
    """Write text or bytes."""
    return pack(tag, value.encode() if isinstance(value, str) else value)


def unpack(data: bytes) -> tuple[int, bytes, bytes]:
    """Read an element.

    Args:
        data: What begins with one.

    Returns:
        Its tag, what is inside, and what follows.

    Raises:
        ValueError: If it is none, or not whole.
    """
    header = header_of(data)
    if header is None:
        raise ValueError("it ends in the middle of an element")
    tag, start, length = header
    if len(data) < start + length:
        raise ValueError("it ends in the middle of an element")
    return tag, data[start : start + length], data[start + length :]


def header_of(data: bytes) -> tuple[int, int, int] | None:
    """Read tag and length.

    Args:
        data: What has come so far.

    Returns:
        The tag, where the contents start, and how long they are; None: more is needed.

    Raises:
        ValueError: If that is no element of LDAP.
    """
    if len(data) < 2:
        return None
    tag, length = data[0], data[1]
    if tag & 0x1F == 0x1F:
        raise ValueError("it has a tag of several bytes, which LDAP does not use")
    if length < 0x80:
        return tag, 2, length
    size = length & 0x7F
    if not 1 <= size <= 4:
        raise ValueError("it has a length in a form that LDAP does not use")
    if len(data) < 2 + size:
        return None
    return tag, 2 + size, int.from_bytes(data[2 : 2 + size], "big")


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Read element after element.

    Args:
        data: Nothing but elements.

    Yields:
        The tag and the contents of each.

    Raises:
        ValueError: If something else is there.
    """
    while data:
        tag, contents, data = unpack(data)
        yield tag, contents
