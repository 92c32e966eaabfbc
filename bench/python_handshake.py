# SPDX-License-Identifier: MIT
"""Row "python-handshake": whole handshakes in asyncio, both sides, against what people use.

Ours awaits each leg and the deletion of both contexts. The peers make each leg in a thread of
asyncio's, as a program must that does not want to block its loop. Credentials are made once
where the peer's interface allows it; NTLM gets NT hashes (see handshake_gssapi.c).
"""

from __future__ import annotations

import abc
import asyncio
import importlib
import os
import pathlib
import subprocess
import time
import warnings
from typing import Any, Callable

import measure

import sspi_async
from sspi_async import Credential, CredentialUse, Identity

ROW = "python-handshake"
TARGET = "HTTP@localhost"
IN_FLIGHT = 8
COUNTS = {"NTLM": 800, "Kerberos": 800}


def module_of(name: str) -> Any:
    """A module that may not be installed: None then."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError:
        return None


gssapi = module_of("gssapi")
spnego = module_of("spnego")


class Shaker(abc.ABC):
    """Makes handshakes."""

    @abc.abstractmethod
    async def shake(self) -> None:
        """Make one, and delete both contexts."""


class Ours(Shaker):
    """sspi_async."""

    def __init__(self, kind: str) -> None:
        if kind == "NTLM":
            password = os.environ["ALICE_PASSWORD"]
            client = Identity(user="alice", domain="TEST", password=password)
            server = Identity(ntlm_user_file=os.environ["NTLM_USER_FILE"])
        else:
            client = Identity(ccache=os.environ["CCACHE"])
            server = Identity(keytab=os.environ["KEYTAB"])
        self._client = Credential.acquire(kind, identity=client).result(20)
        self._server = Credential.acquire(kind, CredentialUse.INBOUND, identity=server).result(
            20
        )

    async def shake(self) -> None:
        """Make one by `step`."""
        client = sspi_async.client(TARGET, credential=self._client)
        server = sspi_async.server(credential=self._server)
        token = await client.step()
        while token:
            token = await server.step(token)
            if token:
                token = await client.step(token)
        if not client.complete or not server.complete:
            raise RuntimeError("the handshake did not end")
        for call in (client.delete(), server.delete()):
            await call


class Gssapi(Shaker):
    """python-gssapi, in threads."""

    OIDS = {"NTLM": "1.3.6.1.4.1.311.2.2.10", "Kerberos": "1.2.840.113554.1.2.2"}  # noqa: RUF012

    def __init__(self, kind: str, hashes: pathlib.Path, nt_hash: str) -> None:
        self._mech = gssapi.OID.from_int_seq(self.OIDS[kind])
        self._target = gssapi.Name(TARGET, gssapi.NameType.hostbased_service)
        service = gssapi.NameType.hostbased_service
        client = server = None
        if kind == "NTLM":
            client = gssapi.Name("alice", gssapi.NameType.user)
            server = gssapi.Name("@localhost", service)
            client_store = {"ntlmssp_nthash": nt_hash, "ntlmssp_domain": "TEST"}
            server_store = {"ntlmssp_keyfile": str(hashes)}
        else:
            client_store = {"ccache": os.environ["CCACHE"]}
            server_store = {"keytab": os.environ["KEYTAB"]}
        self._client = gssapi.Credentials(
            name=client, usage="initiate", mechs=[self._mech], store=client_store
        )
        self._server = gssapi.Credentials(
            name=server, usage="accept", mechs=[self._mech], store=server_store
        )

    async def shake(self) -> None:
        """Make one, with the flags of ours."""
        flag = gssapi.RequirementFlag
        client = gssapi.SecurityContext(
            name=self._target,
            creds=self._client,
            mech=self._mech,
            usage="initiate",
            flags=flag.mutual_authentication
            | flag.replay_detection
            | flag.out_of_sequence_detection
            | flag.confidentiality
            | flag.integrity,
        )
        server = gssapi.SecurityContext(creds=self._server, usage="accept")
        token = await asyncio.to_thread(client.step)
        while token:
            token = await asyncio.to_thread(server.step, token)
            if token:
                token = await asyncio.to_thread(client.step, token)
        if not client.complete or not server.complete:
            raise RuntimeError("the handshake did not end")


class Spnego(Shaker):
    """pyspnego, in threads. Its NTLM is written in Python; its Kerberos asks python-gssapi."""

    def __init__(self, kind: str, hashes: pathlib.Path, nt_hash: str) -> None:
        self._kind = kind
        os.environ["NTLM_USER_FILE"] = str(hashes)
        os.environ["KRB5CCNAME"] = os.environ.get("CCACHE", "")
        os.environ["KRB5_KTNAME"] = os.environ.get("KEYTAB", "")
        self._who = None
        self._options = spnego.NegotiateOptions.none
        if kind == "NTLM":
            self._who = spnego.NTLMHash(username="TEST\\alice", nt_hash=nt_hash)
            self._options = spnego.NegotiateOptions.use_ntlm

    def _common(self) -> dict[str, Any]:
        return {
            "hostname": "localhost",
            "service": "HTTP",
            "protocol": self._kind.lower(),
            "options": self._options,
        }

    async def shake(self) -> None:
        """Make one; a context makes its own credential."""
        client = await asyncio.to_thread(spnego.client, self._who, **self._common())
        server = await asyncio.to_thread(spnego.server, **self._common())
        token = await asyncio.to_thread(client.step)
        while token:
            token = await asyncio.to_thread(server.step, token)
            if token:
                token = await asyncio.to_thread(client.step, token)
        if not client.complete or not server.complete:
            raise RuntimeError("the handshake did not end")


def hash_of(password: str) -> str:
    """The NT hash, by the openssl program: Python has no MD4 any more."""
    done = subprocess.run(
        ["openssl", "dgst", "-md4", "-binary", "-provider", "legacy", "-provider", "default"],
        input=password.encode("utf-16-le"),
        capture_output=True,
        timeout=20,
        check=True,
    )
    return done.stdout.hex().upper()


def write_hashes(folder: pathlib.Path, nt_hash: str) -> pathlib.Path:
    """A file of users with the hash, in the format of smbpasswd."""
    path = folder / "ntlm.hashes"
    path.write_text(f"TEST\\alice:0:00112233445566778899AABBCCDDEEFF:{nt_hash}:[U]:\n")
    return path


async def run(shaker: Shaker, count: int, in_flight: int) -> float:
    """Microseconds a handshake."""
    left = iter(range(count))

    async def work() -> None:
        for _ in left:
            await shaker.shake()

    begun = time.perf_counter()
    await asyncio.gather(*[work() for _ in range(in_flight)])
    return (time.perf_counter() - begun) * 1e6 / count


def compare(
    loop: asyncio.AbstractEventLoop, kind: str, ours: Shaker, peer: str, theirs: Shaker
) -> None:
    """One at a time, and several."""
    count = measure.options.count(COUNTS[kind])

    def side(shaker: Shaker, in_flight: int) -> measure.Side:
        return lambda: loop.run_until_complete(run(shaker, count, in_flight))

    for case, in_flight in ((kind, 1), (f"{kind}, {IN_FLIGHT} in flight", IN_FLIGHT)):
        measure.compare(ROW, case, peer, "us", side(ours, in_flight), side(theirs, in_flight))


def main() -> None:
    """Measure the row."""
    if "REALM_DIR" not in os.environ:
        measure.skip("no realm: run me by ./dev bench or tests/support/realm")
    loop = asyncio.new_event_loop()
    nt_hash = hash_of(os.environ["ALICE_PASSWORD"])
    hashes = write_hashes(pathlib.Path(os.environ["REALM_DIR"]), nt_hash)
    peers: list[tuple[str, Any, Callable[..., Shaker]]] = [
        ("python-gssapi in to_thread", gssapi, Gssapi),
        ("pyspnego in to_thread", spnego, Spnego),
    ]
    for kind in COUNTS:
        ours = Ours(kind)
        for peer, module, make in peers:
            if module is None or (kind == "Kerberos" and gssapi is None):
                measure.note(f"not measured: {kind} by {peer} (it is not installed)")
                continue
            compare(loop, kind, ours, peer, make(kind, hashes, nt_hash))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


if __name__ == "__main__" and measure.options.wants(ROW):
    main()
