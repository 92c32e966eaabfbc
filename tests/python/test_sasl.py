# SPDX-License-Identifier: MIT
"""SASL with the other side of our own, and with that of Cyrus SASL in both roles."""

from __future__ import annotations

import base64
import contextlib
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, Union

import pytest
from sasl_page import assert_runs

from sspi_async import (
    BadBindings,
    Credential,
    CredentialUse,
    DeadlineExceeded,
    Identity,
    InvalidParameter,
    InvalidToken,
    MessageAltered,
    NotEncrypted,
)
from sspi_async.sasl import SaslClient, SaslServer, SecurityLayer
from sspi_async.testing import NtlmUsers, Realm

NONE, INTEGRITY, CONFIDENTIALITY = (
    SecurityLayer.NONE,
    SecurityLayer.INTEGRITY,
    SecurityLayer.CONFIDENTIALITY,
)
LAYERS = [NONE, INTEGRITY, CONFIDENTIALITY]
MECHANISMS = ["GSSAPI", "GSS-SPNEGO"]
TEXT = bytes(range(256)) * 1000

Side = Union[SaslClient, SaslServer]


def talk(client: SaslClient, server: SaslServer) -> None:
    """Have them authenticate each other, as a protocol does."""
    response = client.step_sync()
    for _ in range(10):
        challenge = server.step_sync(response)
        if server.complete:
            break
        response = client.step_sync(challenge)
    if not client.complete:
        assert client.step_sync(challenge) == b""
    assert client.complete
    assert server.complete


def pass_on(sender: Side, receiver: Side, data: bytes = TEXT) -> None:
    """Send data by pieces of odd sizes."""
    wire = sender.wrap(data)
    sizes = [1, 2, 3, 5, 1000, len(wire)]
    received, start = b"", 0
    for size in sizes:
        received += receiver.unwrap(wire[start : start + size])
        start += size
    assert received == data


@contextlib.contextmanager
def both(
    realm: Realm, mechanism: str, ours: SecurityLayer = SecurityLayer.ANY,
    theirs: SecurityLayer = SecurityLayer.ANY, *, client: Any = (), server: Any = (),
) -> Iterator[tuple[SaslClient, SaslServer]]:  # fmt: skip
    with (
        SaslClient(
            "HTTP@localhost", mechanism, layers=ours, timeout=60,
            **{"identity": realm.client, **dict(client)},
        ) as one,
        SaslServer(
            mechanism, layers=theirs, timeout=60,
            **{"identity": Identity(keytab=realm.keytab, replay_cache="none:"), **dict(server)},
        ) as other,
    ):  # fmt: skip
        yield one, other


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_each_layer(mechanism: str, layer: SecurityLayer, krb5_realm: Realm) -> None:
    with both(krb5_realm, mechanism, layer) as (client, server):
        talk(client, server)
        assert (client.layer, server.layer) == (layer, layer)
        assert server.user == f"alice@{krb5_realm.name}"
        assert server.authorization_id == ""
        pass_on(client, server)
        pass_on(server, client)
        assert (client.wrap(b"hello") == b"hello") is (layer is NONE)
        assert (b"hello" in client.wrap(b"hello")) is (layer is not CONFIDENTIALITY)


@pytest.mark.parametrize(
    ("offered", "wanted", "layer"),
    [
        (SecurityLayer.ANY, SecurityLayer.ANY, CONFIDENTIALITY),
        (NONE | INTEGRITY, SecurityLayer.ANY, INTEGRITY),
        (NONE, SecurityLayer.ANY, NONE),
        (INTEGRITY | CONFIDENTIALITY, NONE | INTEGRITY, INTEGRITY),
    ],
)
def test_strongest_layer_is_taken(
    offered: SecurityLayer, wanted: SecurityLayer, layer: SecurityLayer, krb5_realm: Realm
) -> None:
    with both(krb5_realm, "GSSAPI", wanted, offered) as (client, server):
        talk(client, server)
        assert (client.layer, server.layer) == (layer, layer)


