# SPDX-License-Identifier: MIT
r"""Print a file, by smbprotocol: smb_client.py PORT '\\host\share\file' [USER PASSWORD]."""

import sys
from types import SimpleNamespace
from typing import Any, Optional

import smbclient
import smbprotocol.session
import spnego

from sspi_async import Identity, client


class _Context:
    """What smbprotocol asks pyspnego for; a leg has ten seconds, whatever the KDC does."""

    def __init__(self, user: Optional[str], password: Optional[str], **target: Any) -> None:
        who = Identity(user=user, password=password) if user else None
        self._ours = client("{service}@{hostname}".format(**target), identity=who, timeout=10)
        self._hint = True  # what the server says before it is asked

    @property
    def complete(self) -> bool:
        return self._ours.complete

    def step(self, token: Optional[bytes]) -> bytes:
        token, self._hint = b"" if self._hint else token or b"", False
        return self._ours.step(token).result()

    @property
    def session_key(self) -> bytes:
        return self._ours.attributes.session_key


smbprotocol.session.spnego = SimpleNamespace(**{**vars(spnego), "client": _Context})
if __name__ == "__main__":
    path, who = sys.argv[2], dict(zip(("username", "password"), sys.argv[3:]))
    with smbclient.open_file(path, mode="rb", port=int(sys.argv[1]), **who) as file:
        sys.stdout.buffer.write(file.read())
