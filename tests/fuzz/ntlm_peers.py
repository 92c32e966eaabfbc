#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes inputs for ntlm_fuzz that other implementations made: ntlm_peers.py FOLDER

Each peer that is installed logs on to itself, and its three messages become two inputs: the
challenge, and the offer with the answer. The corpus in the repository was made by this program.
"""

from __future__ import annotations

import base64
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

USER, DOMAIN, PASSWORD = "alice", "TEST", "correct-horse"
CHALLENGE, ANSWER = 0, 1  # kinds of input
Messages = tuple[bytes, bytes, bytes]


def piece(message: bytes) -> bytes:
    return struct.pack("<H", len(message)) + message


def gss_ntlmssp(folder: Path) -> Messages:
    os.environ["NTLM_USER_FILE"] = str(folder / "users")
    import gssapi

    mech = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
    user = gssapi.Name(f"{DOMAIN}\\{USER}", gssapi.NameType.user)
    target = gssapi.Name("HTTP@localhost", gssapi.NameType.hostbased_service)
    client = gssapi.SecurityContext(
        name=target, usage="initiate", mech=mech,
        creds=gssapi.Credentials(usage="initiate", name=user, mechs=[mech]),
    )  # fmt: skip
    server = gssapi.SecurityContext(
        usage="accept", creds=gssapi.Credentials(usage="accept", mechs=[mech])
    )
    offer = client.step()
    challenge = server.step(offer)
    return offer, challenge, client.step(challenge)


def pyspnego(folder: Path) -> Messages:
    os.environ["NTLM_USER_FILE"] = str(folder / "users")
    import spnego

    options = spnego.NegotiateOptions.use_ntlm
    client = spnego.client(
        f"{DOMAIN}\\{USER}", PASSWORD, "localhost", "host", options=options, protocol="ntlm"
    )
    server = spnego.server("localhost", "host", options=options, protocol="ntlm")
    offer = client.step()
    assert offer is not None
    challenge = server.step(offer)
    answer = client.step(challenge)
    assert challenge is not None
    assert answer is not None
    return offer, challenge, answer


def impacket(folder: Path) -> Messages:
    """It has no acceptor of its own: another's challenge is answered."""
    from impacket import ntlm

    challenge = ntlm_auth(folder)[1]
    offer = ntlm.getNTLMSSPType1("", "", True)
    answer, _ = ntlm.getNTLMSSPType3(offer, challenge, USER, PASSWORD, DOMAIN)
    return offer.getData(), challenge, answer.getData()


def ntlm_auth(folder: Path) -> Messages:
    configuration = folder / "smb.conf"
    configuration.write_text(
        f"[global]\nworkgroup = {DOMAIN}\nnetbios name = LOCALHOST\n"
        + "".join(
            f"{kind} = {folder}\n"
            for kind in (
                "private dir", "lock directory", "state directory", "cache directory",
                "pid directory",
            )
        )
    )  # fmt: skip

    def start(protocol: str) -> Callable[[str], str]:
        process = subprocess.Popen(
            [
                "ntlm_auth", f"--configfile={configuration}", f"--helper-protocol={protocol}",
                f"--username={USER}", f"--domain={DOMAIN}", f"--password={PASSWORD}",
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def ask(line: str) -> str:
            stdin.write(line + "\n")
            return stdout.readline().split()[1]

        return ask

    client, server = start("ntlmssp-client-1"), start("squid-2.5-ntlmssp")
    offer = client("YR")
    challenge = server("YR " + offer)
    answer = client("TT " + challenge)
    offer, challenge, answer = (base64.b64decode(x) for x in (offer, challenge, answer))
    return offer, challenge, answer


def winpr(_folder: Path) -> Messages:
    """By tests/interop's ntlm_winpr, which INTEROP_PROGRAMS leads to."""
    program = Path(os.environ["INTEROP_PROGRAMS"]) / "ntlm_winpr"

    def start(side: str, flags: str) -> Callable[[str], str]:
        process = subprocess.Popen(
            [program, side, USER, DOMAIN, PASSWORD, "host/localhost", flags, ""],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env={**os.environ, "WLOG_LEVEL": "OFF"},
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout
        assert stdout.readline().startswith("ready 00000000")

        def ask(token: str) -> str:
            stdin.write(f"token {token}\n")
            return stdout.readline().split()[2]

        return ask

    client, server = start("initiate", "1001c"), start("accept", "1c")
    offer = client("")
    challenge = server(offer)
    answer = client(challenge)
    offer, challenge, answer = (bytes.fromhex(x) for x in (offer, challenge, answer))
    return offer, challenge, answer


def main() -> int:
    target = Path(sys.argv[1])
    folder = Path(tempfile.mkdtemp(prefix="ntlm_peers."))
    (folder / "users").write_text(f"{DOMAIN}:{USER}:{PASSWORD}\n")
    try:
        for peer in (gss_ntlmssp, pyspnego, impacket, ntlm_auth, winpr):
            try:
                offer, challenge, answer = peer(folder)
            except (ImportError, OSError, KeyError) as error:
                print(f"{peer.__name__}: left out: {error!r}", file=sys.stderr)
                continue
            name = peer.__name__
            (target / f"{name}-challenge").write_bytes(bytes([CHALLENGE]) + piece(challenge))
            (target / f"{name}-answer").write_bytes(
                bytes([ANSWER]) + piece(offer) + piece(answer)
            )
            print(f"{name}: {len(offer)}, {len(challenge)}, {len(answer)} bytes")
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
