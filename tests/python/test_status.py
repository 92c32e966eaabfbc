# SPDX-License-Identifier: MIT
"""Numbers that stand in two places are the same in both."""

from __future__ import annotations

import ast
import re

import pytest
from conftest import ROOT

import sspi_async
from sspi_async import ClientFlags, PackageCapabilities, ServerFlags, SspiError, Status, _native
from sspi_async.error import error_of

HEADER = (ROOT / "core/include/sspi-async/sspi.h").read_text()


def test_every_status_of_the_header_has_its_name_number_and_text() -> None:
    """Wrong would be: a code that Python does not know, or knows by another number."""
    found = re.findall(
        r"#define (SEC_[EI]_\w+)\s+\(\(SECURITY_STATUS\)0x([0-9A-F]{8})\)", HEADER
    )
    assert len(found) > 80
    for name, digits in found:
        number = int(digits, 16)
        status = Status[name]
        assert status == number - (2**32 if number >= 2**31 else 0)
        assert _native.status_name(status) == name
        assert status.text
        assert status.is_error == (number >= 2**31)
    assert {name for name, _ in found} == {status.name for status in Status}


def test_unknown_numbers_become_members_too() -> None:
    """Wrong would be: a result of a package that raises ValueError."""
    status = Status(-123456)
    assert status is Status(-123456)
    assert status == -123456
    assert status.is_error
    with pytest.raises(ValueError, match="not a valid"):
        Status(2**40)


@pytest.mark.parametrize(
    ("enum", "patterns"),
    [
        (ClientFlags, (r"ISC_REQ_(\w+)\s+(0x\w+?)u", r"ISC_RET_(\w+)\s+(0x\w+?)u")),
        (ServerFlags, (r"(?:ASC|SSPIA)_REQ_(\w+)\s+(0x\w+?)u", r"ASC_RET_(\w+)\s+(0x\w+?)u")),
        (PackageCapabilities, (r"SECPKG_FLAG_(\w+)\s+(0x\w+?)u",)),
    ],
)
def test_flags_are_those_of_the_header(
    enum: type[ClientFlags], patterns: tuple[str, ...]
) -> None:
    """Wrong would be: a flag that asks for something else."""
    known = {
        (name, int(digits, 16))
        for pattern in patterns
        for name, digits in re.findall(r"#define " + pattern, HEADER)
    }
    assert len(known) > 10
    for name, member in enum.__members__.items():
        if name != "DEFAULT":
            assert (name, int(member)) in known


def test_exceptions_are_caught_by_class_and_tell_why() -> None:
    error = error_of(Status.SEC_E_LOGON_DENIED, "NTLM: no")
    assert type(error) is sspi_async.LogonDenied
    assert isinstance(error, SspiError)
    assert error.status is Status.SEC_E_LOGON_DENIED
    assert str(error) == "NTLM: no"
    assert type(error_of(Status.SEC_E_TOO_MANY_PRINCIPALS)) is SspiError
    with pytest.raises(ValueError, match="no"):
        raise error_of(Status.SEC_E_INVALID_PARAMETER, "no")


def test_stub_has_what_the_module_has() -> None:
    """Wrong would be: a type checker that believes in other functions than there are."""
    stub = ast.parse((ROOT / "python/sspi_async/_native.pyi").read_text())
    classes = [node for node in stub.body if isinstance(node, ast.ClassDef)]
    functions = {node.name for node in stub.body if isinstance(node, ast.FunctionDef)}
    there = {name for name in dir(_native) if not name.startswith("_")}
    assert functions | {node.name for node in classes} == there
    of_types = {"__new__", "__doc__", "__module__", "__iter__", "__next__", "__init__"}
    for node in classes:
        declared = {member.name for member in node.body if isinstance(member, ast.FunctionDef)}
        for member in node.body:
            if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name):
                declared.add(member.target.id)
        assert declared - of_types == set(vars(getattr(_native, node.name))) - of_types


def test_packages_describe_themselves() -> None:
    found = {package.name: package for package in sspi_async.packages()}
    assert {"Kerberos", "NTLM", "Negotiate"} <= set(found)
    assert {"Schannel", "Microsoft Unified Security Protocol Provider"} <= set(found)
    assert PackageCapabilities.PRIVACY in found["NTLM"].capabilities
    assert sspi_async.package_info("ntlm") == found["NTLM"]
    with pytest.raises(sspi_async.PackageNotFound, match="Nothing"):
        sspi_async.package_info("Nothing")
    with pytest.raises(sspi_async.PackageNotFound):
        sspi_async.add_package("/nowhere/libnothing.so")
    with pytest.raises(sspi_async.InvalidParameter):
        sspi_async.package_info("NTLM\0x")


def test_pool_has_limits_and_counts() -> None:
    before = sspi_async.pool_counts()
    sspi_async.Credential.acquire("Nothing").exception(10)
    assert sspi_async.pool_counts().submitted == before.submitted + 1
    with pytest.raises(sspi_async.InvalidParameter):
        sspi_async.configure_pool(max_threads=10**6)
    sspi_async.configure_pool()


def test_inputs_are_any_bytes_and_nothing_else() -> None:
    for wrong in ("text", 5, [1, 2]):
        with pytest.raises(TypeError):
            _native.sign(0, wrong)  # type: ignore[arg-type]
    for right in (b"x", bytearray(b"x"), memoryview(b"xyz")[::2]):
        assert _native.sign(0, right)[0] == Status.SEC_E_INVALID_HANDLE
