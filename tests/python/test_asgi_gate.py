# SPDX-License-Identifier: MIT
"""The server's side of HTTP authentication, without a server: fields in, decisions out.

The contexts are those of the package Scripted (a token says what its leg does) and of NTLM.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest
from conftest import Probe

import sspi_async
from sspi_async import Credential, CredentialUse, SecurityContext, SspiError
from sspi_async.http._server import Answer, Connection, Gate, Limits, Pass, Step, User
from sspi_async.testing import NtlmUsers


class Socket:
    """What a server has of a connection."""


class Desk:
    """A gate, and who makes the legs."""

    def __init__(
        self, credential: Credential, *, required: bool = True, persistent: bool = True,
        schemes: tuple[str, ...] = ("Negotiate",), max_handshakes: int = 10,
    ) -> None:  # fmt: skip
        self.now = 0.0
        self.credential = credential
        self.gate = Gate(
            schemes=schemes,
            required=required,
            persistent=persistent,
            limits=Limits(max_token=100, max_handshakes=max_handshakes, handshake_timeout=30),
            clock=lambda: self.now,
        )

    def make(self) -> SecurityContext:
        return sspi_async.server(credential=self.credential)

    def begin(self, connection: object | None, *fields: str, lasting: bool = True) -> Any:
        where = None if connection is None else Connection(connection, lasting)
        return self.gate.begin(fields, where, self.make)

    def finish(self, step: Any) -> Any:
        assert isinstance(step, Step)
        try:
            return self.gate.stepped(step, step.context.step(step.token).result(20))
        except SspiError as error:
            return self.gate.failed(step, error)

    def send(self, connection: object | None, token: bytes | str, **options: bool) -> Any:
        return self.finish(self.begin(connection, field_of(token), **options))


def field_of(token: bytes | str, scheme: str = "Negotiate") -> str:
    raw = token.encode() if isinstance(token, str) else token
    return f"{scheme} {base64.b64encode(raw).decode()}"


def challenges(answer: Any) -> list[str]:
    assert isinstance(answer, Answer)
    return [value for name, value in answer.fields if name == "WWW-Authenticate"]


def token_of(answer: Any) -> bytes:
    return base64.b64decode(challenges(answer)[0].partition(" ")[2])


@pytest.fixture
def desk(probe: Probe) -> Desk:
    return Desk(probe.credential)


def test_who_sends_nothing_is_asked(probe: Probe) -> None:
    desk = Desk(probe.credential, schemes=("Negotiate", "NTLM"))
    for fields in ((), ("Basic dTpw",), ("negotiate",), ("Digest a=b, c",)):
        answer = desk.begin(Socket(), *fields)
        assert (answer.status, challenges(answer)) == (401, ["Negotiate", "NTLM"])
    assert desk.gate.under_way == 0


def test_nobody_may_pass_where_it_is_optional(probe: Probe) -> None:
    desk = Desk(probe.credential, required=False)
    assert desk.begin(Socket()) == Pass(None)
    assert desk.begin(Socket(), "Basic dTpw") == Pass(None)
    # But whoever says who they are must be that.
    answer = desk.send(Socket(), "status=SEC_E_LOGON_DENIED")
    assert (answer.status, challenges(answer)) == (401, ["Negotiate"])


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (400, ("Negotiate ====",)),
        (400, ("Negotiate realm=x",)),
        (400, ("Negotiate YQ==, Negotiate YQ==",)),
        (400, ("Negotiate YQ==", "Negotiate YQ==")),
        (400, ("Basic dTpw", "Negotiate YQ==")),
        (400, ("Negotiate YQ=",)),
        (431, ("Negotiate " + "A" * 140,)),
    ],
)
def test_what_cannot_be_read_is_refused(
    desk: Desk, status: int, fields: tuple[str, ...]
) -> None:
    assert desk.begin(Socket(), *fields).status == status
    assert desk.gate.under_way == 0


def test_one_leg_lets_a_request_pass(desk: Desk, probe: Probe) -> None:
    passed = desk.send(None, "token='proof'")
    assert isinstance(passed, Pass)
    assert passed.user is not None
    assert (str(passed.user), passed.user.mechanism) == (passed.user.name, "Scripted")
    assert passed.fields == (("WWW-Authenticate", field_of("proof")),)
    assert probe.live_contexts == 1
    desk.gate.end(passed)
    assert desk.gate.under_way == 0


def test_handshake_is_its_connections(desk: Desk) -> None:
    """Wrong: somebody goes on with what another has begun."""
    mine, other = Socket(), Socket()
    assert token_of(desk.send(mine, "more token='go on'")) == b"go on"
    assert desk.gate.under_way == 1
    # To the other's connection, this token is a first one.
    step = desk.begin(other, field_of("more"))
    half_way = desk.begin(mine, field_of("status=SEC_E_OK"))
    assert half_way.context is not step.context
    assert isinstance(desk.finish(step), Answer)
    passed = desk.finish(half_way)
    assert isinstance(passed, Pass)
    desk.gate.end(passed)
    desk.gate.close()
    assert desk.gate.under_way == 0


def test_second_leg_needs_a_connection(desk: Desk) -> None:
    answer = desk.send(None, "more")
    assert (answer.status, challenges(answer)) == (401, ["Negotiate"])
    assert b"HTTP/1.1" in answer.body
    assert desk.gate.under_way == 0


def test_address_is_good_for_a_handshake(desk: Desk) -> None:
    address = ("127.0.0.1", 1024)
    assert token_of(desk.send(address, "more token='go on'", lasting=False)) == b"go on"
    passed = desk.send(address, "token=0", lasting=False)
    assert isinstance(passed, Pass)
    assert passed.fields == ()
    desk.gate.end(passed)


@pytest.mark.parametrize("first", [b"\x60\x01", b"NTLMSSP\0\1\0\0\0"])
def test_first_token_begins_anew(desk: Desk, first: bytes) -> None:
    """Wrong: a client that gave up half-way can never log on by this connection."""
    socket = Socket()
    former = desk.begin(socket, field_of("more"))
    desk.finish(former)
    step = desk.begin(socket, field_of(first))
    assert step.context is not former.context
    desk.gate.abandoned(step)
    assert desk.gate.under_way == 0


def test_handshake_that_is_late_is_over(desk: Desk) -> None:
    socket = Socket()
    former = desk.begin(socket, field_of("more"))
    desk.finish(former)
    desk.now = 30
    step = desk.begin(socket, field_of("more"))
    assert step.context is not former.context
    desk.finish(step)
    # Others clear away what nobody comes back for.
    desk.now = 60
    desk.gate.end(desk.send(None, "token=0"))
    assert desk.gate.under_way == 0


def test_oldest_half_way_makes_room(probe: Probe) -> None:
    desk = Desk(probe.credential, max_handshakes=2)
    sockets = [Socket() for _ in range(3)]
    steps = []
    for socket in sockets:
        steps.append(desk.begin(socket, field_of("more")))
        desk.finish(steps[-1])
        assert desk.gate.under_way <= 2
    assert desk.begin(sockets[1], field_of("more")).context is steps[1].context
    step = desk.begin(sockets[0], field_of("more"))
    assert step.context is not steps[0].context
    # Two legs run now, and nobody can make room.
    answer = desk.begin(sockets[2], field_of("\x60"))
    assert answer.status == 503
    assert ("Retry-After", "1") in answer.fields
    desk.gate.abandoned(step)
    desk.gate.abandoned(steps[1])
    assert desk.gate.under_way == 0


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        ("SEC_E_LOGON_DENIED", 401),
        ("SEC_E_INVALID_TOKEN", 401),
        ("SEC_E_BAD_BINDINGS", 401),
        ("SEC_E_NO_CREDENTIALS", 500),
        ("SEC_E_NO_AUTHENTICATING_AUTHORITY", 503),
        ("SEC_E_INSUFFICIENT_MEMORY", 503),
    ],
)
def test_failure_has_its_status(desk: Desk, failure: str, status: int) -> None:
    answer = desk.send(Socket(), f"status={failure} say='secret reasons'")
    assert answer.status == status
    assert b"secret" not in answer.body
    assert challenges(answer) == (["Negotiate"] if status == 401 else [])
    assert desk.gate.under_way == 0


def test_failure_tells_the_client_what_the_package_says(desk: Desk) -> None:
    answer = desk.send(Socket(), "status=SEC_E_TIME_SKEW token='what time is it'")
    assert token_of(answer) == b"what time is it"


def test_close_deletes_what_is_left(desk: Desk, probe: Probe) -> None:
    for _ in range(3):
        desk.send(Socket(), "more")
    assert probe.live_contexts == 3
    desk.gate.close()
    assert desk.gate.under_way == 0


def test_context_that_cannot_be_made_refuses_the_request(desk: Desk) -> None:
    def make() -> SecurityContext:
        raise ValueError("no bindings")

    answer = desk.gate.begin([field_of("x")], None, make)
    assert isinstance(answer, Answer)
    assert answer.status == 403
    assert desk.gate.under_way == 0


# ---- NTLM's user is the connection's -----------------------------------------------------


@pytest.fixture
def ntlm(ntlm_users: NtlmUsers) -> Any:
    with Credential.acquire(
        "Negotiate", CredentialUse.INBOUND, identity=ntlm_users.server
    ).result(20) as credential:
        desk = Desk(credential)
        desk.gate._limits = Limits(65536, 10, 30)
        yield desk
        desk.gate.close()


def log_on(desk: Desk, users: NtlmUsers, connection: object, user: str, **options: bool) -> Any:
    """Log on by NTLM, to the last decision."""
    with sspi_async.client(None, package="NTLM", identity=users.client(user)) as client:
        answer = desk.send(connection, client.step().result(20), **options)
        return desk.send(connection, client.step(token_of(answer)).result(20), **options)


def test_connection_keeps_its_user(ntlm: Desk, ntlm_users: NtlmUsers) -> None:
    socket = Socket()
    passed = log_on(ntlm, ntlm_users, socket, "alice")
    assert passed.user == User("TEST\\alice", "NTLM")
    assert passed.user.context is not None
    ntlm.gate.end(passed)
    again = ntlm.begin(socket)
    assert again == Pass(User("TEST\\alice", "NTLM"))
    assert again.user.context is None  # kept is a name
    assert again.user.delegated is None
    ntlm.gate.end(again)
    assert ntlm.begin(Socket()).status == 401
    assert ntlm.begin(None).status == 401
    # Even a connection that is equal in all that can be seen has no user if it may be another.
    assert ntlm.begin(socket, lasting=False).status == 401


def test_user_is_forgotten_when_a_token_comes(ntlm: Desk, ntlm_users: NtlmUsers) -> None:
    """Wrong: bob fails to log on, and is alice."""
    socket = Socket()
    ntlm.gate.end(log_on(ntlm, ntlm_users, socket, "alice"))
    assert ntlm.send(socket, b"rubbish").status == 401
    assert ntlm.begin(socket).status == 401
    ntlm.gate.end(log_on(ntlm, ntlm_users, socket, "bob"))
    assert ntlm.begin(socket).user.name == "TEST\\bob"


def test_user_goes_with_the_connection(ntlm: Desk, ntlm_users: NtlmUsers) -> None:
    socket = Socket()
    ntlm.gate.end(log_on(ntlm, ntlm_users, socket, "alice"))
    assert len(ntlm.gate._users) == 1
    del socket
    assert len(ntlm.gate._users) == 0


def test_address_keeps_no_user(ntlm: Desk, ntlm_users: NtlmUsers) -> None:
    """Wrong: the next client from this address and port is alice."""
    address = ("127.0.0.1", 1024)
    ntlm.gate.end(log_on(ntlm, ntlm_users, address, "alice", lasting=False))
    assert ntlm.begin(address, lasting=False).status == 401


def test_no_user_is_kept_if_that_is_not_wanted(ntlm: Desk, ntlm_users: NtlmUsers) -> None:
    ntlm.gate._persistent = False
    socket = Socket()
    ntlm.gate.end(log_on(ntlm, ntlm_users, socket, "alice"))
    assert ntlm.begin(socket).status == 401
