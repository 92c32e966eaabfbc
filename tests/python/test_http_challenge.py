# SPDX-License-Identifier: MIT
"""Challenges of HTTP authentication are read as RFC 9110 writes them, whatever a peer sends."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sspi_async.http._challenge import Challenge, parse_challenges, parse_credentials

TOKEN_CHARACTERS = string.ascii_letters + string.digits + "!#$%&'*+.^_`|~-"

names = st.text(TOKEN_CHARACTERS, min_size=1, max_size=8)
# As field values reach us: nothing that would end a line.
values = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=12)
token68s = st.from_regex(r"[A-Za-z0-9._~+/-]{1,12}={0,2}", fullmatch=True)
challenges = st.one_of(
    st.builds(Challenge, names),
    st.builds(Challenge, names, token68s),
    st.builds(
        Challenge,
        names,
        st.none(),
        st.dictionaries(names.map(str.lower), values, min_size=1, max_size=3),
    ),
)


def read(*fields: str) -> list[tuple[str, str | None, dict[str, str]]]:
    return [(one.scheme, one.token, dict(one.parameters)) for one in parse_challenges(fields)]


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("Negotiate", [("Negotiate", None, {})]),
        ("Negotiate YII=", [("Negotiate", "YII=", {})]),
        ("negotiate  YII== ", [("negotiate", "YII==", {})]),
        ("Negotiate, NTLM", [("Negotiate", None, {}), ("NTLM", None, {})]),
        (" ,, Negotiate ,NTLM TlRM,", [("Negotiate", None, {}), ("NTLM", "TlRM", {})]),
        ('Basic realm="a, b"', [("Basic", None, {"realm": "a, b"})]),
        (r'Basic realm="say \"Negotiate\""', [("Basic", None, {"realm": 'say "Negotiate"'})]),
        ("Basic realm=x", [("Basic", None, {"realm": "x"})]),
        ('Basic REALM = "x"', [("Basic", None, {"realm": "x"})]),
        (
            # The example of RFC 9110, section 11.6.1.
            'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
            [
                ("Basic", None, {"realm": "simple"}),
                ("Newauth", None, {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
            ],
        ),
        (
            'Digest realm="x", nonce="Negotiate YII=", Negotiate YII=, Basic realm=y',
            [
                ("Digest", None, {"realm": "x", "nonce": "Negotiate YII="}),
                ("Negotiate", "YII=", {}),
                ("Basic", None, {"realm": "y"}),
            ],
        ),
        ("Odd a=, Negotiate", [("Odd", "a=", {}), ("Negotiate", None, {})]),
    ],
)
def test_field_is_read(field: str, found: list[tuple[str, str | None, dict[str, str]]]) -> None:
    """Wrong: a comma or a name inside of one challenge taken for the next."""
    assert read(field) == found


def test_several_fields_are_one_list() -> None:
    """Wrong: only the first field counts, or its fault spoils the others."""
    assert read("Negotiate", 'Basic realm="x') == read("Negotiate")
    assert read('Basic realm="x', "Negotiate") == read("Negotiate")
    assert read("Negotiate, NTLM", "Basic realm=x") == read("Negotiate", "NTLM, Basic realm=x")


@pytest.mark.parametrize(
    "field",
    [
        '"',
        "=",
        "a=b",
        "Negotiate Y II",
        "Negotiate\x00",
        "Basic realm=@",
        'Basic realm="a',
        'Basic realm="a" b=c',
        'Basic realm="a"b',
        "Basic realm=a, realm=b",
        'Basic realm="a\nb"',
        "Negotiate YII=\n",
        "Negotiate@YII",
    ],
)
def test_fault_ends_the_field(field: str) -> None:
    """Wrong: half of a challenge believed, or what follows a fault."""
    assert read("Good one, " + field + ", Negotiate") == read("Good one")
    with pytest.raises(ValueError, match="one scheme"):
        parse_credentials(field)


def test_credentials_are_one_answer() -> None:
    """Wrong: the second of two answers overlooked, or chosen."""
    assert parse_credentials("negotiate YII=").is_of("Negotiate")
    assert parse_credentials("Negotiate YII=").bytes() == b"`\x82"
    for field in ("", "Negotiate YII=, NTLM", "Negotiate YII=, Negotiate YII="):
        with pytest.raises(ValueError, match="one scheme"):
            parse_credentials(field)


def test_bytes_are_base64() -> None:
    """Wrong: a token with rubbish in it, decoded in part."""
    assert Challenge("Negotiate").bytes() == b""
    assert str(Challenge.of_bytes("NTLM", b"\xff\xfe")) == "NTLM //4="
    assert str(Challenge.of_bytes("NTLM", b"")) == "NTLM"
    for token in ("YII", "Y-I_", "YI.I", "Y"):
        with pytest.raises(ValueError, match="Base64"):
            Challenge("Negotiate", token).bytes()
    with pytest.raises(ValueError, match="parameters"):
        Challenge("Negotiate", None, {"realm": "x"}).bytes()


@pytest.mark.parametrize(
    "challenge",
    [
        Challenge("Nego tiate"),
        Challenge("Negotiate", "a,b"),
        Challenge("Negotiate", "YII=\r\nSet-Cookie: x"),
        Challenge("Negotiate", "YII=", {"realm": "x"}),
        Challenge("Basic", None, {"re alm": "x"}),
        Challenge("Basic", None, {"realm": "x\r\nSet-Cookie: y"}),
    ],
)
def test_what_cannot_be_written_is_refused(challenge: Challenge) -> None:
    """Wrong: a header of somebody else's making."""
    with pytest.raises(ValueError, match=r"\w"):
        str(challenge)


def test_tokens_stay_out_of_logs() -> None:
    """Wrong: a token where an error or a log shows its challenge."""
    assert "secret" not in repr(Challenge("Negotiate", "secret"))


@given(st.lists(challenges, max_size=4))
def test_what_was_written_is_read(written: list[Challenge]) -> None:
    """Wrong: anything lost between the two, in one field or in several."""
    fields = [str(one) for one in written]
    assert parse_challenges(fields) == written
    assert parse_challenges([", ".join(fields)]) == written
    for one, field in zip(written, fields):
        assert parse_credentials(field) == one


@given(st.binary(max_size=64))
def test_bytes_come_back(data: bytes) -> None:
    """Wrong: a token that is not the same on the other side."""
    assert parse_credentials(str(Challenge.of_bytes("Negotiate", data))).bytes() == data


@given(st.text(st.sampled_from('ab=", \t\\\n\xe9'), max_size=40))
def test_anything_can_be_read(field: str) -> None:
    """Wrong: an exception, or a challenge that is not in the field."""
    for one in parse_challenges([field]):
        assert one.scheme in field
        assert parse_challenges([str(one)]) == [one]


@pytest.mark.parametrize(
    "field",
    [
        "a" * 100_000 + "@",
        "a " + "b" * 100_000 + " " * 100_000 + "@",
        "a " + "=" * 200_000,
        'a b="' + "\\" * 200_001,
        'a b="' * 50_000,
        "a," * 100_000,
        "," * 200_000,
        "a b=c," * 50_000,
        "a" + " " * 200_000 + "@",
    ],
)
def test_length_costs_no_more_than_itself(field: str) -> None:
    """Wrong: a field that takes minutes to read: the limit is a guard, not a measure."""
    begun = time.process_time()
    parse_challenges([field])
    assert time.process_time() - begun < 20