def test_no_layer_in_common(krb5_realm: Realm) -> None:
    """Wrong: a client that wants to be protected is content without."""
    with both(krb5_realm, "GSSAPI", CONFIDENTIALITY, NONE) as (client, server):
        with pytest.raises(NotEncrypted, match=r"has NONE, and CONFIDENTIALITY is wanted"):
            talk(client, server)
        assert not client.complete
    with both(krb5_realm, "GSSAPI") as (client, server):
        client.step_sync(server.step_sync(client.step_sync()))
        with pytest.raises(NotEncrypted, match="has no layer"):
            client.step_sync(server.context.encrypt(bytes(4), sign_only=True))
    with (
        both(krb5_realm, "GSS-SPNEGO", NONE, CONFIDENTIALITY) as (client, server),
        pytest.raises(NotEncrypted),
    ):
        talk(client, server)


@pytest.mark.parametrize("layer", LAYERS)
def test_ntlm_inside_spnego(
    layer: SecurityLayer, ntlm_users: NtlmUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5CCNAME", "FILE:/nowhere")
    with (
        SaslClient("host@localhost", "GSS-SPNEGO", identity=ntlm_users.client(),
                   layers=layer, timeout=60) as client,
        SaslServer("GSS-SPNEGO", identity=ntlm_users.server, timeout=60) as server,
    ):  # fmt: skip
        talk(client, server)
        assert server.user == "TEST\\alice"
        assert (client.layer, server.layer) == (layer, layer)
        pass_on(client, server)
        pass_on(server, client)


def test_page_runs(krb5_realm: Realm, tmp_path: pathlib.Path) -> None:
    assert_runs("SaslServer", krb5_realm, {}, tmp_path)


@pytest.mark.asyncio
async def test_in_a_loop(krb5_realm: Realm) -> None:
    async with (
        SaslClient("HTTP@localhost", identity=krb5_realm.client) as client,
        SaslServer(identity=krb5_realm.server) as server,
    ):
        response = await client.step()
        while not (client.complete and server.complete):
            response = await client.step(await server.step(response))
            if client.complete:
                await server.step(response)
        assert server.unwrap(client.wrap(b"hello")) == b"hello"


@pytest.mark.asyncio
async def test_silent_kdc(krb5_realm: Realm) -> None:
    """Wrong: the loop stands still while a ticket is asked for."""
    krb5_realm.freeze()
    try:
        async with SaslClient("host@localhost", identity=krb5_realm.client, timeout=0.3) as one:
            with pytest.raises(DeadlineExceeded):
                await one.step()
        with (
            SaslClient("host@localhost", identity=krb5_realm.client, timeout=0.3) as other,
            pytest.raises(DeadlineExceeded),
        ):
            other.step_sync()
    finally:
        krb5_realm.thaw()


def test_authorization_id_reaches_the_server(krb5_realm: Realm) -> None:
    options = {"authorization_id": "dn:cn=Jörg"}
    with both(krb5_realm, "GSSAPI", client=options) as (client, server):
        talk(client, server)
        assert server.authorization_id == "dn:cn=Jörg"


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_channel_bindings(mechanism: str, krb5_realm: Realm) -> None:
    for theirs, allowed, accepted in (
        (b"one", False, True), (b"two", False, False), (None, False, False), (None, True, True)
    ):  # fmt: skip
        server: dict[str, Any] = {"channel_bindings": b"one", "allow_missing_bindings": allowed}
        with both(
            krb5_realm, mechanism, client={"channel_bindings": theirs}, server=server
        ) as (one, other):
            if accepted:
                talk(one, other)
                continue
            with pytest.raises(BadBindings):
                talk(one, other)
            assert not other.complete


def test_what_was_changed_is_not_believed(krb5_realm: Realm) -> None:
    with both(krb5_realm, "GSSAPI") as (client, server):
        talk(client, server)
        wire = bytearray(client.wrap(b"hello"))
        wire[-1] ^= 1
        with pytest.raises(MessageAltered):
            server.unwrap(wire)
    with both(krb5_realm, "GSSAPI") as (client, server):
        token = server.step_sync(client.step_sync())
        offer = bytearray(server.step_sync(client.step_sync(token)))
        offer[-1] ^= 1
        with pytest.raises(MessageAltered):
            client.step_sync(offer)
        assert not client.complete


def test_buffers_have_the_length_that_was_agreed_on(krb5_realm: Realm) -> None:
    small = {"max_buffer": 1000}
    with both(krb5_realm, "GSSAPI", server=small) as (client, server):
        talk(client, server)
        wire = client.wrap(TEXT)
        while wire:
            length = int.from_bytes(wire[:4], "big")
            assert 0 < length <= 1000
            wire = wire[4 + length :]
        with pytest.raises(InvalidToken, match=r"1001 bytes, more than the 1000"):
            server.unwrap((1001).to_bytes(4, "big"))
        pass_on(server, client)


def test_peer_must_take_something(krb5_realm: Realm) -> None:
    tiny = {"max_buffer": 1}
    with (
        both(krb5_realm, "GSSAPI", server=tiny) as (client, server),
        pytest.raises(InvalidToken, match="1 bytes at most"),
    ):
        talk(client, server)


def offered(client: SaslClient, server: SaslServer) -> bytes:
    """Come to the server's offer."""
    return server.step_sync(client.step_sync(server.step_sync(client.step_sync())))


@pytest.mark.parametrize("offer", [b"", b"\x01\0\0", b"\x07\0\xff\xffmore"])
def test_malformed_offers(offer: bytes, krb5_realm: Realm) -> None:
    with both(krb5_realm, "GSSAPI") as (client, server):
        client.step_sync(server.step_sync(client.step_sync()))
        with pytest.raises(InvalidToken):
            client.step_sync(server.context.encrypt(offer, sign_only=True))
        assert not client.complete


@pytest.mark.parametrize(
    "choice",
    [b"\x01\0\0", b"\x03\xff\xff\xff", b"\0\0\0\0", b"\x01\0\0\x01", b"\x04\xff\xff\xff\xff"],
)
def test_malformed_choices(choice: bytes, krb5_realm: Realm) -> None:
    with both(krb5_realm, "GSSAPI") as (client, server):
        client.context.decrypt(offered(client, server), accept_signed=True)
        with pytest.raises(InvalidToken):
            server.step_sync(client.context.encrypt(choice, sign_only=True))
        assert not server.complete


def test_choice_of_what_was_not_offered(krb5_realm: Realm) -> None:
    """Wrong: a server that wants to be protected is content without."""
    with both(krb5_realm, "GSSAPI", theirs=CONFIDENTIALITY) as (client, server):
        client.context.decrypt(offered(client, server), accept_signed=True)
        with pytest.raises(NotEncrypted):
            server.step_sync(client.context.encrypt(b"\x01\0\0\0", sign_only=True))


def test_steps_have_their_order(krb5_realm: Realm) -> None:
    with both(krb5_realm, "GSSAPI") as (client, server):
        for side in (client, server):
            with pytest.raises(InvalidParameter, match="not complete"):
                side.wrap(b"too early")
        token = server.step_sync(client.step_sync())
        client.step_sync(token)
        with pytest.raises(InvalidToken, match="where an empty one belongs"):
            server.step_sync(b"x")
        talk_on = client.step_sync(server.step_sync(b""))
        server.step_sync(talk_on)
        for side in (client, server):
            with pytest.raises(InvalidParameter, match="is complete"):
                side.step_sync(b"")


@pytest.mark.parametrize(
    "options",
    [
        {"mechanism": "PLAIN"},
        {"layers": SecurityLayer(0)},
        {"layers": SecurityLayer(8)},
        {"max_buffer": 0},
        {"max_buffer": 1 << 24},
        {"mechanism": "GSS-SPNEGO", "authorization_id": "bob"},
    ],
)
def test_arguments_are_looked_at(options: Any) -> None:
    with pytest.raises(InvalidParameter):
        SaslClient("HTTP@localhost", **options)
    if "authorization_id" not in options:
        with pytest.raises(InvalidParameter):
            SaslServer(**options)


# ---- Cyrus SASL -----------------------------------------------------------------------------


class Cyrus:
    """One of its sample programs: Base64 on lines that begin with "S: " or "C: "."""

    def __init__(self, ours: str, *command: str, **environment: str) -> None:
        program = shutil.which(command[0], path=os.environ["PATH"] + ":/usr/sbin")
        unbuffered = shutil.which("stdbuf")
        if program is None or unbuffered is None:
            pytest.skip("the sample programs of sasl2-bin are not installed")
        self._process = subprocess.Popen(
            [unbuffered, "-oL", program, *command[1:]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **environment, "KRB5RCACHENAME": "none:"},
        )  # fmt: skip
        self._ours, self._theirs = ours.encode(), b"S: " if ours == "C: " else b"C: "
        self.said = b""

    def __enter__(self) -> Cyrus:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(self._ours + base64.b64encode(data) + b"\n")
        self._process.stdin.flush()

    def receive(self) -> bytes:
        return base64.b64decode(self.wait_for(self._theirs)[len(self._theirs) :])

    def wait_for(self, beginning: bytes) -> bytes:
        """Read up to a line."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said += line
            if line.startswith(beginning):
                return line
        pytest.fail(self.said.decode(errors="replace"))


# What Cyrus calls a layer: the strength of its protection.
STRENGTH = {NONE: "min=0,max=0", INTEGRITY: "min=1,max=1", CONFIDENTIALITY: "min=56,max=256"}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_server_of_cyrus(mechanism: str, layer: SecurityLayer, krb5_realm: Realm) -> None:
    with (
        Cyrus("C: ", "sasl-sample-server", "-m", mechanism, "-s", "host", "-d", "localhost",
              "-b", STRENGTH[layer], KRB5_KTNAME=krb5_realm.keytab) as peer,
        SaslClient("host@localhost", mechanism, identity=krb5_realm.client, layers=layer,
                   timeout=60) as client,
    ):  # fmt: skip
        if mechanism.encode() not in peer.receive():
            pytest.skip(f"Cyrus SASL has no {mechanism} here")
        peer.send(mechanism.encode() + b"\0" + client.step_sync())
        while not client.complete:
            peer.send(client.step_sync(peer.receive()))
        assert client.layer is layer
        assert client.unwrap(peer.receive()) == b"srv message 1\0"
        peer.send(client.wrap(b"hello"))
        peer.wait_for(b"recieved decoded message 'hello'")
        assert b"Username: alice" in peer.said


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_client_of_cyrus(
    mechanism: str, layer: SecurityLayer, krb5_realm: Realm, tmp_path: pathlib.Path
) -> None:
    ccache = tmp_path / "ccache"
    shutil.copy(krb5_realm.ccache.partition(":")[2], ccache)
    with (
        Credential.acquire(
            "Kerberos" if mechanism == "GSSAPI" else "Negotiate",
            CredentialUse.INBOUND,
            identity=Identity(keytab=krb5_realm.keytab, replay_cache="none:"),
        ).result(20) as credential,
        Cyrus("S: ", "sasl-sample-client", "-m", mechanism, "-s", "host", "-n", "localhost",
              "-b", STRENGTH[layer], KRB5CCNAME=f"FILE:{ccache}") as peer,
        SaslServer(
            # MIT's clients say in GSS-SPNEGO that they can encrypt, whether they will or not.
            mechanism,
            layers=SecurityLayer.ANY if mechanism == "GSSAPI" else layer,
            credential=credential,
            timeout=60,
        ) as server,
    ):  # fmt: skip
        peer.send(mechanism.encode())
        name, _, response = peer.receive().partition(b"\0")
        assert name.decode() == mechanism
        while True:
            challenge = server.step_sync(response)
            if challenge or not server.complete:
                peer.send(challenge)
            if server.complete:
                break
            response = peer.receive()
        assert server.layer is layer
        assert server.user == f"alice@{krb5_realm.name}"
        peer.send(server.wrap(b"hello"))
        peer.wait_for(b"recieved decoded message 'hello'")
