# SPDX-License-Identifier: MIT
"""What a wheel can do on this system: Kerberos always, the rest as far as there is OpenSSL 3.

wheel.sh runs it, with the system's Python and no other package.
"""

import asyncio
import ctypes
import pathlib
import platform
import tempfile

import sspi_async
from sspi_async import Identity
from sspi_async.testing.realm import Realm

TARGET = "HTTP@localhost"


async def shake_hands(package: str, ours: Identity, theirs: Identity) -> str:
    """Shake hands and seal a message.

    Args:
        package: By which package.
        ours: Who we are.
        theirs: The server's credential.

    Returns:
        The user as the server knows it.
    """
    client = sspi_async.client(TARGET, package=package, identity=ours)
    server = sspi_async.server(package=package, identity=theirs)
    async with client, server:
        token = await client.step(timeout=60)
        while token:
            token = await server.step(token, timeout=60)
            if token:
                token = await client.step(token, timeout=60)
        assert server.decrypt(client.encrypt(b"hello")) == b"hello"
        return server.attributes.user_name


async def kerberos(realm: Realm) -> None:
    """Log on by Kerberos and by Negotiate, and give up on a silent KDC.

    Args:
        realm: The KDC.
    """
    for package in ("Kerberos", "Negotiate"):
        user = await shake_hands(package, realm.client, realm.server)
        assert user == f"alice@{realm.name}", user
    password = Identity(user="bob", domain=realm.name, password=realm.password_of("bob"))
    with realm.frozen():
        try:
            await sspi_async.client(TARGET, identity=password).step(timeout=0.5)
        except TimeoutError:
            return
    raise AssertionError("a KDC that says nothing gave a token")


def has_openssl_3() -> bool:
    """Find out whether this system has OpenSSL 3."""
    try:
        ctypes.CDLL("libssl.so.3")
    except OSError:
        return False
    return True


def ntlm(users: pathlib.Path) -> None:
    """Log on by NTLM, or be told what it needs.

    Args:
        users: A file to write the accounts to.
    """
    users.write_text("TEST:alice:correct-horse\n")
    alice = Identity(user="alice", domain="TEST", password="correct-horse")
    found = {info.name for info in sspi_async.packages()}
    assert ({"NTLM", "Schannel"} <= found) == has_openssl_3(), found
    why = ""
    try:
        user = asyncio.run(shake_hands("NTLM", alice, Identity(ntlm_user_file=str(users))))
        assert user == "TEST\\alice", user
    except sspi_async.PackageNotFound as error:
        why = str(error)
        print(why)
    assert ("OpenSSL 3" in why) != has_openssl_3(), why


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        with Realm(pathlib.Path(folder) / "realm") as realm:
            asyncio.run(kerberos(realm))
        ntlm(pathlib.Path(folder) / "users")
    print("the wheel works with", *platform.libc_ver())
