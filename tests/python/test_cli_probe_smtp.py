# SPDX-License-Identifier: MIT
"""probe of SMTP and of bare TLS; the mail server is aiosmtpd."""

from __future__ import annotations

import base64
import contextlib
import pathlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from cli_run import ask, free_port, run

import sspi_async
from sspi_async import Credential, CredentialUse, Identity
from sspi_async.testing import NtlmUsers, Realm, TlsPair, TlsServer

PATIENT = ("--timeout", "60")
OFFER = bytes([1, 0, 0, 0])  # no layer


class Authenticator:
    """The mechanisms of the server: what a client of the library is to be understood by."""

    def __init__(self, identity: Identity, bindings: bytes | None) -> None:
        self.identity = identity
        self.bindings = bindings
        self.users: list[str] = []

    async def auth_GSSAPI(self, server: Any, words: list[str]) -> Any:  # noqa: N802
        return await self._log_on("Kerberos", server, words)

    async def auth_NTLM(self, server: Any, words: list[str]) -> Any:  # noqa: N802
        return await self._log_on("NTLM", server, words)

    async def _log_on(self, package: str, server: Any, words: list[str]) -> Any:
        from aiosmtpd.smtp import AuthResult

        async with (
            await Credential.acquire(
                package, CredentialUse.INBOUND, identity=self.identity
            ) as credential,
            sspi_async.server(
                credential=credential, channel_bindings=self.bindings, timeout=60
            ) as context,
        ):
            try:
                if len(words) > 1:
                    token = base64.b64decode(words[1])
                else:
                    token = await self._challenge(server, b"")
                reply = await context.step(token)
                while not context.complete:
                    reply = await context.step(await self._challenge(server, reply))
            except sspi_async.SspiError:
                return AuthResult(success=False, handled=False)
            if package == "Kerberos":
                await self._challenge(server, reply)
                sealed = context.encrypt(OFFER, sign_only=True)
                answer = await self._challenge(server, sealed)
                plain = context.decrypt(answer, accept_signed=True)
                assert plain[:1] == OFFER[:1]
            self.users.append(context.attributes.user_name)
            return AuthResult(success=True, auth_data=context.attributes.user_name)

    async def _challenge(self, server: Any, token: bytes) -> bytes:
        return bytes(await server.challenge_auth(token))


@contextlib.contextmanager
def mail(authenticator: Authenticator, tls: TlsPair | None) -> Iterator[int]:
    """The server on a port of its own."""
    pytest.importorskip("aiosmtpd")
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP

    SMTP.line_length_limit = 12288  # RFC 4954, section 4
    options: dict[str, Any] = {}
    if tls is not None:
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(tls.certificate, tls.key)
        options["tls_context"] = secure
        options["require_starttls"] = True

    def start() -> Any:
        server = Controller(
            authenticator,
            hostname="127.0.0.1",
            port=free_port(),
            ready_timeout=60,
            auth_require_tls=tls is not None,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            **options,
        )
        server.start()
        return server

    try:
        server = start()
    except OSError:  # another program took the port
        server = start()
    try:
        yield server.port
    finally:
        server.stop()


def test_gssapi_logs_on(
    krb5_realm: Realm, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    service = krb5_realm.add_principal("smtp/localhost")
    keytab = krb5_realm.write_keytab(tmp_path / "keytab", service)
    peer = Authenticator(Identity(keytab=keytab), None)
    with mail(peer, None) as port:
        code, data = ask(
            capsys, "probe", f"smtp://localhost:{port}",
            "--ccache", krb5_realm.kinit().ccache, *PATIENT,
        )  # fmt: skip
    assert (code, data["failures"]) == (0, [])
    assert data["facts"]["STARTTLS"] == "no"
    assert sorted(data["offers"]["AUTH"]) == ["GSSAPI", "NTLM"]
    assert data["handshake"]["chosen"] == "Kerberos"
    assert data["afterwards"] == {
        "layers offered": "none",
        "answer": "235, logged on",
    }
    assert peer.users == [f"alice@{krb5_realm.name}"]


@pytest.mark.parametrize("password", ["", "wrong"])
def test_ntlm_logs_on_inside_tls(
    password: str, ntlm_users: NtlmUsers, tls_pair: TlsPair, tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "password").write_text(password or ntlm_users.passwords["alice"])
    peer = Authenticator(ntlm_users.server, tls_pair.bindings)
    with mail(peer, tls_pair) as port:
        code, data = ask(
            capsys, "probe", f"smtp://localhost:{port}", "--package", "NTLM",
            "--user", "TEST\\alice", "--password-file", tmp_path / "password",
            "--roots", tls_pair.authority, *PATIENT,
        )  # fmt: skip
    assert data["facts"]["STARTTLS"] == "yes"
    assert data["tls"]["fault"] is None
    assert data["handshake"]["bindings"] == "tls-server-end-point"
    if password:
        assert code == 1
        assert "refused the logon: 535" in data["failures"][0]
        assert peer.users == []
    else:
        assert (code, data["failures"]) == (0, [])
        assert peer.users == ["TEST\\alice"]


def test_starttls_with_a_strangers_certificate_ends(
    ntlm_users: NtlmUsers, tls_pair: TlsPair, capsys: pytest.CaptureFixture[str]
) -> None:
    with mail(Authenticator(ntlm_users.server, None), tls_pair) as port:
        code, _, complaint = run(capsys, "probe", f"smtp://localhost:{port}", *PATIENT)
        assert code == 1
        assert "--roots FILE" in complaint
        code, data = ask(
            capsys, "probe", f"smtp://localhost:{port}", "--insecure", "--no-logon", *PATIENT
        )
    assert code == 1
    assert data["tls"]["version"].startswith("TLS")


def test_what_is_no_smtp_is_said(
    tls_server: TlsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server of another protocol waits for us to begin, and we for it."""
    code, _, complaint = run(
        capsys, "probe", f"smtp://localhost:{tls_server.port}", "--timeout", 1
    )
    assert code == 3
    assert "did not answer within 1 s" in complaint


# ---- TLS -------------------------------------------------------------------------------------


def test_tls_is_described(
    tls_server: TlsServer, tls_pair: TlsPair, capsys: pytest.CaptureFixture[str]
) -> None:
    what = f"localhost:{tls_server.port}"
    code, data = ask(capsys, "probe", what, "--roots", tls_pair.authority, *PATIENT)
    assert code == 0
    assert data["tls"]["version"] == "TLS 1.3"
    assert data["tls"]["certificate"]["names"] == "localhost, 127.0.0.1"
    assert set(data["tls"]["bindings"]) == {"tls-server-end-point", "tls-exporter"}


def test_certificate_of_another_name_is_not_trusted(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = TlsPair.make(tmp_path, ["elsewhere.test"])
    with TlsServer(pair) as server:
        what = f"localhost:{server.port}"
        code, data = ask(capsys, "probe", what, "--roots", pair.authority, *PATIENT)
    assert code == 1
    assert data["tls"]["fault"]
    assert data["tls"]["certificate"]["names"] == "elsewhere.test"


def test_port_that_speaks_something_else_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code, _, complaint = run(capsys, "probe", f"localhost:{port}", "--timeout", 1)
    assert code == 3
    assert "did not answer" in complaint
