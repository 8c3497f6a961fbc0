"""Links to files of the repository that are no pages (../configs, ../tinyconv/models/resnet.py) lead to their text.

On GitHub such a link opens the file; here it gets a page of its own under source/, coloured by Pygments.
"""

import html
import os
import shutil
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.highlighting import PygmentsBridge
from sphinx.transforms import SphinxTransform

ROOT = Path(__file__).resolve().parents[2]
MOST = 200_000  # bytes of a file that are shown
LANGUAGES = {".py": "python", ".md": "markdown", ".toml": "toml", ".json": "json", ".cu": "cuda", ".css": "css"}
TEXT = {"", *LANGUAGES, ".html", ".jsonl", ".sh", ".txt", ".yml", ".yaml", ".pyi"}


def page_of(path):
    return f"source/{path.relative_to(ROOT).as_posix()}"


def address_of(path):
    return page_of(path) if path.suffix == ".html" else f"{page_of(path)}.html"


def all_linked(env):
    """Every file and folder that a page links to, and the files of those folders."""
    linked = set().union(*getattr(env, "repository_links", {}).values())
    for folder in [path for path in linked if path.is_dir()]:
        linked |= set(inside(folder))
    return sorted(linked)


def inside(folder):
    return [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix in TEXT and path.name[0] != "."]


class LinkToRepository(SphinxTransform):
    """Before MyST and Sphinx look for a page of that name."""

    default_priority = 5

    def apply(self, **kwargs):
        self.here = Path(self.env.doc2path(self.env.docname)).parent
        if not hasattr(self.env, "repository_links"):
            self.env.repository_links = {}
        found = self.env.repository_links[self.env.docname] = set()
        for kind in (addnodes.pending_xref, addnodes.download_reference):
            for node in [*self.document.findall(kind)]:
                path = self.path_of(node)
                if path and path.exists() and path.is_relative_to(ROOT):
                    found.add(path)
                    to = "../" * self.env.docname.count("/") + address_of(path)
                    node.replace_self(nodes.reference("", "", *node.children[0].children, refuri=to, internal=True))

    def path_of(self, node):
        """The file that a link of MyST's is for, unless it has a page."""
        if node.get("reftype") != "myst" or "reftarget" not in node:
            return None
        target = node["reftarget"].split("#")[0]
        if not node.get("refdomain"):
            return Path(os.path.normpath(self.here / target))
        if node["refdomain"] == "doc" and target not in self.env.found_docs:
            return Path(os.path.normpath(Path(self.env.srcdir) / f"{target}.md"))
        return None


def forget(app, env, docname):
    getattr(env, "repository_links", {}).pop(docname, None)


def merge(app, env, docnames, other):
    mine = env.repository_links = getattr(env, "repository_links", {})
    mine.update({name: links for name, links in getattr(other, "repository_links", {}).items() if name in docnames})


def body_of(path, colours):
    if path.is_dir():
        to = {file.name: Path(address_of(file)).name for file in inside(path)}
        rows = "".join(f'<li><a href="{path.name}/{page}">{html.escape(name)}</a></li>' for name, page in to.items())
        return f"<ul class='files'>{rows}</ul>"
    text = path.read_text(encoding="utf-8", errors="replace")
    cut = f"<p>The file has {len(text):,} characters; here are the first {MOST:,}.</p>" if len(text) > MOST else ""
    return cut + colours.highlight_block(text[:MOST], LANGUAGES.get(path.suffix, "text"), force=True)


def pages(app):
    """A page for each file and folder; what is HTML already is copied."""
    colours = PygmentsBridge("html", app.config.pygments_style)
    for path in all_linked(app.env):
        title = path.relative_to(ROOT).as_posix()
        if path.suffix == ".html":
            copy = Path(app.outdir, page_of(path))
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
            continue
        body = f"<h1 class='file'>{html.escape(title)}</h1>" + body_of(path, colours)
        yield page_of(path), {"title": title, "body": body, "parents": []}, "page.html"


def setup(app):
    app.add_transform(LinkToRepository)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("html-collect-pages", pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
