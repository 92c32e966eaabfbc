# SPDX-License-Identifier: MIT
"""NTLM with implementations that share no code: WinPR, gss-ntlmssp, pyspnego's own, impacket.

Wrong would be: a token, a sealed message or a signature that the other side cannot read, keys
that differ, a wrong password or another connection's bindings that pass. (The peers of
winbind_peers.py, smb_peers.py and http_peers.py are Samba and curl.)
"""

from __future__ import annotations

import importlib
import os
import struct
import unittest
from pathlib import Path
from typing import Any

from harness import Program, Test, main, realm


def module(name: str) -> Any:
    """A module that may not be installed; None then."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


spnego = module("spnego")
bindings_of = module("spnego.channel_bindings")
impacket = module("impacket.ntlm")
gssapi = module("gssapi")

OK = 0
CONTINUE = 0x00090312
LOGON_DENIED = 0x8009030C
BAD_BINDINGS = 0x80090346
MESSAGE_ALTERED = 0x8009030F
SEALED = 0x1001C  # integrity, confidentiality, replay and order; the bits of initiators
SEALED_SERVER = 0x2001C
USER, DOMAIN, PASSWORD = "alice", "TEST", "correct-horse"
SERVER = "host/localhost"
TEXT = b"a message of any length \xf0\x9f\x94\x91" * 3
LENGTHS = (0, 1, 16, 255, 4096, 65536)


class Failed(Exception):
    """A call failed, with this status."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(f"{status:08x} {why}")
        self.status = status


class Peer:
    """One side by a program of ntlm_peer.c."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.complete = False
        assert program.next_line("ready ").split()[0] == "00000000", program.text()

    def ask(self, word: str, *parts: bytes) -> bytes:
        line = self.program.ask(" ".join([word, *(part.hex() for part in parts)]))
        fields = line.split(" ", 2)
        assert fields[0] == word, self.program.text()
        status = int(fields[1], 16)
        if status not in (OK, CONTINUE):
            raise Failed(status, self.program.ask("why"))
        if word == "token":
            self.complete = status == OK
        return bytes.fromhex(fields[2] if len(fields) > 2 else "")

    def step(self, token: bytes | None = None) -> bytes:
        return self.ask("token", token) if token else self.ask("token")

    def seal(self, text: bytes) -> bytes:
        return self.ask("seal", text)

    def open(self, message: bytes) -> bytes:
        return self.ask("open", message)

    def sign(self, text: bytes) -> bytes:
        return self.ask("sign", text)

    def verify(self, text: bytes, signature: bytes) -> None:
        self.ask("verify", text, signature)

    def key(self) -> bytes:
        return self.ask("key")

    def name(self) -> str:
        return self.program.ask("name").split(" ", 2)[2].strip()


class Spnego:
    """One side by pyspnego's implementation in Python."""

    def __init__(self, context: Any) -> None:
        self.context = context

    @property
    def complete(self) -> bool:
        return bool(self.context.complete)

    def step(self, token: bytes | None = None) -> bytes:
        return self.context.step(token) or b""

    def seal(self, text: bytes) -> bytes:
        return bytes(self.context.wrap(text).data)

    def open(self, message: bytes) -> bytes:
        return bytes(self.context.unwrap(message).data)

    def sign(self, text: bytes) -> bytes:
        return bytes(self.context.sign(text))

    def verify(self, text: bytes, signature: bytes) -> None:
        self.context.verify(text, signature)

    def key(self) -> bytes:
        return bytes(self.context.session_key)


class Gssapi:
    """One side by gss-ntlmssp."""

    def __init__(self, context: Any) -> None:
        self.context = context

    @property
    def complete(self) -> bool:
        return bool(self.context.complete)

    def step(self, token: bytes | None = None) -> bytes:
        return self.context.step(token) or b""

    def seal(self, text: bytes) -> bytes:
        return bytes(self.context.wrap(text, True).message)

    def open(self, message: bytes) -> bytes:
        return bytes(self.context.unwrap(message).message)

    def sign(self, text: bytes) -> bytes:
        return bytes(self.context.get_signature(text))

    def verify(self, text: bytes, signature: bytes) -> None:
        self.context.verify_signature(text, signature)


