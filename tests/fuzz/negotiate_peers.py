#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes inputs for negotiate_fuzz that other implementations made: negotiate_peers.py FOLDER

Each peer that is installed negotiates with itself, and its tokens become two inputs: those for
an initiator and those for an acceptor. The corpus in the repository was made by this program,
once with the system's Python and once with one that has pyspnego, both in a realm
(tests/support/realm run), which Kerberos needs.
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
ANSWERS, TOKENS = 0, 1  # kinds of input
Step = Callable[[bytes | None], bytes | None]


def gssapi_sides(folder: Path, mech: str) -> tuple[Step, Step]:
    import gssapi

    spnego = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
    inner = [gssapi.OID.from_int_seq(mech)]
    target = gssapi.Name("HTTP@localhost", gssapi.NameType.hostbased_service)
    user = None
    if mech == "1.3.6.1.4.1.311.2.2.10":
        user = gssapi.Name(f"{DOMAIN}\\{USER}", gssapi.NameType.user)
    ours = gssapi.Credentials(usage="initiate", name=user, mechs=[spnego])
    theirs = gssapi.Credentials(usage="accept", mechs=[spnego])
    for credential in (ours, theirs):
        gssapi.raw.set_neg_mechs(credential, inner)
    client = gssapi.SecurityContext(name=target, creds=ours, mech=spnego, usage="initiate")
    server = gssapi.SecurityContext(creds=theirs, usage="accept")
    return client.step, server.step


def mit_ntlm(folder: Path) -> tuple[Step, Step]:
    return gssapi_sides(folder, "1.3.6.1.4.1.311.2.2.10")


def mit_kerberos(folder: Path) -> tuple[Step, Step]:
    return gssapi_sides(folder, "1.2.840.113554.1.2.2")


def pyspnego(folder: Path) -> tuple[Step, Step]:
    import spnego

    options = spnego.NegotiateOptions.use_negotiate | spnego.NegotiateOptions.use_ntlm
    client = spnego.client(
        f"{DOMAIN}\\{USER}", PASSWORD, "localhost", "host", options=options,
        protocol="negotiate",
    )  # fmt: skip
    server = spnego.server("localhost", "host", options=options, protocol="negotiate")
    return client.step, server.step


def samba(folder: Path) -> tuple[Step, Step]:
    """Its initiator against our user file's peer: ntlm_auth has no accounts of its own."""
    program = shutil.which("ntlm_auth")
    if program is None:
        raise ImportError("ntlm_auth")
    client = subprocess.Popen(
        [program, "--helper-protocol=gss-spnego-client", f"--username={USER}",
         f"--domain={DOMAIN}", f"--password={PASSWORD}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def step(token: bytes | None) -> bytes | None:
        assert client.stdin is not None
        assert client.stdout is not None
        line = b"YR" if token is None else b"TT " + base64.b64encode(token)
        client.stdin.write(line + b"\n")
        client.stdin.flush()
        fields = client.stdout.readline().split()
        return base64.b64decode(fields[1]) if len(fields) > 1 else None

    return step, mit_ntlm(folder)[1]


PEERS = {
    "mit-ntlm": mit_ntlm,
    "mit-kerberos": mit_kerberos,
    "pyspnego": pyspnego,
    "samba": samba,
}


def write(folder: Path, name: str, kind: int, tokens: list[bytes]) -> None:
    pieces = b"".join(struct.pack("<H", len(token)) + token for token in tokens)
    (folder / name).write_bytes(bytes([kind]) + pieces)


def main() -> None:
    folder = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as temporary:
        users = Path(temporary) / "users"
        users.write_text(f"{DOMAIN}:{USER}:{PASSWORD}\n")
        os.environ["NTLM_USER_FILE"] = str(users)
        for name, make in PEERS.items():
            sent: tuple[list[bytes], list[bytes]] = ([], [])
            try:
                sides = make(Path(temporary))
                token = sides[0](None)
                for turn in range(1, 8):
                    if not token:
                        break
                    sent[turn % 2].append(token)
                    token = sides[turn % 2](token)
            except Exception as why:
                print(f"{name}: {why}")
            if sent[1]:
                write(folder, f"{name}-answers", ANSWERS, sent[0])
                write(folder, f"{name}-tokens", TOKENS, sent[1])


if __name__ == "__main__":
    main()
