# SPDX-License-Identifier: MIT
"""packages, whoami, decode and bench, which ask no network."""

from __future__ import annotations

import base64
import datetime
import io
import pathlib
import sys

import pytest
from cli_run import ask, run
from conftest import run_python

import sspi_async
from sspi_async.testing import NtlmUsers, Realm, TlsPair

# ---- packages --------------------------------------------------------------------------------


def test_packages_are_listed_once(capsys: pytest.CaptureFixture[str]) -> None:
    code, data = ask(capsys, "packages")
    assert code == 0
    assert sorted(package["name"] for package in data["packages"]) == [
        "Kerberos", "NTLM", "Negotiate", "Schannel", "Scripted"
    ]  # fmt: skip
    assert data["missing"] == {}
    assert "STREAM" in next(
        package["capabilities"] for package in data["packages"] if package["name"] == "Schannel"
    )


def test_missing_package_says_how_to_get_it() -> None:
    done = run_python(
        "import sspi_async, sys\n"
        "from sspi_async.cli import main\n"
        "sspi_async.turn_off_package('NTLM')\n"
        "sys.exit(main(['packages']))"
    )
    assert done.returncode == 1
    assert "missing" in done.stdout
    assert "install" in done.stdout


# ---- whoami ----------------------------------------------------------------------------------


def test_tickets_are_shown_with_their_times(
    krb5_realm: Realm, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = krb5_realm.kinit("bob", datetime.timedelta(hours=1)).ccache
    monkeypatch.setenv("KRB5CCNAME", str(cache))
    code, data = ask(capsys, "whoami")
    assert code == 0
    assert data["credentials"][0]["name"] == f"bob@{krb5_realm.name}"
    (found,) = (each for each in data["caches"] if each["name"] == cache)
    (ticket,) = found["tickets"]
    span = [datetime.datetime.fromisoformat(ticket[key]) for key in ("start", "end")]
    # It begins when the KDC answers, which is later than kinit's request.
    assert datetime.timedelta(0) < span[1] - span[0] <= datetime.timedelta(hours=1)
    assert {key["principal"] for key in data["keys"]} >= {f"HTTP/localhost@{krb5_realm.name}"}
    _, text, _ = run(capsys, "whoami")
    assert f"krbtgt/{krb5_realm.name}" in text
    assert "aes256-cts-hmac-sha1-96" in text


def test_nobody_is_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5CCNAME", "FILE:/nowhere")
    monkeypatch.delenv("NTLM_USER_FILE", raising=False)
    code, text, _ = run(capsys, "whoami")
    assert code == 1
    assert "run kinit" in text


# ---- decode ----------------------------------------------------------------------------------


@pytest.fixture
def ntlm_token(ntlm_users: NtlmUsers) -> bytes:
    with sspi_async.client(
        "HTTP@localhost", package="NTLM", identity=ntlm_users.client()
    ) as context:
        return context.step().result(30)


def test_token_is_read_however_it_is_written(
    ntlm_token: bytes,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("spnego")
    text = base64.b64encode(ntlm_token).decode()
    (tmp_path / "bytes").write_bytes(ntlm_token)
    (tmp_path / "text").write_text(f"{text[:20]}\n{text[20:]}\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    for word in (
        text,
        ntlm_token.hex(),
        ntlm_token.hex(":").upper(),
        f"Negotiate {text}",
        f"WWW-Authenticate: NTLM {text}",
        f"@{tmp_path / 'bytes'}",
        f"@{tmp_path / 'text'}",
        "-",
    ):
        code, data = ask(capsys, "decode", word)
        assert (code, data["MessageType"]) == (0, "NEGOTIATE_MESSAGE (1)"), word


def test_kerberos_and_tls_are_read(
    krb5_realm: Realm, tls_pair: TlsPair, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("spnego")
    with sspi_async.client("HTTP@localhost", identity=krb5_realm.client) as context:
        token = context.step().result(30)
    code, text, _ = run(capsys, "decode", token.hex())
    assert code == 0
    assert "SPNEGO InitialContextToken" in text
    assert krb5_realm.name in text
    with sspi_async.client("localhost", package="Schannel", identity=tls_pair.client) as tls:
        hello = tls.step().result(30)
    code, text, _ = run(capsys, "decode", hello.hex())
    assert code == 0
    assert "client_hello" in text.lower()


@pytest.mark.parametrize("word", ["", "=", "not base64!", "@/nowhere/token", "Negotiate "])
def test_what_is_no_text_of_a_token_is_exit_code_2(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, output, complaint = run(capsys, "decode", word)
    assert (code, output) == (2, "")
    assert complaint.startswith("sspi-async: ")


@pytest.mark.parametrize("word", ["00112233", "16030100", "160301ffff01"])
def test_what_is_no_token_is_exit_code_1(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("spnego")
    code, output, complaint = run(capsys, "decode", word)
    assert code == 1
    assert "token" in output + complaint or "record" in output + complaint


def test_decoder_that_is_not_installed_is_named() -> None:
    done = run_python(
        "import sys\n"
        "sys.modules['spnego'] = None\n"
        "from sspi_async.cli import main\n"
        "sys.exit(main(['decode', 'AAAA']))"
    )
    assert done.returncode == 4
    assert "sspi-async[tools]" in done.stderr


# ---- bench -----------------------------------------------------------------------------------


def test_every_package_is_measured(
    krb5_realm: Realm, tls_pair: TlsPair, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fixtures say what is installed. How fast it is, is not looked at."""
    code, data = ask(capsys, "bench", "--count", 3)
    assert (code, data["not_measured"]) == (0, {})
    assert [result["package"] for result in data["results"]] == [
        "Scripted", "NTLM", "Schannel", "Kerberos"
    ]  # fmt: skip
    assert {result["handshakes"] for result in data["results"]} == {3}
    code, text, _ = run(capsys, "bench", "--count", 1, "--package", "NTLM")
    assert code == 0
    assert "Kerberos" not in text
