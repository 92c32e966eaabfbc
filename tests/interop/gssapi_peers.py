# SPDX-License-Identifier: MIT
"""python3-gssapi as the peer: MIT Kerberos, SPNEGO and gss-ntlmssp without our library.

Wrong would be: a token, a sealed message or a signature that the other side cannot read, a
name or a flag that the two sides see differently.
"""

from __future__ import annotations

import unittest

from harness import (
    CONFIDENTIALITY,
    MUTUAL_AUTH,
    Program,
    Test,
    Wire,
    main,
    realm,
    skip,
    spnego_carries_ntlm,
)

try:
    import gssapi
except ImportError:
    skip("python3-gssapi is not installed")

KERBEROS = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")
SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
NTLM = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
FLAG = gssapi.RequirementFlag
WANTED = (
    FLAG.mutual_authentication
    | FLAG.confidentiality
    | FLAG.integrity
    | FLAG.replay_detection
    | FLAG.out_of_sequence_detection
)
HAS_NTLM = NTLM in gssapi.raw.indicate_mechs()
needs_ntlm = unittest.skipUnless(HAS_NTLM, "gss-ntlmssp is not installed")
TEXT = "a message of 37 bytes, with an \N{LATIN SMALL LETTER O WITH DIAERESIS}: 37"


def service(name: str) -> gssapi.Name:
    return gssapi.Name(name, gssapi.NameType.hostbased_service)


def shake_hands(context: gssapi.SecurityContext, wire: Wire) -> None:
    token = context.step(None if context.usage == "initiate" else wire.receive())
    while True:
        if token:
            wire.send(token)
        if context.complete:
            return
        token = context.step(wire.receive())


class Peers(Test):
    def accept(
        self, wire: Wire, credential: gssapi.Credentials
    ) -> gssapi.SecurityContext:
        """python3-gssapi as an acceptor that echoes."""
        context = gssapi.SecurityContext(creds=credential, usage="accept")
        shake_hands(context, wire)
        sealed = context.unwrap(wire.receive())
        self.assertTrue(sealed.encrypted)
        self.assertEqual(sealed.message.decode(), TEXT)
        wire.send(context.wrap(sealed.message, True).message)
        text = wire.receive()
        context.verify_signature(text, wire.receive())
        wire.send(text)
        wire.send(context.get_signature(text))
        return context

    def initiate(
        self, wire: Wire, credential: gssapi.Credentials, target: str, mech: gssapi.OID
    ) -> gssapi.SecurityContext:
        """python3-gssapi as an initiator that wants back what it says."""
        context = gssapi.SecurityContext(
            name=service(target),
            creds=credential,
            usage="initiate",
            mech=mech,
            flags=WANTED,
        )
        shake_hands(context, wire)
        wire.send(context.wrap(TEXT.encode(), True).message)
        sealed = context.unwrap(wire.receive())
        self.assertTrue(sealed.encrypted)
        self.assertEqual(sealed.message.decode(), TEXT)
        wire.send(TEXT.encode())
        wire.send(context.get_signature(TEXT.encode()))
        self.assertEqual(wire.receive().decode(), TEXT)
        context.verify_signature(TEXT.encode(), wire.receive())
        return context

    def we_initiate(
        self, credential: gssapi.Credentials, *arguments: str
    ) -> tuple[Program, gssapi.SecurityContext]:
        end, port = self.listener()
        program = self.ours(
            "initiator", "--port", str(port), "--message", TEXT, *arguments
        )
        context = self.accept(self.wire_from(end), credential)
        self.assert_well(program)
        self.assertEqual(program.all("received "), [TEXT])
        self.assertEqual(program.all("verified "), [TEXT])
        return program, context

    def they_initiate(
        self,
        credential: gssapi.Credentials,
        target: str,
        mech: gssapi.OID,
        *arguments: str,
    ) -> tuple[Program, gssapi.SecurityContext]:
        program = self.ours("acceptor", *arguments)
        port = int(program.next_line("listening "))
        context = self.initiate(self.wire_to(port), credential, target, mech)
        self.assert_well(program)
        self.assertEqual(program.all("received "), [TEXT])
        self.assertEqual(program.all("verified "), [TEXT])
        return program, context

    def check(
        self, program: Program, package: str, client: str, mutual: bool = True
    ) -> None:
        flags = int(program.all("flags ")[0], 16)
        self.assertEqual(program.all("package "), [package])
        self.assertEqual(program.all("client "), [client])
        self.assertTrue(flags & CONFIDENTIALITY, hex(flags))
        self.assertEqual(bool(flags & MUTUAL_AUTH), mutual, hex(flags))


