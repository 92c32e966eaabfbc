# SPDX-License-Identifier: MIT
"""SASL in LDAP: ldap3 with our mechanisms, and OpenLDAP's server."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import eventually
from http_peers import free_port
from sasl_page import assert_runs

from sspi_async import DeadlineExceeded, NotEncrypted
from sspi_async.channel_bindings import tls_server_end_point
from sspi_async.sasl import SaslClient, SecurityLayer
from sspi_async.testing import Realm, TlsPair

ldap3 = pytest.importorskip("ldap3")
from sspi_async.sasl.ldap3 import bind  # noqa: E402 - it needs ldap3

# ldap3 uses what Python has given up.
pytestmark = pytest.mark.filterwarnings("ignore:ssl.match_hostname:DeprecationWarning")

CONFIG = """
include /etc/ldap/schema/core.schema
pidfile {folder}/pid
sasl-host localhost
sasl-secprops {properties}
sasl-cbinding tls-endpoint
TLSCACertificateFile {tls.authority}
TLSCertificateFile {tls.certificate}
TLSCertificateKeyFile {tls.key}
"""

NONE, INTEGRITY, CONFIDENTIALITY = (
    SecurityLayer.NONE,
    SecurityLayer.INTEGRITY,
    SecurityLayer.CONFIDENTIALITY,
)
MECHANISMS = ["GSSAPI", "GSS-SPNEGO"]


@contextlib.contextmanager
def slapd(
    folder: pathlib.Path, realm: Realm, tls: TlsPair, properties: str = "none"
) -> Iterator[tuple[int, int]]:
    """A server of OpenLDAP without any database; its ports for ldap and ldaps."""
    program = shutil.which("slapd", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        pytest.skip("slapd is not installed")
    # A copy: Ubuntu's AppArmor lets the installed one read its own files alone.
    program = str(shutil.copy(program, folder / "slapd"))
    (folder / "slapd.conf").write_text(
        CONFIG.format(folder=folder, tls=tls, properties=properties)
    )
    ports = free_port(), free_port()
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [program, "-d", "stats", "-f", str(folder / "slapd.conf"),
             "-h", f"ldap://127.0.0.1:{ports[0]} ldaps://127.0.0.1:{ports[1]}"],
            stdout=log, stderr=log,
            env={**os.environ, "KRB5_KTNAME": realm.keytab, "KRB5RCACHENAME": "none:"},
        )  # fmt: skip
    try:
        eventually(lambda: answers(ports[1]) or server.poll() is not None, 60)
        assert server.poll() is None, (folder / "log").read_text()
        yield ports
    finally:
        server.terminate()
        server.wait(60)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 10).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def ports(
    krb5_realm: Realm, tls_pair: TlsPair, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, int]]:
    """A server that most tests ask."""
    with contextlib.suppress(RuntimeError):  # another module's
        krb5_realm.add_principal("ldap/localhost")
    keytab = pathlib.Path(krb5_realm.keytab.partition(":")[2])
    krb5_realm.write_keytab(keytab, "ldap/localhost")
    with slapd(tmp_path_factory.mktemp("slapd"), krb5_realm, tls_pair) as ports:
        if "GSSAPI" not in mechanisms(ports[0]):
            pytest.skip("slapd has no GSSAPI: libsasl2-modules-gssapi-mit is not installed")
        yield ports


def mechanisms(port: int) -> list[str]:
    connection = connect(port)
    connection.search("", "(objectClass=*)", ldap3.BASE, attributes="supportedSASLMechanisms")
    found = connection.response[0]["attributes"]["supportedSASLMechanisms"]
    connection.unbind()
    return list(found)


def connect(port: int, tls: TlsPair | None = None) -> Any:
    options: dict[str, Any] = {"get_info": ldap3.NONE}
    if tls is not None:
        options["use_ssl"] = True
        options["tls"] = ldap3.Tls(ca_certs_file=str(tls.authority), validate=ssl.CERT_REQUIRED)
    connection = ldap3.Connection(
        ldap3.Server("localhost", port, **options), receive_timeout=60
    )
    connection.open()
    return connection


def ask(connection: Any, mechanism: str) -> None:
    """Ask who we are, and for an answer of many buffers."""
    name = f"dn:uid=alice,cn={mechanism.lower()},cn=auth"
    assert connection.extend.standard.who_am_i() == name
    for _ in range(3):
        assert connection.search("cn=Subschema", "(objectClass=*)", ldap3.BASE, attributes="+")
        attributes = connection.response[0]["raw_attributes"]["attributeTypes"]
        assert sum(map(len, attributes)) > 20_000


@pytest.mark.parametrize("layer", [NONE, INTEGRITY, CONFIDENTIALITY])
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_each_layer(
    mechanism: str, layer: SecurityLayer, ports: tuple[int, int], krb5_realm: Realm
) -> None:
    connection = connect(ports[0])
    with SaslClient(
        "ldap@localhost", mechanism, identity=krb5_realm.client, layers=layer, timeout=60
    ) as sasl:
        assert bind(connection, sasl)
        assert sasl.layer is layer
        ask(connection, mechanism)
        connection.unbind()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_channel_bindings_over_tls(
    mechanism: str, ports: tuple[int, int], krb5_realm: Realm, tls_pair: TlsPair
) -> None:
    for right in (True, False):
        connection = connect(ports[1], tls_pair)
        seen = tls_server_end_point(connection.socket)
        other = tls_server_end_point(tls_pair.authority.read_bytes())
        with SaslClient(
            "ldap@localhost",
            mechanism,
            identity=krb5_realm.client,
            layers=NONE,
            channel_bindings=seen if right else other,
            timeout=60,
        ) as sasl:
            assert bind(connection, sasl) is right
            assert sasl.complete is right
            if right:
                ask(connection, mechanism)
            else:
                assert connection.result["description"] == "invalidCredentials"
                assert not connection.bound
        connection.unbind()


def test_pages_run(ports: tuple[int, int], krb5_realm: Realm, tls_pair: TlsPair) -> None:
    here = {
        '"ldap.example.org"': f'"localhost", {ports[0]}',
        f'"localhost", {ports[0]}, 636': f'"localhost", {ports[1]}',
        "/etc/ssl/certs/ca-certificates.crt": str(tls_pair.authority),
    }
    assert_runs("GSS-SPNEGO", krb5_realm, here)
    assert_runs("CERT_REQUIRED", krb5_realm, here)


def test_server_that_wants_a_layer(
    krb5_realm: Realm, tls_pair: TlsPair, ports: tuple[int, int], tmp_path: pathlib.Path
) -> None:
    with slapd(tmp_path, krb5_realm, tls_pair, "minssf=56") as (port, _):
        connection = connect(port)
        with SaslClient(
            "ldap@localhost", identity=krb5_realm.client, layers=INTEGRITY, timeout=60
        ) as sasl:
            with pytest.raises(NotEncrypted, match="has no layer, and INTEGRITY"):
                bind(connection, sasl)
            assert connection.closed
        connection = connect(port)
        with SaslClient("ldap@localhost", identity=krb5_realm.client, timeout=60) as sasl:
            assert bind(connection, sasl)
            assert sasl.layer is CONFIDENTIALITY
            ask(connection, "GSSAPI")
            connection.unbind()


def test_authorization_id_is_the_servers_to_refuse(
    ports: tuple[int, int], krb5_realm: Realm
) -> None:
    connection = connect(ports[0])
    with SaslClient(
        "ldap@localhost", identity=krb5_realm.client, authorization_id="u:bob", timeout=60
    ) as sasl:
        assert bind(connection, sasl) is False
        assert connection.result["result"] != 0
        assert not connection.bound
        connection.unbind()


def test_silent_kdc(ports: tuple[int, int], krb5_realm: Realm) -> None:
    """Wrong: a program that binds hangs for as long as the KDC is silent."""
    krb5_realm.add_principal("frozen/localhost")
    connection = connect(ports[0])
    krb5_realm.freeze()
    try:
        with SaslClient("frozen@localhost", identity=krb5_realm.client, timeout=0.3) as sasl:
            with pytest.raises(DeadlineExceeded):
                bind(connection, sasl)
            assert connection.closed
    finally:
        krb5_realm.thaw()
