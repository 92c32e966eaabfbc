# SPDX-License-Identifier: MIT
"""What the package has, and what it brings along."""

from __future__ import annotations

import pytest
from conftest import run_python

import sspi_async


def test_every_public_name_is_there() -> None:
    """Wrong would be: a name that is imported later, and from nowhere."""
    assert set(sspi_async.__all__) <= set(dir(sspi_async))
    for name in sspi_async.__all__:
        assert getattr(sspi_async, name) is getattr(sspi_async, name)
    with pytest.raises(AttributeError, match="no_such_thing"):
        getattr(sspi_async, "no_such_" + "thing")


def test_import_brings_little_along() -> None:
    """Wrong would be: programs that pay for what they do not use."""
    done = run_python(
        "import asyncio, sys; before = set(sys.modules); import sspi_async;"
        "print([name for name in sys.argv[1:] if name in set(sys.modules) - before])",
        "trio",
        "datetime",
        "sspi_async.attribute",
        "sspi_async.raw",
        "sspi_async.testing",
    )
    assert done.stdout == "[]\n", done.stderr
