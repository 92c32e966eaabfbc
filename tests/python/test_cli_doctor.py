# SPDX-License-Identifier: MIT
"""doctor: one verdict per line, and what to do next; and it ends whatever the KDC does."""

from __future__ import annotations

import pathlib
import socket
from typing import Any

import pytest
from cli_run import ask, spawn

from sspi_async import _krb5
from sspi_async.cli import kdc
from sspi_async.cli.wait import begin
from sspi_async.testing import Realm

# Where an answer comes, however busy the machine is.
PATIENT = ("--timeout", "60")


def verdicts(data: Any) -> dict[str, Any]:
    """The verdicts, by what was looked at."""
    return {each["check"]: each for each in data["verdicts"]}


def test_healthy_realm_has_nothing_wrong(
    krb5_realm: Realm, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5CCNAME", krb5_realm.ccache)
    code, data = ask(capsys, "doctor", *PATIENT)
    found = verdicts(data)
    port = krb5_realm.environment["KDC_PORT"]
    for name in ("krb5.conf", "realm", f"KDC 127.0.0.1:{port}", "clock", "tickets", "keytab"):
        assert found[name]["verdict"] == "ok", found[name]
    assert (code, data["failed"]) == (0, 0)
    assert krb5_realm.environment["KRB5_CONFIG"] in found["krb5.conf"]["found"]
    assert f"alice@{krb5_realm.name}" in found["tickets"]["found"]


def test_frozen_kdc_ends_at_the_deadline(krb5_realm: Realm) -> None:
    """Wrong would be: a doctor who waits as long as the patient."""
    with krb5_realm.frozen():
        done = spawn("doctor", "--timeout", 1)
    assert done.returncode == 1
    (line,) = (line for line in done.stdout.splitlines() if " KDC " in line)
    assert line.startswith("failed")
    assert "within 1 s" in line
    assert "Check that krb5kdc runs" in line


def test_kdc_that_refuses_is_told_from_one_that_is_silent(
    krb5_realm: Realm, capsys: pytest.CaptureFixture[str]
) -> None:
    code, data = ask(capsys, "doctor", "--realm", "REFUSED.TEST", *PATIENT)
    assert code == 1
    assert "refused" in verdicts(data)["KDC 127.0.0.1:1"]["found"]


def test_realm_without_kdc_is_told_where_to_write_one(
    krb5_realm: Realm, capsys: pytest.CaptureFixture[str]
) -> None:
    code, data = ask(capsys, "doctor", "--realm", "NOWHERE.TEST", *PATIENT)
    assert code == 1
    assert "kdc = HOST" in verdicts(data)["KDC of NOWHERE.TEST"]["advice"]


def configure(path: pathlib.Path, *kdcs: str) -> pathlib.Path:
    """A krb5.conf of a realm with these KDCs."""
    lines = "".join(f"    kdc = {name}\n" for name in kdcs)
    path.write_text(
        "[libdefaults]\n  default_realm = SSPI.TEST\n  dns_lookup_kdc = false\n"
        f"[realms]\n  SSPI.TEST = {{\n{lines}  }}\n"
    )
    return path


def test_each_kdc_has_a_verdict_of_its_own(
    krb5_realm: Realm, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """One that answers, one that hangs up, one behind a proxy."""
    good = f"127.0.0.1:{krb5_realm.environment['KDC_PORT']}"
    with socket.create_server(("127.0.0.1", 0)) as closing:
        bad = f"127.0.0.1:{closing.getsockname()[1]}"
        proxy = "https://proxy.invalid/KdcProxy"
        monkeypatch.setenv("KRB5_CONFIG", str(configure(tmp_path / "conf", bad, good, proxy)))
        closing.settimeout(60)
        pending = begin(lambda: closing.accept()[0].close())
        code, data = ask(capsys, "doctor", *PATIENT)
        pending.result(60)
    found = verdicts(data)
    assert code == 1
    assert found[f"KDC {bad}"]["verdict"] == "failed"
    assert found[f"KDC {good}"]["verdict"] == "ok"
    assert found[f"KDC {proxy}"]["verdict"] == "note"


def test_kdcs_that_are_silent_are_waited_for_together(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        name = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("KRB5_CONFIG", str(configure(tmp_path / "conf", *[name] * 20)))
        code, data = ask(capsys, "doctor", "--timeout", 1)
    lines = [each for each in data["verdicts"] if each["check"] == f"KDC {name}"]
    assert code == 1
    assert len(lines) == 20
    assert all("did not answer within 1 s" in line["found"] for line in lines)


def test_no_default_realm_is_said(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "krb5.conf"
    path.write_text("[libdefaults]\n  dns_lookup_realm = false\n")
    monkeypatch.setenv("KRB5_CONFIG", str(path))
    code, data = ask(capsys, "doctor")
    assert code == 1
    assert "default_realm" in verdicts(data)["default realm"]["advice"]


def test_file_that_libkrb5_cannot_read_is_said(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "krb5.conf"
    path.write_text("[libdefaults\n}}}\n")
    monkeypatch.setenv("KRB5_CONFIG", str(path))
    code, data = ask(capsys, "doctor")
    assert code == 1
    assert verdicts(data)["krb5.conf"]["verdict"] == "failed"


def test_missing_file_is_a_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5_CONFIG", "/nowhere/krb5.conf")
    _, data = ask(capsys, "doctor", "--realm", "NOWHERE.INVALID", "--timeout", 2)
    assert verdicts(data)["krb5.conf"]["verdict"] in ("warning", "failed")


def test_tickets_that_are_no_good_are_warnings(
    krb5_realm: Realm, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for identity, said in (
        (krb5_realm.expired_tickets, "expired"),
        (krb5_realm.future_tickets, "not before"),
        (krb5_realm.kinit(lifetime=300), "expire soon"),
    ):
        monkeypatch.setenv("KRB5CCNAME", str(identity.ccache))
        _, data = ask(capsys, "doctor", *PATIENT)
        found = [each for each in data["verdicts"] if each["check"] == "tickets"]
        line = next(each for each in found if str(identity.ccache) in each["found"])
        assert line["verdict"] == "warning"
        assert said in line["found"] + line["advice"]


def test_clock_that_is_off_fails_and_one_that_drifts_is_a_warning(krb5_realm: Realm) -> None:
    with _krb5.Krb5() as krb5:
        assert kdc.clock(krb5, [0.5, -400]).verdict == "failed"
        assert "ahead" in kdc.clock(krb5, [0.5, -400]).found
        assert kdc.clock(krb5, [100]).verdict == "warning"
        assert kdc.clock(krb5, [0.2]).verdict == "ok"


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("kdc.example.org", ("kdc.example.org", 88)),
        ("kdc.example.org:750", ("kdc.example.org", 750)),
        ("tcp/kdc.example.org:750", ("kdc.example.org", 750)),
        ("[::1]:750", ("::1", 750)),
        ("[::1]", ("::1", 88)),
        ("::1", ("::1", 88)),
    ],
)
def test_addresses_are_read_as_krb5_conf_has_them(name: str, address: tuple[str, int]) -> None:
    assert kdc.address(name) == address
