# SPDX-License-Identifier: MIT
"""What the fixture krb5_realm brings: users in every condition, tickets of any age, trust."""

from __future__ import annotations

import datetime
import os

import pytest
from conftest import handshake

import sspi_async
from sspi_async import Credential, Identity, LogonDenied, _krb5
from sspi_async.testing import Realm

# Where an answer comes, however busy the machine is.
PATIENT = 60


def log_on(
    realm: Realm, client: Identity, server: Identity | None = None, host: str = "localhost"
) -> str:
    """A handshake with a service; returns who it takes the client for."""
    with (
        sspi_async.client(
            f"HTTP@{host}", package="Kerberos", identity=client, timeout=PATIENT
        ) as ours,
        sspi_async.server(
            package="Kerberos", identity=server or realm.server, timeout=PATIENT
        ) as theirs,
    ):
        handshake(ours, theirs)
        return theirs.attributes.user_name


def test_frozen_is_for_a_block(krb5_realm: Realm) -> None:
    alice = Identity(user=f"alice@{krb5_realm.name}", password=krb5_realm.password_of("alice"))
    with Credential.acquire("Kerberos", identity=alice).result(PATIENT) as credential:
        with krb5_realm.frozen() as same:
            assert same is krb5_realm
            with (
                sspi_async.client("HTTP@localhost", credential=credential) as stuck,
                pytest.raises(sspi_async.DeadlineExceeded),
            ):
                stuck.step(timeout=0.1).result(PATIENT)
        with sspi_async.client("HTTP@localhost", credential=credential) as context:
            assert context.step(timeout=PATIENT).result()


def test_frozen_ends_with_a_failure_too(krb5_realm: Realm) -> None:
    """Wrong would be: one failed test, and all that come after it hang."""
    with pytest.raises(ZeroDivisionError), krb5_realm.frozen():
        raise ZeroDivisionError
    assert krb5_realm.kinit()


@pytest.mark.parametrize("user", ["alice", "bob"])
@pytest.mark.parametrize("lifetime", [600, datetime.timedelta(minutes=10)])
def test_kinit_gets_tickets_of_a_lifetime(
    user: str, lifetime: float | datetime.timedelta, krb5_realm: Realm,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    identity = krb5_realm.kinit(user, lifetime)
    assert log_on(krb5_realm, identity) == f"{user}@{krb5_realm.name}"
    monkeypatch.setenv("KRB5CCNAME", str(identity.ccache))
    with _krb5.Krb5() as krb5:
        cache = krb5.default_cache()
    granting = next(ticket for ticket in cache.tickets if ticket.grants_tickets)
    # It begins when the KDC answers, which is later than kinit's request.
    span = granting.end - granting.start
    assert datetime.timedelta(0) < span <= datetime.timedelta(minutes=10)


def test_kinit_says_why_not(krb5_realm: Realm) -> None:
    with pytest.raises(RuntimeError, match=r"kinit alice: .*[Pp]assword incorrect"):
        krb5_realm.kinit(password="wrong")


def test_users_in_every_condition(krb5_realm: Realm) -> None:
    for name, said in (
        ("expired", "has expired"),
        ("locked", "revoked"),
        ("password_expired", "Password has expired"),
    ):
        identity: Identity = getattr(krb5_realm, name)
        assert identity is getattr(krb5_realm, name)
        with pytest.raises(LogonDenied, match=said):
            log_on(krb5_realm, identity)


def test_user_of_ones_own_logs_on(krb5_realm: Realm) -> None:
    dora = krb5_realm.add_user("dora")
    assert log_on(krb5_realm, dora) == f"dora@{krb5_realm.name}"
    assert log_on(krb5_realm, krb5_realm.kinit("dora")) == f"dora@{krb5_realm.name}"


def test_tickets_that_are_no_good(krb5_realm: Realm) -> None:
    with pytest.raises(sspi_async.NoCredentials, match="expired"):
        log_on(krb5_realm, krb5_realm.expired_tickets)
    with pytest.raises(sspi_async.TimeSkew, match="not yet valid"):
        log_on(krb5_realm, krb5_realm.future_tickets)


def test_stale_keytab_is_the_servers_fault(krb5_realm: Realm) -> None:
    assert os.path.exists(krb5_realm.stale_keytab.partition(":")[2])  # noqa: PTH110
    with pytest.raises(sspi_async.WrongPrincipal, match="keytab"):
        log_on(krb5_realm, krb5_realm.client, krb5_realm.stale_server)


def test_realms_trust_each_other(krb5_realm: Realm) -> None:
    other = krb5_realm.trusted
    assert other is krb5_realm.trusted
    assert other.name != krb5_realm.name
    assert (
        log_on(krb5_realm, krb5_realm.kinit(), other.server, "service.other.test")
        == f"alice@{krb5_realm.name}"
    )
    stranger = Identity(user=f"alice@{other.name}", password=other.password_of("alice"))
    assert log_on(krb5_realm, stranger) == f"alice@{other.name}"


def test_silence_of_the_other_realm_ends_at_the_deadline(krb5_realm: Realm) -> None:
    with (
        krb5_realm.trusted.frozen(),
        sspi_async.client(
            "HTTP@service.other.test", package="Kerberos", identity=krb5_realm.kinit()
        ) as stuck,
        pytest.raises(sspi_async.DeadlineExceeded),
    ):
        stuck.step(timeout=0.5).result(PATIENT)


def test_fresh_realm_is_another_one(krb5_realm: Realm, fresh_krb5_realm: Realm) -> None:
    assert fresh_krb5_realm.folder != krb5_realm.folder
    assert os.environ["KRB5_CONFIG"] == fresh_krb5_realm.environment["KRB5_CONFIG"]
    fresh_krb5_realm.freeze()  # and nobody thaws it: it is this test's alone


def test_realm_of_the_session_is_back(krb5_realm: Realm) -> None:
    """After the one above. Wrong would be: the configuration of a realm that is gone."""
    assert os.environ["KRB5_CONFIG"] == krb5_realm.environment["KRB5_CONFIG"]
    assert log_on(krb5_realm, krb5_realm.client) == f"alice@{krb5_realm.name}"
