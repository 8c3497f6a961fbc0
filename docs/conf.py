"""The site:  sphinx-build -W --keep-going -b html docs build/site

Pages are Markdown that reads as well on GitHub; the API comes from the docstrings. What Sphinx does not do by itself
is in _sphinx/: docstrings as they are written, and links to files that are no pages.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_sphinx")]

import tinyconv  # noqa: E402  # from this checkout

project = "tinyconv"
author = "the tinyconv contributors"
copyright = "tinyconv contributors, MIT licence"
version = release = tinyconv.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "myst_nb",  # Markdown, and the course's notebooks
    "commands",
    "course",
    "docstrings",
    "names",
    "repository",
]
shown_as_notebooks = [f"course/{notebook.stem}.md" for notebook in (ROOT / "docs/course/notebooks").glob("*.ipynb")]
exclude_patterns = ["_sphinx", "**.ipynb_checkpoints", *shown_as_notebooks]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
nitpicky = True
smartquotes = False  # "0" is "0" in Python

myst_enable_extensions = ["html_image"]  # <img width=...>
myst_heading_anchors = 4  # links to headings, as GitHub makes them
nb_execution_mode = "off"  # notebooks are run by their test, not here

autodoc_typehints = "none"  # docstrings say what goes in; the types are in the source, one click away
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
add_module_names = False
python_maximum_signature_line_length = 240
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "tinyconv"
html_static_path = ["_static"]
html_logo = html_favicon = "_static/logo.svg"
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
copybutton_exclude = ".linenos, .gp, .go"
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0b5c94",
        "color-brand-content": "#0b5c94",
        "color-brand-visited": "#0b5c94",
        "font-stack--monospace": "'DejaVu Sans Mono', 'SF Mono', Menlo, Consolas, monospace",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cc4f5",
        "color-brand-content": "#7cc4f5",
        "color-brand-visited": "#7cc4f5",
    },
}
