# SPDX-License-Identifier: MIT
"""The header fields of HTTP authentication (RFC 9110, section 11), read and written.

A field of challenges may come several times, and hold several challenges each time, and the
comma that parts two challenges also parts the parameters of one: only what follows tells which
it was. A name with "=" behind it is a parameter; any other name begins a challenge.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
from collections.abc import Iterable, Mapping

_BLANK = re.compile(r"[ \t]+")
_SEPARATORS = re.compile(r"[ \t,]*")
_END = re.compile(r"[ \t]*(?:,[ \t,]*|\Z)")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Only if nothing but the end of the challenge follows: "realm" of realm="x" is none.
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|\Z))")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_QUOTED = re.compile(r'"((?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*)"')
_ESCAPED = re.compile(r"\\(.)")
# One answer that is a token alone, as nearly all are.
_PLAIN = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([A-Za-z0-9._~+/-]+=*)")
_UNSPEAKABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclasses.dataclass(frozen=True)
class Challenge:
    """What a server asks for, or what a client answers: both are written alike.

    Attributes:
        scheme: "Negotiate", as it was written; compare by `is_of`.
        token: The token behind it (token68), or None.
        parameters: What stands there instead, by names in lower case.
    """

    scheme: str
    token: str | None = dataclasses.field(default=None, repr=False)
    parameters: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)

    @classmethod
    def of_bytes(cls, scheme: str, token: bytes) -> Challenge:
        """Make one that carries bytes; none of them: the scheme alone."""
        return cls(scheme, base64.b64encode(token).decode("ascii") or None)

    def is_of(self, scheme: str) -> bool:
        """Tell whether it is of a scheme, in any case."""
        return self.scheme.lower() == scheme.lower()

    def bytes(self) -> bytes:
        """Return the bytes of the token; none if it has none.

        Raises:
            ValueError: If the token is not Base64, or there are parameters instead.
        """
        if self.parameters:
            raise ValueError(f"{self.scheme}: parameters where a token belongs")
        try:
            return base64.b64decode(self.token or "", validate=True)
        except binascii.Error as error:
            raise ValueError(f"{self.scheme}: the token is not Base64: {error}") from None

    def __str__(self) -> str:
        """Return the text of the field.

        Raises:
            ValueError: If something in it cannot be written.
        """
        if not _TOKEN.fullmatch(self.scheme):
            raise ValueError(f"{self.scheme!r} is no name of a scheme")
        if self.token is not None:
            if self.parameters or not _TOKEN68.fullmatch(self.token):
                raise ValueError(f"{self.scheme}: this token cannot be written")
            return f"{self.scheme} {self.token}"
        if not self.parameters:
            return self.scheme
        return f"{self.scheme} " + ", ".join(map(_write_parameter, self.parameters.items()))


def _write_parameter(pair: tuple[str, str]) -> str:
    name, value = pair
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a parameter")
    if _UNSPEAKABLE.search(value):
        raise ValueError(f"{name}: a control character cannot be written")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{escaped}"'


def parse_challenges(fields: Iterable[str]) -> list[Challenge]:
    """Read WWW-Authenticate or Proxy-Authenticate.

    Args:
        fields: The value of each field of that name. Values that some library has joined with
            commas read the same.

    Returns:
        The challenges in their order. What cannot be read ends its field: the challenges before
        it count, the one with the fault and what follows do not.
    """
    challenges = []
    for field in fields:
        reader = _Reader(field)
        while (challenge := reader.challenge()) is not None:
            challenges.append(challenge)
    return challenges


def parse_credentials(field: str) -> Challenge:
    """Read Authorization or Proxy-Authorization, which hold one answer.

    Args:
        field: Its value.

    Returns:
        The answer.

    Raises:
        ValueError: If it is not one, and one alone.
    """
    plain = _PLAIN.fullmatch(field)
    if plain is not None:
        return Challenge(plain.group(1), plain.group(2))
    reader = _Reader(field)
    challenge = reader.challenge()
    if challenge is None or not reader.at_end():
        raise ValueError("the field does not hold the credentials of one scheme")
    return challenge


class _Reader:
    """A place in the value of a field."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._faulty = False

    def at_end(self) -> bool:
        return self._place == len(self._text) and not self._faulty

    def challenge(self) -> Challenge | None:
        """Read the next one; None at the end, and from the first fault on."""
        self._take(_SEPARATORS)
        if self._faulty or self.at_end():
            return None
        scheme = self._take(_TOKEN)
        if scheme is None:
            return self._fault()
        if self._take(_BLANK) is None:
            return self._alone(scheme)
        token = self._take(_TOKEN68)
        if token is not None:
            self._take(_SEPARATORS)
            return Challenge(scheme, token)
        if not self._at_parameter():
            return self._alone(scheme)
        parameters: dict[str, str] = {}
        while self._at_parameter():
            pair = self._parameter()
            # One name twice: which of the two is meant, nobody can know.
            if pair is None or pair[0] in parameters:
                return self._fault()
            parameters[pair[0]] = pair[1]
        return Challenge(scheme, None, parameters)

    def _alone(self, scheme: str) -> Challenge | None:
        """One that is nothing but a scheme."""
        return Challenge(scheme) if self._take(_END) is not None else self._fault()

    def _at_parameter(self) -> bool:
        name = _TOKEN.match(self._text, self._place)
        return name is not None and _EQUALS.match(self._text, name.end()) is not None

    def _parameter(self) -> tuple[str, str] | None:
        name = self._take(_TOKEN) or ""
        self._take(_EQUALS)
        quoted = _QUOTED.match(self._text, self._place)
        if quoted is not None:
            self._place = quoted.end()
            value = _ESCAPED.sub(r"\1", quoted.group(1))
        else:
            value = self._take(_TOKEN) or ""
            if not value:
                return None
        return (name.lower(), value) if self._take(_END) is not None else None

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self._text, self._place)
        if found is None:
            return None
        self._place = found.end()
        return found.group()

    def _fault(self) -> Challenge | None:
        self._faulty = True
        return None
