# SPDX-License-Identifier: MIT
"""Security calls that do what a test says, by the package Scripted."""

from __future__ import annotations

import dataclasses

from ..credential import Credential
from ..flags import CredentialUse
from ..status import Status


@dataclasses.dataclass(frozen=True)
class Leg:
    """What one leg of a scripted handshake does, for a client and a server alike.

    Attributes:
        token: The bytes for the peer: text (printable ASCII without single quotes), or how many
            bytes, each the number of the leg; None: one byte, or none if the leg fails.
        status: What the call returns; None: SEC_I_CONTINUE_NEEDED, of the last leg SEC_E_OK.
        delay: Seconds that the call takes, to the millisecond.
        block: Whether it waits inside the package until `release` lets it go.
        say: The text of the error's message, one word or more, without single quotes.
        expect: Fail with `InvalidToken` if the peer's token is not this.
        grow: Bytes that the context holds in addition until it is deleted.
    """

    token: str | int | None = None
    status: Status | None = None
    delay: float = 0
    block: bool = False
    say: str | None = None
    expect: str | None = None
    grow: int = 0

    def words(self) -> str:
        """Return the leg in the language of docs/scripted.md.

        Returns:
            Its words.

        Raises:
            ValueError: If a text cannot be said in that language.
        """
        words = []
        if isinstance(self.token, int):
            words.append(f"token={self.token}")
        elif self.token is not None:
            words.append(f"token={_quote(self.token)}")
        if self.delay:
            words.append(f"delay={round(self.delay * 1000)}")
        if self.block:
            words.append("block")
        if self.status is not None:
            words.append(f"status={Status(self.status).name}")
        if self.say is not None:
            words.append(f"say={_quote(self.say)}")
        if self.expect is not None:
            words.append(f"expect={_quote(self.expect)}")
        if self.grow:
            words.append(f"grow={self.grow}")
        return " ".join(words)


def _quote(text: str) -> str:
    if "'" in text or not text.isascii() or not text.isprintable():
        raise ValueError(f"not printable ASCII without single quotes: {text!r}")
    return f"'{text}'"


def scripted(
    *legs: Leg, acquire: Leg | None = None, use: CredentialUse = CredentialUse.BOTH
) -> Credential:
    """Get a credential whose contexts do what the legs say, one after the other.

    For `sspi_async.client(..., credential=...)` and `server`; nothing of it authenticates. The
    last leg completes the handshake.

    Args:
        legs: The legs; none: one that succeeds.
        acquire: What this call itself does (`status`, `delay`, `block`, `say`).
        use: For clients, servers or both.

    Returns:
        The credential.

    Raises:
        SspiError: If `acquire` says so.
        ValueError: If a text cannot be said in the language of scripts.
    """
    stages = [leg.words() for leg in legs]
    if acquire is not None:
        stages.append(f"acquire: {acquire.words()}")
    call = Credential.acquire("Scripted", use, principal="; ".join(stages) or None)
    credential = call.result()
    credential._silent = True  # a test may leave it to the garbage collector
    return credential


def release(count: int = 1) -> None:
    """Let scripted calls go on that block, now or later, in the whole process.

    Args:
        count: How many.
    """
    Credential.acquire("Scripted", principal=f"acquire: release={count}").result().free_nowait()
