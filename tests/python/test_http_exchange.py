# SPDX-License-Identifier: MIT
"""The moves of an exchange, without HTTP: a status and fields in, a field out."""

from __future__ import annotations

import base64
from typing import Any

import pytest

import sspi_async
from sspi_async import Credential, Identity, SspiError, Status
from sspi_async.http._client import DISABLED, OPTIONAL, REQUIRED, Client
from sspi_async.http._dialogue import Dialogue, change, harmless
from sspi_async.http._exchange import Answer, Exchange, MutualAuthenticationError
from sspi_async.http._wait import finish, on_this_thread
from sspi_async.testing import Leg, NtlmUsers, release, scripted

ONE = Leg(token="one")
TWO = Leg(token="two", expect="from server")
PROOF = Leg(token="", expect="from server")


def b64(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return base64.b64encode(raw).decode()


def answer(status: int, *fields: str, **more: Any) -> Answer:
    return Answer(status, lambda name: fields if name.endswith("-Authenticate") else (), **more)


def asked(*legs: Leg, **settings: Any) -> Exchange:
    """An exchange whose server has asked, and which has answered."""
    exchange = Exchange(Client(creds=scripted(*legs), **settings), "host", on_this_thread)
    assert finish(exchange.begin()) is None
    assert finish(exchange.answer(answer(401, "Negotiate"))) == f"Negotiate {b64('one')}"
    return exchange


def live_contexts(exchange: Exchange) -> bool:
    return exchange._context is not None


def test_page_that_nobody_protects() -> None:
    """Wrong: a token for a server that has not asked."""
    exchange = Exchange(Client(creds=scripted(ONE)), "host", on_this_thread)
    assert finish(exchange.begin()) is None
    assert finish(exchange.answer(answer(200))) is None
    assert finish(exchange.answer(answer(401, "Negotiate"))) is None


@pytest.mark.parametrize("fields", [(), ("Basic realm=x",), ("NTLM",), ('Negotiate="',)])
def test_other_schemes_are_not_ours(fields: tuple[str, ...]) -> None:
    """Wrong: an error where the caller would like to see the answer."""
    exchange = Exchange(Client(creds=scripted(ONE)), "host", on_this_thread)
    assert finish(exchange.answer(answer(401, *fields))) is None
    assert not live_contexts(exchange)


def test_legs_go_on_until_the_page() -> None:
    """Wrong: a leg left out, or a context left behind."""
    exchange = asked(ONE, TWO)
    header = finish(exchange.answer(answer(401, f"negotiate {b64('from server')}")))
    assert header == f"Negotiate {b64('two')}"
    assert finish(exchange.answer(answer(200))) is None
    assert not live_contexts(exchange)


def test_refusal_is_the_end() -> None:
    """Wrong: a password that was refused is sent again, and the account locked."""
    exchange = asked(ONE)
    assert finish(exchange.answer(answer(401, "Negotiate"))) is None
    assert not live_contexts(exchange)
    assert finish(exchange.answer(answer(401, "Negotiate"))) is None


def test_refusal_between_legs_is_the_end() -> None:
    """Wrong: a handshake with a server that does not want this mechanism, for ever."""
    exchange = asked(ONE, TWO)
    assert finish(exchange.answer(answer(401, "Negotiate"))) is None


def test_reject_token_is_a_refusal() -> None:
    """Wrong: an exception for what the answer says: 401."""
    exchange = asked(ONE, Leg(status=Status.SEC_E_LOGON_DENIED))
    assert finish(exchange.answer(answer(401, f"Negotiate {b64('no')}"))) is None


def test_legs_that_do_not_end_do() -> None:
    """Wrong: a server that keeps a client busy for ever."""
    legs = [Leg(token="one"), *[Leg(token="more")] * 20]
    exchange = asked(*legs)
    with pytest.raises(SspiError, match="do not end"):
        for _ in range(20):
            finish(exchange.answer(answer(401, f"Negotiate {b64('x')}")))


def test_unreadable_token_is_none() -> None:
    """Wrong: garbage decoded in part, and believed."""
    exchange = asked(ONE, TWO)
    assert finish(exchange.answer(answer(401, "Negotiate Y-I_"))) is None


@pytest.mark.parametrize("policy", [REQUIRED, OPTIONAL])
def test_server_proves_itself_with_the_page(policy: int) -> None:
    """Wrong: a proof that nobody looks at."""
    exchange = asked(ONE, PROOF, mutual_authentication=policy)
    assert finish(exchange.answer(answer(200, f"Negotiate {b64('from server')}"))) is None
    assert exchange.proven


@pytest.mark.parametrize("policy", [REQUIRED, OPTIONAL])
@pytest.mark.parametrize("status", [200, 500])
def test_false_proof_is_an_error(policy: int, status: int) -> None:
    """Wrong: a page of whoever got in between."""
    exchange = asked(ONE, PROOF, mutual_authentication=policy)
    with pytest.raises(MutualAuthenticationError, match="is not valid") as caught:
        finish(exchange.answer(answer(status, f"Negotiate {b64('from nobody')}")))
    assert caught.value.status is Status.SEC_E_MUTUAL_AUTH_FAILED
    assert not live_contexts(exchange)


def test_missing_proof() -> None:
    """Wrong: who demands a proof goes without; who does not, gets an error."""
    exchange = asked(ONE, PROOF, mutual_authentication=REQUIRED)
    with pytest.raises(MutualAuthenticationError, match="has not proved"):
        finish(exchange.answer(answer(200)))
    for policy in (OPTIONAL, DISABLED):
        exchange = asked(ONE, PROOF, mutual_authentication=policy)
        assert finish(exchange.answer(answer(200))) is None
        assert not exchange.proven


def test_proof_that_nobody_wants_is_left_alone() -> None:
    """Wrong: an error for what was turned off."""
    exchange = asked(ONE, PROOF)
    assert finish(exchange.answer(answer(200, f"Negotiate {b64('from nobody')}"))) is None


def test_page_without_being_asked_proves_nothing() -> None:
    """Wrong: to evade the proof it is enough not to ask who the client is."""
    client = Client(REQUIRED, creds=scripted(ONE))
    dialogue = Dialogue(client, "host", on_this_thread)
    with pytest.raises(MutualAuthenticationError, match="has not asked"):
        finish(dialogue.answer(answer(200)))
    dialogue = Dialogue(client, "host", on_this_thread)
    assert finish(dialogue.answer(answer(404))) is None
    assert dialogue.must_strip(404)
    assert not dialogue.must_strip(401)
    relaxed = Client(REQUIRED, creds=scripted(ONE), sanitize_mutual_error_response=False)
    dialogue = Dialogue(relaxed, "host", on_this_thread)
    assert finish(dialogue.answer(answer(404))) is None
    assert not dialogue.must_strip(404)


def test_unasked_token_that_is_refused_is_made_anew_once() -> None:
    """Wrong: no second try with what the server asks for, or more than one."""
    client = Client(opportunistic_auth=True, creds=scripted(ONE))
    exchange = Exchange(client, "host", on_this_thread)
    assert finish(exchange.begin()) == f"Negotiate {b64('one')}"
    assert finish(exchange.answer(answer(401, "Negotiate"))) == f"Negotiate {b64('one')}"
    assert finish(exchange.answer(answer(401, "Negotiate"))) is None


def test_unasked_handshake_that_was_refused_is_not_made_anew() -> None:
    """Wrong: a wrong password sent twice, because the first leg went unasked."""
    client = Client(opportunistic_auth=True, creds=scripted(ONE, TWO))
    exchange = Exchange(client, "host", on_this_thread)
    assert finish(exchange.begin())
    assert finish(exchange.answer(answer(401, f"Negotiate {b64('from server')}")))
    assert finish(exchange.answer(answer(401, "Negotiate"))) is None


def test_legs_that_parted_begin_anew() -> None:
    """Wrong: a logon fails because a pool gave the second leg another connection."""
    here, there = object(), object()
    exchange = asked(ONE, TWO)
    token = f"Negotiate {b64('from server')}"
    assert finish(exchange.answer(answer(401, token, connection=here)))
    again = finish(exchange.answer(answer(401, "Negotiate", connection=there)))
    assert again == f"Negotiate {b64('one')}"
    assert finish(exchange.answer(answer(401, token, connection=there)))
    assert finish(exchange.answer(answer(401, "Negotiate", connection=there))) is None


def test_legs_that_part_always_end() -> None:
    """Wrong: a pool with two connections that keeps a client busy for ever."""
    exchange = asked(ONE, TWO)
    token = f"Negotiate {b64('from server')}"
    rounds = 0
    while finish(exchange.answer(answer(401, token, connection=object()))):
        rounds += 1
        if not finish(exchange.answer(answer(401, "Negotiate", connection=object()))):
            break
    assert rounds == 10


def test_half_a_handshake_of_others_is_no_refusal(ntlm_users: NtlmUsers) -> None:
    """Wrong: a first leg taken for another's second is the end; or each refusal is doubted."""
    for littered in (False, True):
        exchange = Exchange(ntlm(ntlm_users), "host", on_this_thread)
        assert finish(exchange.answer(answer(401, "NTLM", littered=littered)))
        again = finish(exchange.answer(answer(401, "NTLM", littered=littered)))
        assert (again is not None, exchange.anew) == (littered, littered)
        exchange.close()


def test_leg_that_fails_is_an_error() -> None:
    """Wrong: a 401 without the reason, when the reason is on this side."""
    denied = Leg(status=Status.SEC_E_NO_AUTHENTICATING_AUTHORITY, say="the KDC sleeps")
    exchange = Exchange(Client(creds=scripted(denied)), "host", on_this_thread)
    with pytest.raises(sspi_async.NoAuthority, match="the KDC sleeps"):
        finish(exchange.answer(answer(401, "Negotiate")))


def test_leg_ends_at_the_timeout() -> None:
    """Wrong: a KDC that is silent holds up a request for longer than its timeout."""
    client = Client(creds=scripted(Leg(block=True)), timeout=0.05)
    exchange = Exchange(client, "host", on_this_thread, timeout=60)
    try:
        with pytest.raises(TimeoutError):
            finish(exchange.answer(answer(401, "Negotiate")))
    finally:
        release()
    exchange.close()


def ntlm(users: NtlmUsers, **settings: Any) -> Client:
    return Client(identity=users.client(), **settings)


def test_ntlm_is_of_a_connection(ntlm_users: NtlmUsers) -> None:
    """Wrong: nobody knows that these legs belong together, or whose connection it is."""
    exchange = Exchange(ntlm(ntlm_users), "host", on_this_thread)
    assert not exchange.bound
    with sspi_async.server(package="NTLM", identity=ntlm_users.server) as server:
        first = finish(exchange.answer(answer(401, "NTLM")))
        assert first is not None
        assert (exchange.bound, exchange.last) == (True, False)
        challenge = server.step(base64.b64decode(first.split()[1])).result(10)
        second = finish(exchange.answer(answer(401, f"NTLM {b64(challenge)}")))
        assert second is not None
        assert (exchange.bound, exchange.last) == (True, True)
        server.step(base64.b64decode(second.split()[1])).result(10)
        assert server.attributes.user_name == "TEST\\alice"
    assert finish(exchange.answer(answer(200))) is None


def test_ntlm_cannot_prove_who_the_server_is(ntlm_users: NtlmUsers) -> None:
    """Wrong: REQUIRED satisfied by a mechanism that cannot do it."""
    exchange = Exchange(
        ntlm(ntlm_users, mutual_authentication=REQUIRED), "host", on_this_thread
    )
    assert finish(exchange.answer(answer(401, "NTLM")))
    with pytest.raises(MutualAuthenticationError, match="NTLM cannot"):
        finish(exchange.answer(answer(200)))


def test_ntlm_over_http2_is_refused(ntlm_users: NtlmUsers) -> None:
    """Wrong: a connection that many share, authenticated for all."""
    exchange = Exchange(ntlm(ntlm_users), "host", on_this_thread)
    with pytest.raises(sspi_async.Unsupported, match="HTTP/2"):
        finish(exchange.answer(answer(401, "NTLM", http2=True)))
    exchange.close()


@pytest.mark.parametrize(
    ("mech", "packages", "offered", "scheme"),
    [
        (None, None, ["NTLM", "Negotiate"], "Negotiate"),
        (None, None, ["NTLM"], "NTLM"),
        (None, "!ntlm", ["NTLM"], None),
        (None, "Kerberos", ["NTLM"], None),
        (None, "Kerberos, NTLM", ["NTLM"], "NTLM"),
        ("NTLM", None, ["Negotiate, NTLM"], "NTLM"),
        ("ntlm", None, ["Negotiate"], "Negotiate"),
        ("Kerberos", None, ["Kerberos, Negotiate"], "Negotiate"),
        ("Kerberos", None, ["Kerberos, NTLM"], "Kerberos"),
        ("Kerberos", None, ["NTLM"], None),
    ],
)
def test_scheme_is_chosen(
    mech: str | None, packages: str | None, offered: list[str], scheme: str | None
) -> None:
    """Wrong: the weaker of two that are offered, or one that was ruled out."""
    from sspi_async.http._challenge import parse_challenges

    client = Client(mech=mech, identity=Identity(user="alice", packages=packages))
    chosen = client.choose(parse_challenges(offered))
    assert (chosen and chosen[0]) == scheme


def test_mechanisms_of_gssapi_are_known() -> None:
    """Wrong: programs that come from python-gssapi have to look names up."""

    class Oid:
        dotted_form = "1.2.840.113554.1.2.2"

    assert Client(mech=Oid()).first_choice() == ("Negotiate", "Kerberos")
    with pytest.raises(ValueError, match="mech must be"):
        Client(mech="Basic")


def test_targets() -> None:
    """Wrong: a name that the KDC does not know."""
    assert Client().target("host", False) == "HTTP@host"
    assert Client(target_name="http").target("host", False) == "http@host"
    assert Client(target_name="HTTP@other").target("host", False) == "HTTP@other"
    assert Client(target_name="HTTP/other").target("host", False) == "HTTP/other"
    assert Client(target_name=None).target("proxy", True) == "HTTP@proxy"
    assert Client(proxy_target_name="HTTP@gate").target("", True) == "HTTP@gate"


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"mutual_authentication": 7}, ValueError),
        ({"channel_bindings": "tls-unique"}, ValueError),
        ({"creds": "alice"}, TypeError),
        ({"identity": "alice"}, TypeError),
    ],
)
def test_settings_are_looked_at(settings: dict[str, Any], kind: type[Exception]) -> None:
    """Wrong: a mistake shows with the first request that needs it."""
    with pytest.raises(kind):
        Client(**settings)


