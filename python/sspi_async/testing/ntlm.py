# SPDX-License-Identifier: MIT
"""NTLM users in a file."""

from __future__ import annotations

import dataclasses
import pathlib

from ..credential import Identity


@dataclasses.dataclass(frozen=True)
class NtlmUsers:
    """Users that an NTLM server knows from a file.

    Attributes:
        path: The file.
        domain: Their domain.
        passwords: Password by user.
    """

    path: pathlib.Path
    domain: str
    passwords: dict[str, str]

    @classmethod
    def write(
        cls, path: pathlib.Path, domain: str = "TEST", passwords: dict[str, str] | None = None
    ) -> NtlmUsers:
        """Write such a file.

        Args:
            path: Where to.
            domain: The users' domain.
            passwords: Password by user; None: alice and bob.

        Returns:
            The users.
        """
        users = passwords or {"alice": "correct-horse", "bob": "battery-staple"}
        text = "".join(f"{domain}:{user}:{word}\n" for user, word in users.items())
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return cls(path, domain, dict(users))

    @property
    def server(self) -> Identity:
        """The identity of a server that knows these users."""
        return Identity(ntlm_user_file=str(self.path))

    def client(self, user: str = "alice", password: str | None = None) -> Identity:
        """Return the identity of a user.

        Args:
            user: Which one.
            password: Another password than the right one.

        Returns:
            The identity, for `sspi_async.client`.
        """
        return Identity(
            user=user, domain=self.domain, password=password or self.passwords[user]
        )
