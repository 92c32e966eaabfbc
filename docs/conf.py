# SPDX-License-Identifier: MIT
"""How Sphinx makes the site and the manual pages of C: ./dev docs."""

from __future__ import annotations

import pathlib
import re
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent

project = "sspi-async"
author = "the sspi-async developers"
release = version = re.search(
    r"project\(sspi-async\s+VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text()
).group(1)

extensions = [
    "hawkmoth",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "README.md", "requirements.txt"]
default_role = "py:obj"
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3

# Ours alone: not what Python's own classes bring along.
autodoc_default_options = {
    "members": True,
    "undoc-members": True,
    "inherited-members": "BaseException, Exception, OSError, TimeoutError, Enum, Flag, int, str, "
    "tuple, Generic, object, SspiError",
    "show-inheritance": True,
}
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
autoclass_content = "class"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 80

hawkmoth_root = str(ROOT / "core/include/sspi-async")
hawkmoth_clang = ["-std=c11", f"-I{ROOT}/core/include/sspi-async"]

html_theme = "furo"
html_title = f"sspi-async {release}"
html_static_path = ["_static"]
html_theme_options = {"navigation_with_keys": True}
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True

# A page of section 3 for each header, and one that leads there for each function.
man_pages = [
    (f"c/{page.stem}", page.stem, page.read_text().splitlines()[0].lstrip("# "), author, 3)
    for page in sorted((ROOT / "docs/c").glob("*.md"))
]
man_show_urls = False


def plain_text(app: object, lines: list[str], transform: object, options: object) -> None:
    """Take a comment of a header as text for people.

    What Sphinx would take for mark-up is escaped, an indented part is shown as it stands, and the
    line that begins a section becomes a heading.
    """
    text: list[str] = []
    code = bullet = False
    for number, line in enumerate(lines):
        heading = re.fullmatch(r"\s*(?:-{4}|={4}) (.*?)\s*[-=]*\s*", line)
        if heading:
            text += [f".. rubric:: {heading[1]}", ""]
            continue
        # The last line of a comment keeps its star.
        line = re.sub(r"^\s?\* ", "", line)
        indented = line.startswith("    ")
        if indented and not (code or bullet) and (number == 0 or not lines[number - 1].strip()):
            text += ["::", ""]
            code = True
        elif line.strip() and not indented:
            code = False
            bullet = line.strip().startswith("- ")
        plain = re.sub(r"([\\*|`_])", r"\\\1", line.strip())
        text.append(line if code else f"  {plain}" if bullet and indented else plain)
    lines[:] = text


def head_of_header(app: object, name: str, source: list[str]) -> None:
    """Put the comment that a header begins with into the page that asks for it."""

    def comment(match: re.Match[str]) -> str:
        text = (ROOT / "core/include/sspi-async" / match[1]).read_text()
        lines = text.partition("\n/*\n")[2].partition(" */")[0].splitlines()
        return "\n".join(line[3:] for line in lines)

    source[0] = re.sub(r"<!-- the head of (\S+) -->", comment, source[0])


def pages_of_functions(app: Any, error: Exception | None) -> None:
    """Let `man 3 FUNCTION` find the page of its header, under the name that programs write too."""
    if error is not None or app.builder.name != "man":
        return
    for _, name, *_ in man_pages:
        header = (ROOT / "core/include/sspi-async" / f"{name}.h").read_text()
        for symbol in re.findall(r"^SSPI_ASYNC_API[^;(]*?\b(\w+)\(", header, re.M):
            plain = symbol.partition("sspia_")[2]
            for alias in {symbol, plain if f"#define {plain} " in header else symbol}:
                (pathlib.Path(app.outdir) / f"{alias}.3").write_text(f".so man3/{name}.3\n")


def setup(app: Any) -> None:
    """Have Sphinx call us."""
    app.connect("hawkmoth-process-docstring", plain_text)
    app.connect("source-read", head_of_header)
    app.connect("build-finished", pages_of_functions)