def test_proxy_asks_each_time() -> None:
    """Wrong: a token of Kerberos sent to a proxy twice, which refuses what it has seen."""
    client = Client(creds=scripted(ONE))
    dialogue = Dialogue(client, "host", on_this_thread, proxy="proxy")
    token = f"Negotiate {b64('one')}"
    assert finish(dialogue.answer(answer(407, "Negotiate"))) == {"Proxy-Authorization": token}
    changes = finish(dialogue.answer(answer(401, "Negotiate")))
    assert changes == {"Proxy-Authorization": None, "Authorization": token}
    assert finish(dialogue.answer(answer(407, "Negotiate"))) == {"Proxy-Authorization": token}
    assert finish(dialogue.answer(answer(407, "Negotiate"))) is None


def test_proxy_without_a_name() -> None:
    """Wrong: a target without a host, and an error of the KDC."""
    dialogue = Dialogue(Client(creds=scripted(ONE)), "host", on_this_thread)
    with pytest.raises(sspi_async.InvalidParameter, match="proxy_target_name"):
        finish(dialogue.answer(answer(407, "Negotiate")))


def test_credential_is_shared(ntlm_users: NtlmUsers) -> None:
    """Wrong: a logon of its own for each request."""
    client = ntlm(ntlm_users)
    made = {finish(client.credential("NTLM", on_this_thread, None)) for _ in range(3)}
    assert len(made) == 1
    assert isinstance(made.pop(), Credential)


def test_header_is_changed_and_harmless() -> None:
    """Wrong: two fields of a name, or what anybody may have written is kept."""
    headers = {"a": "1", "b": "2"}
    change(headers, {"a": None, "b": "3", "c": "4"})
    assert headers == {"b": "3", "c": "4"}
    assert harmless({"date": "x", "set-cookie": "y"}) == {"date": "x"}


def test_coroutine_must_not_suspend() -> None:
    """Wrong: a request that never comes back."""

    class Forever:
        def __await__(self) -> Any:
            yield

    async def wait() -> None:
        await Forever()

    with pytest.raises(RuntimeError, match="suspended"):
        finish(wait())
