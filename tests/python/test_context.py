# SPDX-License-Identifier: MIT
"""Security contexts of the real packages, both sides in this process."""

from __future__ import annotations

import datetime
import os
import pathlib
import subprocess
import sys
import time

import pytest
from conftest import handshake, handshake_async

import sspi_async
from sspi_async import (
    ClientFlags,
    Credential,
    CredentialUse,
    ExportFlags,
    Identity,
    NegotiationState,
    SecurityContext,
    ServerFlags,
)
from sspi_async.testing import NtlmUsers, Realm

TARGET = "HTTP@localhost"


def pair(
    package: str, realm: Realm, users: NtlmUsers
) -> tuple[SecurityContext, SecurityContext]:
    """Both sides; with Negotiate it is Kerberos that gets chosen."""
    if package == "NTLM":
        return (
            sspi_async.client(TARGET, package=package, identity=users.client()),
            sspi_async.server(package=package, identity=users.server),
        )
    return (
        sspi_async.client(TARGET, package=package, identity=realm.client),
        sspi_async.server(package=package, identity=realm.server),
    )


@pytest.mark.parametrize("package", ["Kerberos", "NTLM", "Negotiate"])
@pytest.mark.asyncio
async def test_messages_pass(package: str, krb5_realm: Realm, ntlm_users: NtlmUsers) -> None:
    client, server = pair(package, krb5_realm, ntlm_users)
    async with client, server:
        await handshake_async(client, server)
        for here, there in ((client, server), (server, client)):
            for data in (b"hello", bytearray(b"bytes"), memoryview(b"view"), b"", b"x" * 70000):
                sealed = here.encrypt(data)
                assert there.decrypt(sealed) == bytes(data)
                assert len(data) < 5 or bytes(data) not in sealed
            there.verify(b"signed", here.sign(b"signed"))
            with pytest.raises(sspi_async.MessageAltered):
                there.verify(b"other", here.sign(b"one"))
        with pytest.raises((sspi_async.MessageAltered, sspi_async.OutOfSequence)):
            altered = bytearray(client.encrypt(b"secret"))
            altered[-1] ^= 1
            server.decrypt(altered)


@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
def test_messages_in_dce_style(package: str, krb5_realm: Realm) -> None:
    """Wrong would be: a message that the other side cannot open, not even one of ours."""
    flags = ClientFlags.DEFAULT | ClientFlags.USE_DCE_STYLE
    client = sspi_async.client(TARGET, package=package, identity=krb5_realm.client, flags=flags)
    server = sspi_async.server(package=package, identity=krb5_realm.server)
    with client, server:
        handshake(client, server)
        assert int(client.flags) & ClientFlags.USE_DCE_STYLE
        for here, there in ((client, server), (server, client)):
            assert there.decrypt(here.encrypt(b"in one piece")) == b"in one piece"
            sealed = here.encrypt(b"readable", sign_only=True)
            assert there.decrypt(sealed, accept_signed=True) == b"readable"
            assert there.decrypt(here.encrypt(b"")) == b""


@pytest.mark.parametrize("style", [ClientFlags(0), ClientFlags.USE_DCE_STYLE])
def test_token_and_data_apart(style: ClientFlags, krb5_realm: Realm) -> None:
    """Wrong would be: a header that is sealed, or that anybody may change."""
    flags = ClientFlags.DEFAULT | style
    client = sspi_async.client(
        TARGET, package="Kerberos", identity=krb5_realm.client, flags=flags
    )
    server = sspi_async.server(package="Kerberos", identity=krb5_realm.server)
    with client, server:
        handshake(client, server)
        token, data = client.encrypt_parts(b"body", header=b"head", trailer=b"tail")
        assert len(data) == 4
        assert data != b"body"
        with pytest.raises(sspi_async.MessageAltered):
            server.decrypt_parts(token, data, header=b"Head", trailer=b"tail")
        plain = server.decrypt_parts(token, data, header=b"head", trailer=b"tail")
        assert plain == b"body"
        token, data = client.encrypt_parts(b"body", sign_only=True)
        assert data == b"body"
        with pytest.raises(sspi_async.NotEncrypted):
            server.decrypt_parts(token, data)
        token, data = client.encrypt_parts(memoryview(b"body"), sign_only=True)
        assert server.decrypt_parts(token, data, accept_signed=True) == b"body"


