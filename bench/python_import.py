# SPDX-License-Identifier: MIT
"""Row "import": what `import sspi_async` costs a fresh interpreter, against asyncio's.

sspi_async imports asyncio, so that its share is in both.
"""

from __future__ import annotations

import subprocess
import sys

import measure

ROW = "import"
INTERPRETERS = 3  # of one round

CODE = """
import time
begun = time.perf_counter()
import {module}
print((time.perf_counter() - begun) * 1e3)
"""


def cost(module: str) -> float:
    """Milliseconds of an import: the middle of some interpreters."""
    samples = []
    for _ in range(INTERPRETERS):
        done = subprocess.run(
            [sys.executable, "-I", "-c", CODE.format(module=module)],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        samples.append(float(done.stdout))
    return sorted(samples)[INTERPRETERS // 2]


def main() -> None:
    """Measure the row."""
    measure.compare(
        ROW,
        "fresh interpreter",
        "import asyncio",
        "ms",
        lambda: cost("sspi_async"),
        lambda: cost("asyncio"),
    )


if __name__ == "__main__" and measure.options.wants(ROW):
    main()
