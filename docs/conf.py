# SPDX-License-Identifier: MIT
"""How Sphinx makes the site: ./dev docs."""

from __future__ import annotations

import pathlib
import re

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
    "tuple, Generic, object",
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
