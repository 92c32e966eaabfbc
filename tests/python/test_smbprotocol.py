# SPDX-License-Identifier: MIT
"""Our Negotiate in SMB: smbprotocol, and Samba's smbd.

smbd gets a folder of its own, and a /run of its own in a mount namespace.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator

import pytest
from conftest import eventually
from http_peers import free_port
from test_examples import run

from sspi_async.testing import Realm

pytest.importorskip("smbprotocol")

# A user of the system that Debian always has.
USER, PASSWORD = "daemon", "correct-horse"
TEXT = "a file of a share\n" * 10_000

CONFIGURATION = """[global]
workgroup = TEST
netbios name = localhost
server role = standalone server
realm = {realm.name}
kerberos method = dedicated keytab
dedicated keytab file = {folder}/keytab
username map = {folder}/users
passdb backend = smbpasswd:{folder}/smbpasswd
private dir = {folder}
lock directory = {folder}
state directory = {folder}
cache directory = {folder}
pid directory = {folder}
ncalrpc dir = {folder}/ncalrpc
log file = {folder}/log
interfaces = lo
bind interfaces only = yes
smb ports = {port}
disable netbios = yes
load printers = no
server signing = mandatory
server smb encrypt = {encrypt}
[share]
path = {folder}/share
read only = yes
"""
APART = "mount -t tmpfs tmpfs /run && mkdir -p -m 755 /run/samba"


@contextlib.contextmanager
def smbd(folder: pathlib.Path, realm: Realm, encrypt: str) -> Iterator[int]:
    """A server with a share and a user; its port."""
    program = shutil.which("smbd", path=os.environ["PATH"] + ":/usr/sbin")
    unshare = shutil.which("unshare")
    apart = [str(unshare), "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c"]
    if program is None or shutil.which("smbpasswd") is None:
        pytest.skip("samba is not installed")
    if unshare is None or subprocess.run([*apart, APART], check=False, timeout=60).returncode:
        pytest.skip("no namespaces can be made here (root may)")
    with contextlib.suppress(RuntimeError):  # another test's
        realm.add_principal("+no_auth_data_required cifs/localhost")
    realm.write_keytab(folder / "keytab", "cifs/localhost")
    (folder / "users").write_text(f"{USER} = TEST\\alice\n")
    share = folder / "share"
    share.mkdir()
    (share / "file").write_text(TEXT)
    port = free_port()
    settings = folder / "smb.conf"
    settings.write_text(
        CONFIGURATION.format(folder=folder, realm=realm, port=port, encrypt=encrypt)
    )
    subprocess.run(
        ["smbpasswd", "-c", settings, "-s", "-a", USER],
        input=f"{PASSWORD}\n" * 2, text=True, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    command = f'{APART} && exec "$@"'
    with (folder / "out").open("wb") as out:
        server = subprocess.Popen(
            [*apart, command, "sh", program, "-F", "--no-process-group", "-s", settings,
             "--debug-stdout"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            env={**os.environ, "KRB5RCACHENAME": "none:"},
        )  # fmt: skip

    def listens() -> bool:
        with socket.socket() as end:
            return end.connect_ex(("127.0.0.1", port)) == 0

    try:
        eventually(lambda: server.poll() is not None or listens(), 60)
        assert server.poll() is None, (folder / "out").read_text()
        yield port
    finally:
        server.kill()  # and with unshare all that it has started
        server.wait(60)


@pytest.mark.parametrize("encrypt", ["off", "required"])
def test_example_reads_a_file(encrypt: str, krb5_realm: Realm) -> None:
    """Wrong: a logon that is refused, or a key that is not the server's, for what is signed."""
    path = r"\\localhost\share\file"
    tickets = {"KRB5CCNAME": krb5_realm.ccache}
    nobody = {"KRB5CCNAME": "FILE:/nowhere"}
    # Not in pytest's folder, which other users cannot enter.
    with tempfile.TemporaryDirectory(prefix="sspi-async-smb.") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        with smbd(folder, krb5_realm, encrypt) as port:
            done = run("smb_client.py", str(port), path, env=tickets)
            log = (folder / "out").read_text()
            assert (done.returncode, done.stdout) == (0, TEXT), done.stderr + log
            done = run("smb_client.py", str(port), path, USER, PASSWORD, env=nobody)
            assert (done.returncode, done.stdout) == (0, TEXT), done.stderr
            done = run("smb_client.py", str(port), path, USER, "wrong", env=nobody)
            assert done.returncode == 1
            assert "STATUS_LOGON_FAILURE" in done.stderr
            done = run("smb_client.py", str(port), path, env=nobody)
            assert done.returncode == 1
            assert "NoCredentials" in done.stderr
