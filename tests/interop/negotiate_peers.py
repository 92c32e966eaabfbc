# SPDX-License-Identifier: MIT
"""NTLM inside Negotiate with implementations that share no code: WinPR and pyspnego's own.

Wrong would be: a token that the other side's SPNEGO cannot read, signatures of the list that
it refuses or leaves out, ciphers that do not begin anew after them. (MIT's SPNEGO, Samba, curl
and Apache are in gssapi_peers.py, winbind_peers.py and http_peers.py.)
"""

from __future__ import annotations

import os
import unittest
from typing import Any

from harness import main
from ntlm_peers import (
    DOMAIN,
    HAS_WINPR,
    LOGON_DENIED,
    MESSAGE_ALTERED,
    PASSWORD,
    USER,
    Failed,
    Ntlm,
    Spnego,
    shake,
    spnego,
)


def greet_and_shake(initiator: Any, acceptor: Any) -> None:
    """A handshake whose acceptor speaks first, so that NTLM goes in SPNEGO."""
    token: bytes | None = acceptor.step()
    while not (initiator.complete and acceptor.complete):
        token = initiator.step(token)
        if acceptor.complete:
            break
        token = acceptor.step(token)


class Negotiate(Ntlm):
    def setUp(self) -> None:
        super().setUp()
        users = self.folder / "users"
        users.write_text(f"{DOMAIN}:{USER}:{PASSWORD}\n")
        os.environ["NTLM_USER_FILE"] = str(users)
        os.environ["NTLM_PEER_PACKAGE"] = "Negotiate"
        self.addCleanup(os.environ.pop, "NTLM_PEER_PACKAGE")


class Ourselves(Negotiate):
    def test_through_the_public_interface(self) -> None:
        for way in (shake, greet_and_shake):
            with self.subTest(way.__name__):
                initiator, acceptor = self.ours_as("initiate"), self.ours_as("accept")
                way(initiator, acceptor)
                self.exchange(initiator, acceptor)
                self.assertEqual(acceptor.name(), "TEST\\alice")


@unittest.skipUnless(HAS_WINPR, "libwinpr2-dev was not installed when this was built")
class WinPR(Negotiate):
    """Of version 2, which has no MakeSignature for it and tells no session key."""

    def test_we_initiate(self) -> None:
        initiator = self.ours_as("initiate")
        acceptor = self.peer("ntlm_winpr", "accept", flags=0x1C)
        shake(initiator, acceptor)
        self.exchange(initiator, acceptor, seals_alone=True)

    def test_they_initiate(self) -> None:
        initiator = self.peer("ntlm_winpr", "initiate", flags=0x1001C)
        acceptor = self.ours_as("accept")
        shake(initiator, acceptor)
        self.exchange(initiator, acceptor, seals_alone=True)
        self.assertEqual(acceptor.name(), "TEST\\alice")

    def test_their_wrong_password_is_denied(self) -> None:
        initiator = self.peer("ntlm_winpr", "initiate", password="wrong")
        self.refuse(initiator, self.ours_as("accept"), LOGON_DENIED)


@unittest.skipIf(spnego is None, "pyspnego is not installed")
class PySpnego(Negotiate):
    def theirs(self, side: str, password: str = PASSWORD) -> Spnego:
        options = spnego.NegotiateOptions
        more: dict[str, Any] = {
            "protocol": "negotiate",
            "options": options.use_negotiate | options.use_ntlm,
        }
        if side == "accept":
            return Spnego(spnego.server("localhost", "host", **more))
        return Spnego(
            spnego.client(f"{DOMAIN}\\{USER}", password, "localhost", "host", **more)
        )

    def test_we_initiate(self) -> None:
        for way in (shake, greet_and_shake):
            with self.subTest(way.__name__):
                initiator, acceptor = self.ours_as("initiate"), self.theirs("accept")
                way(initiator, acceptor)
                self.exchange(initiator, acceptor)
                self.assertEqual(acceptor.context.client_principal, "TEST\\alice")

    def test_they_initiate(self) -> None:
        for way in (shake, greet_and_shake):
            with self.subTest(way.__name__):
                initiator, acceptor = self.theirs("initiate"), self.ours_as("accept")
                way(initiator, acceptor)
                self.exchange(initiator, acceptor)
                self.assertEqual(acceptor.name(), "TEST\\alice")

    def test_our_wrong_password_is_denied(self) -> None:
        with self.assertRaises(spnego.exceptions.SpnegoError):
            greet_and_shake(
                self.ours_as("initiate", password="wrong"), self.theirs("accept")
            )

    def test_their_wrong_password_is_denied(self) -> None:
        self.refuse(
            self.theirs("initiate", "wrong"), self.ours_as("accept"), LOGON_DENIED
        )

    def test_a_signature_that_was_taken_out_is_missed(self) -> None:
        acceptor = self.ours_as("accept")
        initiator = self.theirs("initiate")
        answer = initiator.step(acceptor.step(initiator.step()))
        place = answer.rindex(b"\xa3\x12\x04\x10")
        outer, inner = answer[2:4], answer[6:8]
        self.assertEqual((answer[1], answer[5]), (0x82, 0x82))
        shorter = bytearray(answer[:place])
        for at, length in ((2, outer), (6, inner)):
            size = int.from_bytes(length, "big") - 20
            shorter[at : at + 2] = size.to_bytes(2, "big")
        with self.assertRaises(Failed) as failure:
            acceptor.step(bytes(shorter))
        self.assertEqual(failure.exception.status, MESSAGE_ALTERED)


if __name__ == "__main__":
    os.environ["WLOG_LEVEL"] = "OFF"  # WinPR's log goes to stdout
    main()
