# SPDX-License-Identifier: MIT
"""Kerberos in PostgreSQL's protocol: the examples, and PostgreSQL's own server."""

from __future__ import annotations

import contextlib
import getpass
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import eventually
from http_peers import free_port
from test_examples import run

from sspi_async.testing import Realm

SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
port = {port}
fsync = off
krb_server_keyfile = '{folder}/keytab'
"""
QUERY = "select principal || ' ' || encrypted from pg_stat_gssapi where pid = pg_backend_pid()"
WHO = """
hostgssenc all all 127.0.0.1/32 gss include_realm=0 krb_realm={realm}
hostnogssenc all all 127.0.0.1/32 gss include_realm=0 krb_realm={realm}
"""


def programs() -> pathlib.Path:
    """Where those of the newest version are; Debian has none of them on the path."""
    found = [*pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found:
        initdb = shutil.which("initdb")
        if initdb is None:
            pytest.skip("PostgreSQL's server is not installed")
        return pathlib.Path(initdb).parent
    return max(found, key=lambda path: float(path.parts[-3])).parent


@contextlib.contextmanager
def postgresql(folder: pathlib.Path, realm: Realm) -> Iterator[int]:
    """A server whose one user is alice; its port. It is never root's."""
    binaries = programs()
    user = "nobody" if os.getuid() == 0 else getpass.getuser()
    who = pwd.getpwnam(user)
    with contextlib.suppress(RuntimeError):  # another test's
        realm.add_principal("postgres/localhost")
    realm.write_keytab(folder / "keytab", "postgres/localhost")
    shutil.copy(os.environ["KRB5_CONFIG"], folder / "krb5.conf")
    (folder / "krb5.conf").chmod(0o644)
    if os.getuid() == 0:
        for path in (folder, folder / "keytab"):
            os.chown(path, who.pw_uid, who.pw_gid)
    options: dict[str, Any] = {
        "cwd": folder,
        "user": who.pw_uid if os.getuid() == 0 else None,
        "group": who.pw_gid if os.getuid() == 0 else None,
        "env": {
            "PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder),
            "KRB5_CONFIG": str(folder / "krb5.conf"), "KRB5RCACHENAME": "none:",
            "PGGSSENCMODE": "disable",
        },
    }  # fmt: skip
    data = folder / "data"
    subprocess.run(
        [binaries / "initdb", "--no-sync", "--username=alice", "--auth=reject", "-D", data],
        check=True, capture_output=True, timeout=120, **options,
    )  # fmt: skip
    subprocess.run(
        [binaries / "postgres", "--single", "-F", "-D", data, "postgres"],
        input=b"create database alice\n",
        check=True, capture_output=True, timeout=120, **options,
    )  # fmt: skip
    port = free_port()
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS.format(port=port, folder=folder))
    (data / "pg_hba.conf").write_text(WHO.format(realm=realm.name))
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data], stdout=log, stderr=log, **options
        )

    def ready() -> bool:
        """It listens some time before that."""
        program = str(binaries / "pg_isready")
        command = [program, "--host=127.0.0.1", f"--port={port}", "--quiet"]
        return subprocess.run(command, timeout=60, check=False, **options).returncode == 0

    try:
        eventually(lambda: server.poll() is not None or ready(), 60)
        assert server.poll() is None, (folder / "log").read_text()
        yield port
    finally:
        server.send_signal(signal.SIGINT)  # it does not wait for its clients then
        server.wait(60)


@pytest.fixture(scope="module")
def port(krb5_realm: Realm) -> Iterator[int]:
    # Not in pytest's folder, which other users cannot enter.
    with tempfile.TemporaryDirectory(prefix="sspi-async-postgresql.") as name:
        folder = pathlib.Path(name)
        with postgresql(folder, krb5_realm) as port:
            yield port


@pytest.mark.parametrize(
    ("example", "encrypted"),
    [("postgresql_gss.py", "false"), ("postgresql_gssenc.py", "true")],
)
def test_server_knows_us(example: str, encrypted: str, port: int, krb5_realm: Realm) -> None:
    """Wrong: a server that takes us for nobody, or for somebody else."""
    tickets = {"KRB5CCNAME": krb5_realm.ccache}
    done = run(example, "localhost", str(port), "alice", QUERY, env=tickets)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"alice@{krb5_realm.name} {encrypted}\n"
    done = run(example, "localhost", str(port), "bob", QUERY, env=tickets)
    assert (done.returncode, done.stdout) == (1, "")
    assert 'GSSAPI authentication failed for user "bob"' in done.stderr
    done = run(
        example, "localhost", str(port), "alice", QUERY, env={"KRB5CCNAME": "FILE:/nowhere"}
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "NoCredentials" in done.stderr
