# SPDX-License-Identifier: MIT
"""What people read: reprs, and messages that say what to do next."""

from __future__ import annotations

import os
import pathlib
from typing import Any, Callable

import pytest
from conftest import Probe, collect, run_python

import sspi_async
from sspi_async import (
    Credential,
    CredentialUse,
    Identity,
    InvalidParameter,
    NoCredentials,
    PackageNotFound,
    SspiError,
    TlsIdentity,
)
from sspi_async.testing import NtlmUsers

NO_REALM = """\
[libdefaults]
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
"""

# ---- What to do next -----------------------------------------------------------------------


@pytest.fixture
def no_tickets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", "FILE:/nowhere")
    monkeypatch.delenv("NTLM_USER_FILE", raising=False)


def step(target: str | None, **arguments: Any) -> bytes:
    return sspi_async.client(target, **arguments).step().result(30)


def test_unknown_package() -> None:
    with pytest.raises(PackageNotFound, match=r"available are .*Kerberos.*Schannel.*Scripted"):
        Credential.acquire("Foo").result(10)
    for name in ("TLS", "ssl"):
        with pytest.raises(PackageNotFound, match="the package for TLS is Schannel"):
            step("localhost", package=name)


def test_ntlm_without_a_user(no_tickets: None) -> None:
    with pytest.raises(NoCredentials, match=r"identity with user and password.*NTLM_USER_FILE"):
        step("HTTP@localhost", package="NTLM")


def test_no_ticket(no_tickets: None) -> None:
    with pytest.raises(NoCredentials, match=r"run kinit, or give an Identity"):
        step("HTTP@localhost", package="Kerberos")
    with pytest.raises(NoCredentials, match=r"run kinit.*NTLM was tried next"):
        step("HTTP@localhost")


def test_no_keytab() -> None:
    nowhere = Identity(keytab="/nowhere/keytab")
    for package, token in (("Kerberos", b"token"), ("Negotiate", b"")):
        with (
            sspi_async.server(package=package, identity=nowhere) as server,
            pytest.raises(NoCredentials, match=r"/nowhere/keytab.*ktadd.*Identity\(keytab="),
        ):
            server.step(token).result(30)


def test_no_default_realm(tmp_path: pathlib.Path) -> None:
    config = tmp_path / "krb5.conf"
    config.write_text(NO_REALM)
    code = f"""
import os
os.environ.update(KRB5_CONFIG={str(config)!r}, KRB5CCNAME="FILE:/nowhere")
import sspi_async
alice = sspi_async.Identity(user="alice", password="secret")
context = sspi_async.client("HTTP@localhost", package="Kerberos", identity=alice)
print(repr(context.step().exception(30)))
"""
    done = run_python(code)
    assert done.stdout.startswith("UnknownCredentials(SEC_E_UNKNOWN_CREDENTIALS: "), done
    assert "write user@REALM, or set default_realm" in done.stdout


def test_gss_says_more_than_that_it_says_nothing(no_tickets: None) -> None:
    with pytest.raises(SspiError) as caught:
        step(None)
    assert "Unspecified GSS failure" not in str(caught.value)


def test_identity_of_the_other_kind() -> None:
    with pytest.raises(InvalidParameter, match=r"Schannel \(TLS\) takes TlsIdentity\("):
        sspi_async.client("localhost", package="Schannel", identity=Identity(user="alice"))
    for package in ("Kerberos", "NTLM", "negotiate"):
        with pytest.raises(InvalidParameter, match=r"takes Identity\(.*is for Schannel"):
            Credential.acquire(package, identity=TlsIdentity())


def test_tls_server_without_a_certificate() -> None:
    for identity in (None, TlsIdentity(roots="/etc/ssl/certs/ca-certificates.crt")):
        with pytest.raises(NoCredentials, match="a TLS server needs a certificate"):
            sspi_async.server(package="Schannel", identity=identity)


@pytest.mark.parametrize(
    ("target", "better"),
    [
        ("http://www.example.org:8080/x", "HTTP@www.example.org"),
        ("www.example.org", "HTTP@www.example.org"),
        ("HTTP@", "HTTP@www.example.org"),
        ("@host", "HTTP@host"),
        ("", "HTTP@www.example.org"),
    ],
)
def test_target_of_the_wrong_form(target: str, better: str) -> None:
    with pytest.raises(InvalidParameter, match=f"of the form SERVICE@host, such as '{better}'"):
        sspi_async.client(target, package="Kerberos")


