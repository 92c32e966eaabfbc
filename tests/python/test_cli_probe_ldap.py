# SPDX-License-Identifier: MIT
"""probe of LDAP, with OpenLDAP."""

from __future__ import annotations

import os
import pathlib
import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest
from cli_run import ask, free_port, is_up, run

from sspi_async.cli import ber
from sspi_async.cli.wait import begin
from sspi_async.testing import Realm, TlsPair

PATIENT = ("--timeout", "60")
SASL = "/usr/lib/*/sasl2/libgssapiv2.so*"
CONFIGURATION = """\
include /etc/ldap/schema/core.schema
pidfile {folder}/pid
sasl-host localhost
TLSCertificateFile {pair.certificate}
TLSCertificateKeyFile {pair.key}
TLSCACertificateFile {pair.authority}
"""


@pytest.fixture(scope="module")
def directory(
    krb5_realm: Realm, tls_pair: TlsPair, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, int]]:
    """OpenLDAP without a database, for the realm; its ports of ldap and ldaps."""
    program = shutil.which("slapd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or not any(pathlib.Path("/").glob(SASL.lstrip("/"))):
        pytest.skip("slapd and libsasl2-modules-gssapi-mit are not installed")
    folder = tmp_path_factory.mktemp("slapd")
    # Ubuntu's AppArmor lets the program of that path read none of our files.
    copied = shutil.copy(program, folder / "slapd")
    keytab = krb5_realm.write_keytab(
        folder / "keytab", krb5_realm.add_principal("ldap/localhost")
    )
    path = folder / "slapd.conf"
    path.write_text(CONFIGURATION.format(folder=folder, pair=tls_pair))
    process, ports = None, (0, 0)
    for _ in range(3):  # another program may take a port
        ports = (free_port(), free_port())
        process = subprocess.Popen(
            [copied, "-d", "0", "-f", str(path),
             "-h", f"ldap://127.0.0.1:{ports[0]} ldaps://127.0.0.1:{ports[1]}"],
            env={**os.environ, "KRB5_KTNAME": keytab},
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        if is_up(process, folder / "pid", *ports):
            break
    assert process is not None
    try:
        assert process.poll() is None
        yield ports
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def tickets(krb5_realm: Realm) -> tuple[str, ...]:
    return ("--ccache", str(krb5_realm.kinit().ccache))


def test_spnego_seals_what_follows(
    directory: tuple[int, int], tickets: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """The question who we are goes sealed, and so does its answer."""
    code, data = ask(capsys, "probe", f"ldap://localhost:{directory[0]}", *tickets, *PATIENT)
    assert (code, data["failures"]) == (0, [])
    assert "GSS-SPNEGO" in data["offers"]["SASL"]
    assert data["facts"]["StartTLS"] == "yes"
    assert data["handshake"]["chosen"] == "Kerberos"
    assert data["handshake"]["sealed"]
    assert data["afterwards"]["protection from now on"] == "sealed"
    assert data["afterwards"]["who am I?"] == "dn:uid=alice,cn=gss-spnego,cn=auth"


def test_gssapi_negotiates_its_layer(
    directory: tuple[int, int], tickets: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, data = ask(
        capsys, "probe", f"ldap://localhost:{directory[0]}", "--package", "Kerberos",
        *tickets, *PATIENT,
    )  # fmt: skip
    assert (code, data["failures"]) == (0, [])
    assert data["handshake"]["legs"][0]["kind"] == "Kerberos AP-REQ"
    assert data["afterwards"] == {
        "layers offered": "none, signed, sealed",
        "protection from now on": "sealed",
        "who am I?": "dn:uid=alice,cn=gssapi,cn=auth",
    }


@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
def test_tls_is_protection_enough(
    package: str, directory: tuple[int, int], tickets: tuple[str, ...], tls_pair: TlsPair,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    code, data = ask(
        capsys, "probe", f"ldaps://localhost:{directory[1]}", "--package", package,
        "--roots", tls_pair.authority, *tickets, *PATIENT,
    )  # fmt: skip
    assert (code, data["failures"]) == (0, [])
    assert data["handshake"]["bindings"] == "tls-server-end-point"
    assert data["afterwards"]["protection from now on"] == "none"
    assert data["afterwards"]["who am I?"].startswith("dn:uid=alice,")


def test_refusal_has_the_directorys_words(
    directory: tuple[int, int], krb5_realm: Realm, tickets: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """A ticket for another service, which the directory has no key of."""
    code, data = ask(
        capsys, "probe", f"ldap://localhost:{directory[0]}", "--package", "Kerberos",
        "--target", "host@localhost", *tickets, *PATIENT,
    )  # fmt: skip
    assert code == 1
    assert "refused the bind (result 49" in data["failures"][0]


def test_mechanism_that_is_not_offered_is_said(
    directory: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    code, data = ask(
        capsys, "probe", f"ldap://localhost:{directory[0]}", "--package", "Schannel", *PATIENT
    )
    assert code == 1
    assert "offers none of the mechanisms" in data["failures"][0]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x03\x02\x01\x01",
        b"\x30\x05\x02\x01\x01\x61\x00",
        b"\x1f\x1f",
    ],
)
def test_what_is_no_ldap_is_said(answer: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)

        def serve() -> None:
            link, _ = listener.accept()
            with link:
                link.settimeout(60)
                link.recv(65536)
                link.sendall(answer)

        served = begin(serve)
        code, _, complaint = run(
            capsys, "probe", f"ldap://localhost:{listener.getsockname()[1]}", *PATIENT
        )
        served.result(60)
    assert code == 1
    assert "does not answer as LDAP does" in complaint


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65536])
def test_elements_are_read_as_they_were_written(length: int) -> None:
    data = ber.octets(b"x" * length)
    assert ber.unpack(data + b"rest") == (ber.OCTETS, b"x" * length, b"rest")
    for cut in range(min(len(data), 8)):
        with pytest.raises(ValueError, match="middle"):
            ber.unpack(data[:cut])


@pytest.mark.parametrize("value", [0, 1, 127, 128, 255, 256, 0x7FFFFFFF])
def test_numbers_are_never_negative(value: int) -> None:
    _, contents, _ = ber.unpack(ber.number(value))
    assert int.from_bytes(contents, "big", signed=True) == value