def shake(initiator: Any, acceptor: Any) -> None:
    """A handshake."""
    token: bytes | None = None
    while not (initiator.complete and acceptor.complete):
        token = initiator.step(token)
        if acceptor.complete:
            break
        token = acceptor.step(token)


class Ntlm(Test):
    def peer(
        self,
        program: str,
        side: str,
        flags: int | None = None,
        password: str = PASSWORD,
        bindings: str = "",
    ) -> Peer:
        if flags is None:
            flags = SEALED if side == "initiate" else SEALED_SERVER
        return Peer(
            self.ours(program, side, USER, DOMAIN, password, SERVER, f"{flags:x}", bindings)
        )

    def ours_as(self, side: str, **more: Any) -> Peer:
        return self.peer("ntlm_peer", side, **more)

    def exchange(
        self,
        one: Any,
        other: Any,
        seals_alone: bool = False,
        lengths: tuple[int, ...] = LENGTHS,
    ) -> None:
        """Messages both ways, of several lengths, sealed and signed by turns."""
        for length in lengths:
            text = (TEXT * (length // len(TEXT) + 1))[:length]
            for sender, receiver in ((one, other), (other, one)):
                if length > 0:
                    self.assertEqual(receiver.open(sender.seal(text)), text)
                if not seals_alone:
                    receiver.verify(text, sender.sign(text))
        if not seals_alone and hasattr(one, "key") and hasattr(other, "key"):
            self.assertEqual(one.key(), other.key())

    def refuse(self, initiator: Any, acceptor: Peer, status: int) -> None:
        with self.assertRaises(Failed) as failure:
            shake(initiator, acceptor)
        self.assertEqual(failure.exception.status, status, str(failure.exception))


class Ourselves(Ntlm):
    def test_through_the_public_interface(self) -> None:
        initiator, acceptor = self.ours_as("initiate"), self.ours_as("accept")
        shake(initiator, acceptor)
        self.exchange(initiator, acceptor)
        self.assertEqual(acceptor.name(), "TEST\\alice")


HAS_WINPR = (Path(os.environ.get("INTEROP_PROGRAMS", "")) / "ntlm_winpr").exists()


@unittest.skipUnless(HAS_WINPR, "libwinpr2-dev was not installed when this was built")
class WinPR(Ntlm):
    """Of version 2, which has for NTLM no MakeSignature and tells no session key."""

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

    def test_bindings(self) -> None:
        initiator = self.peer("ntlm_winpr", "initiate", bindings="here")
        acceptor = self.ours_as("accept", bindings="here")
        shake(initiator, acceptor)
        self.exchange(initiator, acceptor, seals_alone=True)
        initiator = self.peer("ntlm_winpr", "initiate", bindings="there")
        self.refuse(initiator, self.ours_as("accept", bindings="here"), BAD_BINDINGS)


def mechanism() -> Any:
    """That of gss-ntlmssp; None if it is not installed."""
    if gssapi is None:
        return None
    ntlm = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
    return ntlm if ntlm in gssapi.raw.indicate_mechs() else None


@unittest.skipIf(mechanism() is None, "gss-ntlmssp is not installed")
class GssNtlmssp(Ntlm):
    def setUp(self) -> None:
        super().setUp()
        users = self.folder / "users"
        users.write_text(f"{DOMAIN}:{USER}:{PASSWORD}\n")
        os.environ["NTLM_USER_FILE"] = str(users)

    def theirs(self, side: str, password: str = PASSWORD, bindings: str = "") -> Gssapi:
        mech = mechanism()
        more: dict[str, Any] = {}
        if bindings:
            more["channel_bindings"] = gssapi.raw.ChannelBindings(
                application_data=bindings.encode()
            )
        if side == "accept":
            creds = gssapi.Credentials(usage="accept", mechs=[mech])
            return Gssapi(gssapi.SecurityContext(usage="accept", creds=creds, **more))
        user = gssapi.Name(f"{DOMAIN}\\{USER}", gssapi.NameType.user)
        creds = gssapi.raw.acquire_cred_with_password(
            user, password.encode(), usage="initiate", mechs=[mech]
        ).creds
        return Gssapi(
            gssapi.SecurityContext(
                usage="initiate", mech=mech, creds=gssapi.Credentials(creds),
                name=gssapi.Name("host@localhost", gssapi.NameType.hostbased_service),
                flags=gssapi.RequirementFlag.confidentiality
                | gssapi.RequirementFlag.integrity
                | gssapi.RequirementFlag.replay_detection
                | gssapi.RequirementFlag.out_of_sequence_detection,
                **more,
            )
        )  # fmt: skip

    def test_we_initiate(self) -> None:
        initiator, acceptor = self.ours_as("initiate"), self.theirs("accept")
        shake(initiator, acceptor)
        self.exchange(initiator, acceptor, lengths=LENGTHS[1:])  # it signs no empty text

    def test_they_initiate(self) -> None:
        initiator, acceptor = self.theirs("initiate"), self.ours_as("accept")
        shake(initiator, acceptor)
        self.exchange(initiator, acceptor, lengths=LENGTHS[1:])
        self.assertEqual(acceptor.name(), "TEST\\alice")

    def test_their_wrong_password_is_denied(self) -> None:
        self.refuse(self.theirs("initiate", "wrong"), self.ours_as("accept"), LOGON_DENIED)

    def test_our_wrong_password_is_denied(self) -> None:
        with self.assertRaises(gssapi.exceptions.GSSError):
            shake(self.ours_as("initiate", password="wrong"), self.theirs("accept"))

    def test_bindings(self) -> None:
        shake(
            self.theirs("initiate", bindings="here"),
            self.ours_as("accept", bindings="here"),
        )
        for theirs in ("there", ""):
            self.refuse(
                self.theirs("initiate", bindings=theirs),
                self.ours_as("accept", bindings="here"),
                BAD_BINDINGS,
            )
        shake(
            self.ours_as("initiate", bindings="here"),
            self.theirs("accept", bindings="here"),
        )
        with self.assertRaises(gssapi.exceptions.GSSError):
            shake(
                self.ours_as("initiate", bindings="there"),
                self.theirs("accept", bindings="here"),
            )


@unittest.skipIf(spnego is None, "pyspnego is not installed")
class PySpnego(Ntlm):
    def setUp(self) -> None:
        super().setUp()
        users = self.folder / "users"
        users.write_text(f"{DOMAIN}:{USER}:{PASSWORD}\n")
        os.environ["NTLM_USER_FILE"] = str(users)

    def theirs(self, side: str, password: str = PASSWORD, bindings: str = "") -> Spnego:
        more: dict[str, Any] = {
            "protocol": "ntlm", "options": spnego.NegotiateOptions.use_ntlm,
        }  # fmt: skip
        if bindings:
            more["channel_bindings"] = bindings_of.GssChannelBindings(
                application_data=bindings.encode()
            )
        if side == "accept":
            return Spnego(spnego.server("localhost", "host", **more))
        return Spnego(spnego.client(f"{DOMAIN}\\{USER}", password, "localhost", "host", **more))

    def test_we_initiate(self) -> None:
        initiator, acceptor = self.ours_as("initiate"), self.theirs("accept")
        shake(initiator, acceptor)
        self.exchange(initiator, acceptor)
        self.assertEqual(acceptor.context.client_principal, "TEST\\alice")

    def test_they_initiate(self) -> None:
        initiator, acceptor = self.theirs("initiate"), self.ours_as("accept")
        shake(initiator, acceptor)
        self.exchange(initiator, acceptor)
        self.assertEqual(acceptor.name(), "TEST\\alice")

    def test_our_wrong_password_is_denied(self) -> None:
        with self.assertRaises(spnego.exceptions.SpnegoError):
            shake(self.ours_as("initiate", password="wrong"), self.theirs("accept"))

    def test_their_wrong_password_is_denied(self) -> None:
        self.refuse(self.theirs("initiate", "wrong"), self.ours_as("accept"), LOGON_DENIED)

    def test_bindings(self) -> None:
        shake(
            self.theirs("initiate", bindings="here"),
            self.ours_as("accept", bindings="here"),
        )
        for theirs in ("there", ""):
            self.refuse(
                self.theirs("initiate", bindings=theirs),
                self.ours_as("accept", bindings="here"),
                BAD_BINDINGS,
            )
        shake(
            self.ours_as("initiate", bindings="here"),
            self.theirs("accept", bindings="here"),
        )
        with self.assertRaises(spnego.exceptions.SpnegoError):
            shake(
                self.ours_as("initiate", bindings="there"),
                self.theirs("accept", bindings="here"),
            )

    def test_a_mic_that_was_taken_out_is_missed(self) -> None:
        initiator, acceptor = self.theirs("initiate"), self.ours_as("accept")
        answer = bytearray(initiator.step(acceptor.step(initiator.step())))
        self.assertNotEqual(answer[72:88], bytes(16))
        answer[72:88] = bytes(16)
        with self.assertRaises(Failed) as failure:
            acceptor.step(bytes(answer))
        self.assertEqual(failure.exception.status, MESSAGE_ALTERED)


@unittest.skipIf(impacket is None, "impacket is not installed")
class Impacket(Ntlm):
    def test_they_initiate(self) -> None:
        for signing in (False, True):
            with self.subTest(signing=signing):
                acceptor = self.ours_as("accept")
                offer = impacket.getNTLMSSPType1("", "", signing)
                challenge = acceptor.step(offer.getData())
                answer, key = impacket.getNTLMSSPType3(offer, challenge, USER, PASSWORD, DOMAIN)
                acceptor.step(answer.getData())
                self.assertEqual(acceptor.name(), "TEST\\alice")
                self.assertEqual(acceptor.key(), key)

    def test_we_initiate(self) -> None:
        """As impacket's smbserver.py does it: its challenge echoes what was offered."""
        initiator = self.ours_as("initiate")
        offer = impacket.NTLMAuthNegotiate()
        offer.fromString(initiator.step())
        flags = offer["flags"] | impacket.NTLMSSP_NEGOTIATE_TARGET_INFO
        flags |= impacket.NTLMSSP_TARGET_TYPE_SERVER | impacket.NTLMSSP_NEGOTIATE_VERSION
        pairs = impacket.AV_PAIRS()
        for kind in (
            impacket.NTLMSSP_AV_HOSTNAME, impacket.NTLMSSP_AV_DNS_HOSTNAME,
            impacket.NTLMSSP_AV_DOMAINNAME, impacket.NTLMSSP_AV_DNS_DOMAINNAME,
        ):  # fmt: skip
            pairs[kind] = "SERVER".encode("utf-16le")
        pairs[impacket.NTLMSSP_AV_TIME] = struct.pack("<q", 133_000_000_000_000_000)
        challenge = impacket.NTLMAuthChallenge()
        challenge["flags"] = flags
        challenge["domain_len"] = challenge["domain_max_len"] = 12
        challenge["domain_offset"] = 40 + 16
        challenge["challenge"] = os.urandom(8)
        challenge["domain_name"] = "SERVER".encode("utf-16le")
        challenge["TargetInfoFields_len"] = len(pairs)
        challenge["TargetInfoFields_max_len"] = len(pairs)
        challenge["TargetInfoFields"] = pairs
        challenge["TargetInfoFields_offset"] = 40 + 16 + 12
        challenge["Version"] = b"\xff" * 8
        challenge["VersionLen"] = 8
        answer = impacket.NTLMAuthChallengeResponse()
        answer.fromString(initiator.step(challenge.getData()))
        self.assertEqual(answer["user_name"].decode("utf-16le"), USER)
        response = answer["ntlm"]
        owf = impacket.NTOWFv2(USER, PASSWORD, DOMAIN)
        proof = impacket.hmac_md5(owf, challenge["challenge"] + response[16:])
        self.assertEqual(proof, response[:16])
        key = impacket.generateEncryptedSessionKey(
            impacket.hmac_md5(owf, proof), answer["session_key"]
        )
        self.assertEqual(initiator.key(), key)


if __name__ == "__main__":
    os.environ["WLOG_LEVEL"] = "OFF"  # WinPR's log goes to stdout
    realm("INTEROP_PROGRAMS")
    main()