def test_ntlm_signs_a_header(krb5_realm: Realm, ntlm_users: NtlmUsers) -> None:
    """Wrong would be: a header that nobody signed."""
    client, server = pair("NTLM", krb5_realm, ntlm_users)
    with client, server:
        handshake(client, server)
        assert server.decrypt_parts(*client.encrypt_parts(b"body")) == b"body"
        token, data = client.encrypt_parts(b"body", header=b"head")
        with pytest.raises(sspi_async.MessageAltered):
            server.decrypt_parts(token, data, header=b"Head")
        assert server.decrypt_parts(token, data, header=b"head") == b"body"


@pytest.mark.parametrize("package", ["Kerberos", "NTLM", "Negotiate"])
def test_message_limit(package: str, krb5_realm: Realm, ntlm_users: NtlmUsers) -> None:
    """Wrong would be: a message that does not fit, or room that stays empty."""
    client, server = pair(package, krb5_realm, ntlm_users)
    with client, server:
        handshake(client, server)
        limit = client.message_limit(1000)
        assert len(client.encrypt(b"x" * limit)) <= 1000
        assert len(client.encrypt(b"x" * (limit + 1))) > 1000
        assert client.message_limit(3) == 0
        with pytest.raises(sspi_async.InvalidParameter):
            client.message_limit(-1)


def test_packages_have_oids(krb5_realm: Realm, ntlm_users: NtlmUsers) -> None:
    """Wrong would be: a name that no peer knows the mechanism by."""
    kerberos = sspi_async.package_info("Kerberos")
    assert kerberos.oid == "1.2.840.113554.1.2.2"
    assert kerberos.oid_der == bytes.fromhex("06092a864886f712010202")
    ntlm = sspi_async.package_info("NTLM")
    assert ntlm.oid_der == bytes.fromhex("060a2b06010401823702020a")
    assert sspi_async.package_info("Schannel").oid == ""
    assert sspi_async.package_info("Schannel").oid_der == b""
    client, server = pair("Negotiate", krb5_realm, ntlm_users)
    with client, server:
        handshake(client, server)
        assert client.attributes.package.oid == kerberos.oid


def test_blocking_form(krb5_realm: Realm, ntlm_users: NtlmUsers) -> None:
    client, server = pair("Negotiate", krb5_realm, ntlm_users)
    with client, server:
        handshake(client, server)
        assert server.decrypt(client.encrypt(b"hello")) == b"hello"
    with pytest.raises(sspi_async.InvalidHandle):
        client.encrypt(b"hello")


def test_attributes_are_typed(krb5_realm: Realm, ntlm_users: NtlmUsers) -> None:
    client, server = pair("Negotiate", krb5_realm, ntlm_users)
    with client, server:
        handshake(client, server)
        assert server.attributes.user_name == f"alice@{krb5_realm.name}"
        assert server.attributes.authority == krb5_realm.name
        assert client.attributes.native_names.server == f"HTTP/localhost@{krb5_realm.name}"
        assert client.attributes.target
        assert client.attributes.session_key == server.attributes.session_key
        assert len(client.attributes.session_key) == 32
        assert client.attributes.key_info.key_size == 256
        assert client.attributes.key_info.encrypt_algorithm_name.startswith("AES256")
        assert client.attributes.sizes.security_trailer > 16
        negotiation = server.attributes.negotiation
        assert negotiation.state is NegotiationState.COMPLETE
        assert negotiation.package.name == server.attributes.package.name == "Kerberos"
        assert server.attributes.package_name == "Kerberos"
        assert not server.flags & ServerFlags.NAMES  # which is a wish, and nothing agreed on
        wanted = ClientFlags.CONFIDENTIALITY | ClientFlags.INTEGRITY | ClientFlags.MUTUAL_AUTH
        assert isinstance(client.attributes.flags, ClientFlags)
        assert client.attributes.flags & wanted == wanted
        assert client.flags & wanted == wanted
        assert isinstance(server.attributes.flags, ServerFlags)
        with pytest.raises(sspi_async.Unsupported):
            _ = client.attributes.stream_sizes
        credential = client.credential
        assert credential is not None
        assert credential.name == f"alice@{krb5_realm.name}"