# ---- Wrong types ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: sspi_async.client(5), "target must be str or None, not int"),  # type: ignore[arg-type]
        (lambda: sspi_async.client("HTTP@h", package=None), "package must be str"),  # type: ignore[arg-type]
        (lambda: sspi_async.client("HTTP@h", identity={"user": "a"}), "identity must be "),  # type: ignore[arg-type]
        (lambda: sspi_async.client("HTTP@h", credential="alice"), "credential must be "),  # type: ignore[arg-type]
        (lambda: sspi_async.client("HTTP@h", flags="x"), "flags must be "),  # type: ignore[arg-type]
        (
            lambda: sspi_async.server(application_protocols="h2"),
            "application_protocols must be ",
        ),
        (
            lambda: sspi_async.server(application_protocols=[1]),  # type: ignore[list-item]
            "application_protocols must be ",
        ),
        (lambda: Credential.acquire(3), "package must be str, not int"),  # type: ignore[arg-type]
        (lambda: Credential.acquire("NTLM", "in"), "use must be CredentialUse, not str"),  # type: ignore[arg-type]
        (lambda: Credential.acquire("NTLM", principal=b"a"), "principal must be "),  # type: ignore[arg-type]
        (lambda: Identity(user=b"a"), "user must be str or None, not bytes"),  # type: ignore[arg-type]
        (lambda: Identity(password=1), "password must be str or None, not int"),  # type: ignore[arg-type]
        (lambda: Identity(keytab=1), "keytab must be str, os.PathLike or None, not int"),  # type: ignore[arg-type]
        (lambda: TlsIdentity(roots=1), "roots must be str, os.PathLike or None, not int"),  # type: ignore[arg-type]
        (
            lambda: sspi_async.client("HTTP@h", channel_bindings="tls-unique:x"),  # type: ignore[arg-type]
            "channel_bindings must be bytes or None, not str",
        ),
        (
            lambda: sspi_async.client("HTTP@h", timeout="3"),  # type: ignore[arg-type]
            "timeout must be a number of seconds or None, not str",
        ),
        (
            lambda: sspi_async.server(deadline="3"),  # type: ignore[arg-type]
            "deadline must be a number of seconds or None, not str",
        ),
        (lambda: sspi_async.package_info(4), "name must be str, not int"),  # type: ignore[arg-type]
        (lambda: sspi_async.add_package(3), "module must be str or os.PathLike"),  # type: ignore[arg-type]
    ],
)
def test_wrong_type_names_the_parameter(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        wrong()


def test_wrong_types_of_methods(probe: Probe) -> None:
    context = probe.client()
    for wrong, message in (
        (lambda: context.step("text"), "token must be bytes, not str"),  # type: ignore[arg-type]
        (lambda: context.step(callback=3), "callback must be callable, not int"),  # type: ignore[arg-type]
        (lambda: context.step(timeout="1"), "timeout must be a number of seconds or None"),  # type: ignore[arg-type]
        (lambda: context.encrypt("text"), "data must be bytes, not str"),  # type: ignore[arg-type]
        (lambda: context.verify(b"", "text"), "signature must be bytes, not str"),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError, match=message):
            wrong()
    with pytest.raises(TypeError, match="token must be bytes, not str"):
        sspi_async.server(package="NTLM").step("text")  # type: ignore[arg-type]


def test_paths_are_taken_for_files(ntlm_users: NtlmUsers) -> None:
    users = Identity(ntlm_user_file=ntlm_users.path)
    assert isinstance(ntlm_users.path, os.PathLike)
    with Credential.acquire("NTLM", CredentialUse.INBOUND, identity=users).result(10):
        pass
    with pytest.raises(NoCredentials, match="/nowhere"):
        Credential.acquire(
            "Schannel", identity=TlsIdentity(roots=pathlib.Path("/nowhere"))
        ).result(10)
    with pytest.raises(SspiError, match="/nowhere"):
        sspi_async.add_package(pathlib.Path("/nowhere"))


# ---- Reprs ---------------------------------------------------------------------------------


def test_reprs(probe: Probe, ntlm_users: NtlmUsers) -> None:
    credential = Credential.acquire("NTLM", identity=ntlm_users.client()).result(10)
    assert repr(credential).startswith("Credential('NTLM', OUTBOUND, '")
    assert "alice" in repr(credential)
    credential.free_nowait()
    assert repr(credential) == "Credential('NTLM', OUTBOUND, freed)"
    both = Credential.acquire("Scripted", CredentialUse.BOTH).result(10)
    assert repr(both).startswith("Credential('Scripted', INBOUND|OUTBOUND")
    both.free_nowait()
    call = probe.client("block").step()
    assert repr(call) == "<sspi_async.Call pending>"
    probe.wait_blocked()
    probe.release()
    call.result(10)
    assert repr(call) == "<sspi_async.Call SEC_E_OK>"
    error = probe.client("status=SEC_E_NO_CREDENTIALS say='no key'").step().exception(10)
    assert repr(error) == (
        "NoCredentials(SEC_E_NO_CREDENTIALS: Scripted InitializeSecurityContext: no key)"
    )
    del call
    collect()


def test_repr_of_an_identity_has_what_was_given_and_no_secret() -> None:
    given = Identity(user="alice", password="correct-horse", keytab=pathlib.Path("/k"))
    assert repr(given) == f"Identity(user='alice', keytab={pathlib.Path('/k')!r})"
    assert repr(Identity()) == "Identity()"
    tls = TlsIdentity(certificate="c.pem", key_password="correct-horse", verify=False)
    assert repr(tls) == "TlsIdentity(certificate='c.pem', verify=False)"


def test_classes_say_where_they_are_found() -> None:
    for name in sspi_async.__all__:
        item = getattr(sspi_async, name)
        if isinstance(item, type) or callable(item):
            assert item.__module__ == "sspi_async", name
    assert repr(sspi_async.NoCredentials) == "<class 'sspi_async.NoCredentials'>"