class Kerberos(Peers):
    def acceptor(self) -> gssapi.Credentials:
        return gssapi.Credentials(usage="accept", store={"keytab": realm("KEYTAB")})

    def initiator(self, mech: gssapi.OID) -> gssapi.Credentials:
        return gssapi.Credentials(
            usage="initiate", mechs=[mech], store={"ccache": realm("CCACHE")}
        )

    def test_we_initiate(self) -> None:
        for package in ("Kerberos", "Negotiate"):
            with self.subTest(package):
                program, context = self.we_initiate(
                    self.acceptor(), "--package", package, "--target", "HTTP@localhost",
                    "--ccache", realm("CCACHE"),
                )  # fmt: skip
                self.check(program, "Kerberos", "alice@SSPI.TEST")
                self.assertEqual(str(context.initiator_name), "alice@SSPI.TEST")
                self.assertIn(FLAG.mutual_authentication, context.actual_flags)
                self.assertIn(FLAG.confidentiality, context.actual_flags)

    def test_we_initiate_by_password_and_by_keytab(self) -> None:
        ways = {
            "alice": ["--user", "alice", "--domain", "SSPI.TEST", "--password-file",
                      self.password_file(realm("ALICE_PASSWORD"))],
            "keytab": ["--principal", "alice@SSPI.TEST", "--client-keytab",
                       realm("CLIENT_KEYTAB"), "--ccache", f"FILE:{self.folder}/ccache"],
        }  # fmt: skip
        for way, arguments in ways.items():
            for package in ("Kerberos", "Negotiate"):
                with self.subTest(way + package):
                    program, context = self.we_initiate(
                        self.acceptor(), "--package", package, "--target", "host/localhost",
                        *arguments,
                    )  # fmt: skip
                    self.check(program, "Kerberos", "alice@SSPI.TEST")
                    self.assertEqual(str(context.initiator_name), "alice@SSPI.TEST")

    def test_they_initiate(self) -> None:
        for package, mech in (
            ("Kerberos", KERBEROS),
            ("Negotiate", SPNEGO),
            (
                "Negotiate",
                KERBEROS,
            ),  # without SPNEGO around it, as Windows takes it too
        ):
            with self.subTest(f"{package} {mech}"):
                program, context = self.they_initiate(
                    self.initiator(mech), "HTTP@localhost", mech,
                    "--package", package, "--keytab", realm("KEYTAB"),
                )  # fmt: skip
                self.check(program, "Kerberos", "alice@SSPI.TEST")
                self.assertEqual(
                    str(context.target_name).split("@")[0], "HTTP/localhost"
                )
                self.assertIn(FLAG.mutual_authentication, context.actual_flags)

    def test_every_enctype_both_ways(self) -> None:
        # Message layouts differ: RC4 and DES3 pad, the new ones rotate.
        for etype in ("rc4", "des3", "aes128", "sha2", "camellia"):
            with self.subTest(etype):
                program, _ = self.we_initiate(
                    self.acceptor(), "--package", "Kerberos",
                    "--target", f"etype-{etype}@localhost",
                )  # fmt: skip
                self.check(program, "Kerberos", "alice@SSPI.TEST")
                program, _ = self.they_initiate(
                    self.initiator(KERBEROS), f"etype-{etype}@localhost", KERBEROS,
                    "--package", "Kerberos", "--keytab", realm("KEYTAB"),
                )  # fmt: skip
                self.check(program, "Kerberos", "alice@SSPI.TEST")

    def test_delegated_tickets_arrive(self) -> None:
        program, context = self.we_initiate(
            self.acceptor(),
            "--package",
            "Negotiate",
            "--target",
            "HTTP@localhost",
            "--delegate",
        )
        self.assertTrue(int(program.all("flags ")[0], 16) & 1)
        self.assertIsNotNone(context.delegated_creds)
        self.assertEqual(str(context.delegated_creds.name), "alice@SSPI.TEST")

    def test_a_stale_key_is_told(self) -> None:
        program = self.ours(
            "acceptor", "--package", "Kerberos", "--keytab", realm("STALE_KEYTAB")
        )
        wire = self.wire_to(int(program.next_line("listening ")))
        context = gssapi.SecurityContext(
            name=service("HTTP@localhost"),
            creds=self.initiator(KERBEROS),
            usage="initiate",
        )
        wire.send(context.step())
        # The acceptor's KRB-ERROR, which the initiator can read, or the end.
        with self.assertRaises((gssapi.exceptions.GSSError, EOFError)):
            context.step(wire.receive())
        self.assertEqual(program.finish(), 1, program.text())
        self.assertEqual(
            program.all("accept "), ["SEC_E_WRONG_PRINCIPAL"], program.text()
        )