@pytest.mark.parametrize("zone", ["UTC", "XXX-5:30", "America/New_York"])
def test_times_are_utc(zone: str, krb5_realm: Realm) -> None:
    """Wrong would be: the local time of Windows time stamps."""
    former = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        with sspi_async.client(TARGET, package="Kerberos", identity=krb5_realm.client) as ctx:
            ctx.step().result(10)
            with sspi_async.server(package="Kerberos", identity=krb5_realm.server) as server:
                client = sspi_async.client(TARGET, credential=ctx.credential)
                handshake(client, server)
                lifespan = client.attributes.lifespan
                assert lifespan.expiry == client.expiry
                client.delete().result(10)
    finally:
        if former is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = former
        time.tzset()
    now = datetime.datetime.now(datetime.timezone.utc)
    assert lifespan.start is not None
    assert abs(lifespan.start - now) < datetime.timedelta(seconds=60)
    assert lifespan.expiry is not None
    assert datetime.timedelta(hours=9) < lifespan.expiry - now < datetime.timedelta(hours=11)


@pytest.mark.parametrize("package", ["Kerberos", "NTLM"])
def test_signed_is_not_encrypted(
    package: str, krb5_realm: Realm, ntlm_users: NtlmUsers
) -> None:
    """Wrong would be: plaintext that is taken for a secret."""
    client, server = pair(package, krb5_realm, ntlm_users)
    with client, server:
        handshake(client, server)
        try:
            readable = client.encrypt(b"hello", sign_only=True)
        except sspi_async.SspiError:
            assert package == "NTLM"  # where it seals it has no such form
            return
        assert b"hello" in readable
        with pytest.raises(sspi_async.NotEncrypted):
            server.decrypt(readable)
        readable = client.encrypt(b"hello", sign_only=True)
        assert server.decrypt(readable, accept_signed=True) == b"hello"


@pytest.mark.parametrize("package", ["Kerberos", "NTLM", "Negotiate"])
def test_export_and_import(package: str, krb5_realm: Realm, ntlm_users: NtlmUsers) -> None:
    client, server = pair(package, krb5_realm, ntlm_users)
    with client, server:
        handshake(client, server)
        packed = client.export(ExportFlags.DELETE_OLD)
        with pytest.raises(sspi_async.InvalidHandle):
            client.encrypt(b"x")
        with SecurityContext.import_(package, packed) as moved:
            assert moved.complete
            assert server.decrypt(moved.encrypt(b"hello")) == b"hello"
        with pytest.raises(sspi_async.InvalidToken):
            SecurityContext.import_(package, packed[:-1])


def test_wrong_password(krb5_realm: Realm, ntlm_users: NtlmUsers) -> None:
    wrong = Identity(user=f"alice@{krb5_realm.name}", password="wrong")
    with (
        sspi_async.client(TARGET, package="Kerberos", identity=wrong) as client,
        pytest.raises(sspi_async.LogonDenied),
    ):
        client.step().result(30)
    client = sspi_async.client(
        TARGET, package="NTLM", identity=ntlm_users.client(password="wrong")
    )
    server = sspi_async.server(package="NTLM", identity=ntlm_users.server)
    with client, server, pytest.raises(sspi_async.LogonDenied):
        handshake(client, server)


def test_password_logs_on(krb5_realm: Realm) -> None:
    alice = Identity(user=f"alice@{krb5_realm.name}", password=krb5_realm.password_of("alice"))
    assert "correct" not in repr(alice)
    with (
        sspi_async.client(TARGET, package="Kerberos", identity=alice) as client,
        sspi_async.server(package="Kerberos", identity=krb5_realm.server) as server,
    ):
        assert client.credential is not None
        assert client.credential.expiry is None  # nobody has asked the KDC yet
        handshake(client, server)
        assert client.expiry is not None


