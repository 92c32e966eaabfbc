# SPDX-License-Identifier: MIT
"""The machine that a run was made on, and the versions of what was measured."""

from __future__ import annotations

import importlib.metadata
import os
import pathlib
import platform
import subprocess

# Name for people, package of Debian's run-time, module of pkg-config for where there is no such
# package: that tells the version of the headers.
_LIBRARIES = [
    ("MIT krb5", "libgssapi-krb5-2", "krb5"),
    ("gss-ntlmssp", "gss-ntlmssp", ""),
    ("OpenSSL", "libssl3", "openssl"),
    ("libuv", "libuv1", "libuv"),
    ("GLib", "libglib2.0-0", "glib-2.0"),
    ("WinPR", "libwinpr2-2", "winpr2"),
]
_PYTHON = [("uvloop", "uvloop"), ("pyspnego", "pyspnego"), ("python-gssapi", "gssapi")]


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("model name", "Model", "cpu model"):
                return value.strip()
    except OSError:
        pass
    return platform.machine()


def _system() -> str:
    try:
        names = platform.freedesktop_os_release()
    except (OSError, AttributeError):  # AttributeError: Python 3.9
        return "Linux"
    return names.get("PRETTY_NAME", "Linux")


def _library(package: str, module: str) -> str:
    version = _output("dpkg-query", "-W", "-f=${Version}", package)
    return version or (_output("pkg-config", "--modversion", module) if module else "")


def describe() -> list[tuple[str, str]]:
    """Describe this machine.

    Returns:
        Names and values, in the order in which to show them.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    cores = len(os.sched_getaffinity(0))
    about = [
        ("processor", _processor()),
        ("cores", f"{cores}, {memory:.0f} GiB of memory"),
        ("system", f"{_system()}, Linux {platform.release()}"),
        ("libc", (os.confstr("CS_GNU_LIBC_VERSION") or "").strip()),
        ("compiler", _output("cc", "--version").partition("\n")[0]),
    ]
    about += [(name, _library(package, module)) for name, package, module in _LIBRARIES]
    about.append(("Python", platform.python_version()))
    for name, distribution in _PYTHON:
        try:
            about.append((name, importlib.metadata.version(distribution)))
        except importlib.metadata.PackageNotFoundError:
            about.append((name, ""))
    return [(name, value or "not installed") for name, value in about]
