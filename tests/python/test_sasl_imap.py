# SPDX-License-Identifier: MIT
"""SASL in IMAP: Python's imaplib with our mechanism, and dovecot; curl, and our mechanism."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import getpass
import grp
import imaplib
import os
import pathlib
import pwd
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from conftest import eventually
from http_peers import curl_has, free_port
from sasl_page import assert_runs

from sspi_async import Identity
from sspi_async.sasl import SaslClient, SaslServer, SecurityLayer
from sspi_async.testing import Realm

COMMON = """
base_dir = {folder}/run
log_path = {folder}/log
info_log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
auth_mechanisms = gssapi
auth_krb5_keytab = {keytab}
auth_gssapi_hostname = localhost
first_valid_uid = 0
first_valid_gid = 0
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""
# Until 2.3, and since.
OLD = """
import_environment = KRB5_CONFIG KRB5RCACHENAME=none:
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = nopassword
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
"""
NEW = """
import_environment {{
  KRB5_CONFIG = %{{env:KRB5_CONFIG}}
  KRB5RCACHENAME = none:
}}
mail_driver = maildir
mail_path = {folder}/mail
passdb static {{
  fields {{
    nopassword = yes
  }}
}}
userdb static {{
  fields {{
    uid = {user}
    gid = {group}
    home = {folder}/home
  }}
}}
"""


def configuration(program: str) -> str:
    """In the language of that version."""
    said = subprocess.run(
        [program, "--version"], capture_output=True, text=True, timeout=20, check=True
    ).stdout
    major, minor = (int(part) for part in said.split(".")[:2])
    if (major, minor) < (2, 4):
        return COMMON + OLD
    version = f"{major}.{minor}.0"
    return (
        f"dovecot_config_version = {version}\ndovecot_storage_version = {version}\n"
        + COMMON
        + NEW
    )


@contextlib.contextmanager
def dovecot(folder: pathlib.Path, realm: Realm) -> Iterator[int]:
    program = shutil.which("dovecot", path=os.environ["PATH"] + ":/usr/sbin")
    modules = pathlib.Path("/usr/lib/dovecot/modules/auth/libmech_gssapi.so")
    if program is None or not modules.exists():
        pytest.skip("dovecot with GSSAPI is not installed")
    keytab = folder / "imap.keytab"
    with contextlib.suppress(RuntimeError):  # another test's
        realm.add_principal("imap/localhost")
    realm.write_keytab(keytab, "imap/localhost")
    user = "dovecot" if os.getuid() == 0 else getpass.getuser()
    who = pwd.getpwnam(user)
    if os.getuid() == 0:
        for path in (folder, keytab):
            os.chown(path, who.pw_uid, who.pw_gid)
        for parent in folder.parents:
            if str(parent).startswith("/tmp/") and parent.stat().st_uid == 0:  # noqa: S108
                parent.chmod(parent.stat().st_mode | 0o011)
    krb5 = folder / "krb5.conf"  # readable to its user
    shutil.copy(os.environ["KRB5_CONFIG"], krb5)
    krb5.chmod(0o644)
    port = free_port()
    (folder / "dovecot.conf").write_text(
        configuration(program).format(
            folder=folder, keytab=keytab, port=port, user=user,
            group=grp.getgrgid(who.pw_gid).gr_name,
        )
    )  # fmt: skip
    with (folder / "out").open("w") as out:
        server = subprocess.Popen(
            [program, "-F", "-c", str(folder / "dovecot.conf")],
            stdout=out, stderr=out,
            env={**os.environ, "KRB5_CONFIG": str(krb5)},
        )  # fmt: skip

    def answers() -> bool:
        try:
            imaplib.IMAP4("localhost", port, timeout=20).shutdown()
        except OSError:
            return False
        return True

    try:
        eventually(lambda: server.poll() is not None or answers(), 60)
        assert server.poll() is None, (folder / "out").read_text()
        yield port
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture(scope="module")
def port(krb5_realm: Realm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with dovecot(tmp_path_factory.mktemp("dovecot"), krb5_realm) as port:
        yield port


def test_page_runs(port: int, krb5_realm: Realm) -> None:
    """A mechanism fits where imaplib wants a function, as docs/sasl.md says."""
    assert_runs("imaplib", krb5_realm, {'"mail.example.org"': f'"localhost", {port}'})


def test_refused(port: int, krb5_realm: Realm) -> None:
    """Wrong: a server takes whoever has a ticket of its realm for whom they say they are."""
    with (
        imaplib.IMAP4("localhost", port, timeout=60) as imap,
        SaslClient("imap@localhost", identity=krb5_realm.client, authorization_id="bob",
                   layers=SecurityLayer.NONE, timeout=60) as sasl,
        pytest.raises(imaplib.IMAP4.error),
    ):  # fmt: skip
        imap.authenticate("GSSAPI", sasl.step_sync)


# ---- We are the server ----------------------------------------------------------------------


async def serve_imap(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, identity: Identity
) -> None:
    """As much of IMAP as a client needs to log on; the one mailbox is named after its user."""

    async def authenticate() -> str:
        async with SaslServer(
            layers=SecurityLayer.NONE, identity=identity, timeout=60
        ) as server:
            challenge = b""
            while not server.complete:
                writer.write(b"+ " + base64.b64encode(challenge) + b"\r\n")
                response = base64.b64decode(await reader.readline(), validate=False)
                challenge = await server.step(response)
            assert server.user is not None
            return server.user

    user = ""
    writer.write(b"* OK ready\r\n")
    while line := await reader.readline():
        tag, command = line.split()[:2]
        if command == b"CAPABILITY":
            writer.write(b"* CAPABILITY IMAP4rev1 AUTH=GSSAPI\r\n")
        elif command == b"AUTHENTICATE":
            user = await authenticate()
        elif command == b"LIST":
            writer.write(f'* LIST () "/" {user}\r\n'.encode())
        writer.write(tag + b" OK done\r\n")
        if command == b"LOGOUT":
            break
    writer.close()


@pytest.mark.asyncio
async def test_client_of_curl(krb5_realm: Realm) -> None:
    """Wrong: a challenge that others cannot read, or a user that is another."""
    if shutil.which("curl") is None or not curl_has("Kerberos"):
        pytest.skip("curl with Kerberos is not installed")
    with contextlib.suppress(RuntimeError):  # another test's
        krb5_realm.add_principal("imap/localhost")
    keys = krb5_realm.write_keytab(krb5_realm.folder / "imap.keytab", "imap/localhost")
    identity = Identity(keytab=keys, replay_cache="none:")
    server = await asyncio.start_server(
        lambda reader, writer: serve_imap(reader, writer, identity), "127.0.0.1", 0
    )
    async with server:
        curl = await asyncio.create_subprocess_exec(
            "curl", "--silent", "--show-error", "--max-time", "60", "--noproxy", "*",
            "--user", f"alice@{krb5_realm.name}:", "--login-options", "AUTH=GSSAPI",
            f"imap://localhost:{server.sockets[0].getsockname()[1]}/",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "KRB5CCNAME": krb5_realm.ccache},
        )  # fmt: skip
        said, errors = await curl.communicate()
    assert (curl.returncode, said.decode().strip()) == (
        0,
        f'* LIST () "/" alice@{krb5_realm.name}',
    ), errors