@needs_ntlm
class Ntlm(Peers):
    def acceptor(self, mech: gssapi.OID) -> gssapi.Credentials:
        return gssapi.Credentials(
            usage="accept", name=service("HTTP@localhost"), mechs=[mech],
            store={"ntlmssp_keyfile": realm("NTLM_USER_FILE")},
        )  # fmt: skip

    def login(self) -> list[str]:
        return ["--user", "alice", "--domain", "TEST", "--package-list", "NTLM",
                "--password-file", self.password_file(realm("ALICE_PASSWORD"))]  # fmt: skip

    def test_we_initiate(self) -> None:
        # Where it is all there is, Negotiate sends NTLM without SPNEGO, as Windows does.
        for package in ("NTLM", "Negotiate"):
            with self.subTest(package):
                program, context = self.we_initiate(
                    self.acceptor(NTLM), "--package", package, "--target", "HTTP@localhost",
                    *self.login(),
                )  # fmt: skip
                self.check(program, "NTLM", "TEST\\alice", mutual=False)
                # gss-ntlmssp 1.2.0 counts the final zero in.
                self.assertEqual(
                    str(context.initiator_name).rstrip("\0"), "TEST\\alice"
                )

    def test_they_choose_our_second_mechanism(self) -> None:
        if not spnego_carries_ntlm():
            self.skipTest("the peer's SPNEGO cannot carry NTLM")
        credential = self.acceptor(SPNEGO)
        gssapi.raw.set_neg_mechs(credential, [NTLM])
        # No domain: Kerberos has a ticket for its first token, which they do not look at.
        program, context = self.we_initiate(
            credential, "--package", "Negotiate", "--target", "HTTP@localhost",
            "--user", "alice",
            "--password-file", self.password_file(realm("ALICE_PASSWORD")),
        )  # fmt: skip
        self.check(program, "NTLM", "alice", mutual=False)
        self.assertTrue(context.complete)

    def test_they_initiate(self) -> None:
        name = gssapi.Name("TEST\\alice", gssapi.NameType.user)
        store = {"ntlmssp_keyfile": realm("NTLM_USER_FILE")}
        for package, mech in (
            ("NTLM", NTLM),
            ("Negotiate", NTLM),
            ("Negotiate", SPNEGO),
        ):
            with self.subTest(f"{package} {mech}"):
                if mech == SPNEGO and not spnego_carries_ntlm():
                    self.skipTest("the peer's SPNEGO cannot carry NTLM")
                credential = gssapi.Credentials(
                    usage="initiate", name=name, mechs=[mech], store=store
                )
                program, context = self.they_initiate(
                    credential, "HTTP@localhost", mech,
                    "--package", package, "--user-file", realm("NTLM_USER_FILE"),
                )  # fmt: skip
                self.check(program, "NTLM", "TEST\\alice", mutual=False)
                self.assertTrue(context.complete)

    def test_a_wrong_password_is_refused(self) -> None:
        end, port = self.listener()
        arguments = self.login()
        self.password_file("wrong")
        program = self.ours(
            "initiator", "--package", "NTLM", "--port", str(port), "--target",
            "HTTP@localhost", *arguments,
        )  # fmt: skip
        wire = self.wire_from(end)
        context = gssapi.SecurityContext(creds=self.acceptor(NTLM), usage="accept")
        with self.assertRaises(gssapi.exceptions.GSSError):
            shake_hands(context, wire)
        wire.close()
        # NTLM tells its initiator nothing: it has done its part when the peer hangs up.
        self.assertEqual(program.finish(), 1, program.text())
        self.assertNotIn("received", program.text())


if __name__ == "__main__":
    main()
