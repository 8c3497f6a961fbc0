"""`.. names:: tinyconv.nn` and names below it: a table of them with their first lines, then the entry of each.

Also `code` in docstrings: it becomes a link where it is the name of something that has an entry.
"""

import importlib
import inspect
import re

from docstrings import FORMULA, inline
from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

QUIET = {"forward", "extra_repr"}  # every layer has them; what a layer computes stands in its own docstring


def directive_for(thing):
    if inspect.isclass(thing):
        return "autoexception" if issubclass(thing, BaseException) else "autoclass"
    return "autofunction"


def first_line(thing):
    """What stands in the table: the first line of a docstring, up to where its details begin."""
    text, _, rest = (inspect.getdoc(thing) or "").partition("\n")
    goes_on = rest[:1].strip() and not re.search(r"[.:;]$| {3,}", text)
    return re.split(r" {3,}", text)[0].rstrip(",;") + (" ..." if goes_on else "")


class Names(SphinxDirective):
    has_content = True
    required_arguments = 1

    def run(self):
        where = self.arguments[0]
        module = importlib.import_module(where)
        names = " ".join(self.content).split()
        table = nodes.definition_list(classes=["names"])
        text = []
        for name in names:
            thing = getattr(module, name)
            link = nodes.reference("", "", nodes.literal("", name), refid=f"{where}.{name}", internal=True)
            line = first_line(thing)
            about = nodes.definition("", nodes.paragraph("", "", *inline(line)))
            about["classes"] += ["equation"] if FORMULA.match(line) else []
            table += nodes.definition_list_item("", nodes.term("", "", link), about)
            kind = directive_for(thing)
            text += [f".. {kind}:: {where}.{name}"]
            if kind == "autoclass":
                text += ["   :members:"]
            text += [""]
        entries = self.parse_text_to_nodes("\n".join(text), allow_section_headings=False)
        return [table, *entries] if len(names) > 1 else entries


def leave_out(app, what, name, thing, skip, options):
    field = (getattr(thing, "__doc__", None) or "").startswith("Alias for field number")  # of a named tuple
    return True if field or (name in QUIET and what == "class") else None


def look_up(app, env, node, shown):
    """The entry that `code` of a docstring means: a member of the same class or module, else the one of that name."""
    if node.get("reftype") != "plain":
        return None
    target, objects = node["reftarget"], env.domains["py"].objects
    near = [f"{node.get(scope)}.{target}" for scope in ("py:class", "py:module") if node.get(scope)]
    found = [name for name in near if name in objects]
    found += [name for name in (target, f"tinyconv.{target}") if name in objects]
    things = [name for name, entry in objects.items() if entry.objtype in ("class", "function", "exception")]
    ends = [name for name in things if name.endswith(f".{target}")]
    found += sorted(ends, key=lambda name: ("functional" not in name, name))
    if not found:
        return shown
    entry = objects[found[0]]
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, shown, found[0])


def setup(app):
    app.add_directive("names", Names)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("missing-reference", look_up)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
