"""The course's lessons are shown from their notebooks, which have what was printed and drawn.

A link to 05_convolution.md leads to notebooks/05_convolution.ipynb, if that is there. Solutions stand in no table of
contents: the course's own page links to them.
"""

from pathlib import Path

from sphinx import addnodes
from sphinx.transforms import SphinxTransform


class LinkToNotebook(SphinxTransform):
    default_priority = 4  # before links to files

    def apply(self, **kwargs):
        for node in self.document.findall(addnodes.pending_xref):
            if node.get("refdomain") != "doc":
                continue
            lesson = Path(node["reftarget"])
            notebook = f"course/notebooks/{lesson.name}"
            if lesson.parent.as_posix() == "course" and notebook in self.env.found_docs:
                node["reftarget"] = notebook


def solutions_stand_alone(app, doctree):
    if app.env.docname.startswith("course/solutions/"):
        app.env.metadata[app.env.docname]["orphan"] = True


def setup(app):
    app.add_transform(LinkToNotebook)
    app.connect("doctree-read", solutions_stand_alone)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