def test_no_credentials_and_unknown_target(krb5_realm: Realm) -> None:
    nothing = Identity(ccache="FILE:/nowhere/ccache")
    with (
        sspi_async.client(TARGET, package="Kerberos", identity=nothing) as client,
        pytest.raises(sspi_async.NoCredentials),
    ):
        client.step().result(30)
    with (
        sspi_async.client(
            "nobody@localhost", package="Kerberos", identity=krb5_realm.client
        ) as client,
        pytest.raises(sspi_async.TargetUnknown),
    ):
        client.step().result(30)


def test_no_authority(krb5_realm: Realm) -> None:
    lost = Identity(user="carol@REFUSED.TEST", password="x")
    with (
        sspi_async.client(TARGET, package="Kerberos", identity=lost) as client,
        pytest.raises(sspi_async.NoAuthority),
    ):
        client.step().result(30)


def test_bad_bindings(krb5_realm: Realm) -> None:
    with (
        Credential.acquire("Kerberos", identity=krb5_realm.client).result(10) as ours,
        Credential.acquire(
            "Kerberos", CredentialUse.INBOUND, identity=krb5_realm.server
        ).result(10) as theirs,
    ):
        for bindings, good in ((b"tls-unique:x", True), (b"tls-unique:y", False)):
            client = sspi_async.client(TARGET, credential=ours, channel_bindings=bindings)
            server = sspi_async.server(credential=theirs, channel_bindings=b"tls-unique:x")
            with client, server:
                if good:
                    handshake(client, server)
                else:
                    with pytest.raises(sspi_async.BadBindings):
                        handshake(client, server)


def test_garbage_is_no_token(krb5_realm: Realm) -> None:
    for package in ("Kerberos", "Negotiate"):
        with (
            sspi_async.server(package=package, identity=krb5_realm.server) as server,
            pytest.raises(sspi_async.InvalidToken),
        ):
            server.step(b"garbage").result(10)


def test_frozen_kdc_blocks_the_call_and_nobody_else(
    krb5_realm: Realm, ntlm_users: NtlmUsers
) -> None:
    """Wrong would be: a delete that waits behind a silent KDC; a cancel that waits for it."""
    alice = Identity(user=f"alice@{krb5_realm.name}", password="x")
    client, server = pair("NTLM", krb5_realm, ntlm_users)
    with client, server:
        handshake(client, server)
        krb5_realm.freeze()
        try:
            with sspi_async.client(TARGET, package="Kerberos", identity=alice) as stuck:
                call = stuck.step()
                client.delete().result(5)
                assert not call.done()
                assert call.cancel()
                with pytest.raises(sspi_async.Cancelled):
                    call.result(0)
        finally:
            krb5_realm.thaw()


def test_realm_fixture_makes_principals(krb5_realm: Realm, tmp_path: pathlib.Path) -> None:
    krb5_realm.add_principal("made/localhost")
    keytab = krb5_realm.write_keytab(tmp_path / "ldap.keytab", "made/localhost")
    krb5_realm.add_principal("dave", "sesame")
    dave = Identity(user=f"dave@{krb5_realm.name}", password="sesame")
    client = sspi_async.client("made@localhost", package="Kerberos", identity=dave)
    server = sspi_async.server(package="Kerberos", identity=Identity(keytab=keytab))
    with client, server:
        handshake(client, server)
        assert server.attributes.user_name == f"dave@{krb5_realm.name}"
    with pytest.raises(RuntimeError, match="ktadd"):
        krb5_realm.write_keytab(tmp_path / "none", "nobody/here")


def test_child_process_uses_what_it_inherited(krb5_realm: Realm, ntlm_users: NtlmUsers) -> None:
    """The library of the parent works in a child, pending calls do not (see test_fork)."""
    code = (
        "import sspi_async, sys\n"
        "with sspi_async.client('HTTP@localhost', package='Kerberos',\n"
        "        identity=sspi_async.Identity(ccache=sys.argv[1])) as ctx:\n"
        "    print(len(ctx.step().result(30)) > 100)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, krb5_realm.ccache],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "True\n", done.stderr
