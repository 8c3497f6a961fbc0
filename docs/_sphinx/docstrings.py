"""Docstrings are plain text: equations, aligned lists, prose. They are shown so, without being taken for reST.

autodoc is given a directive with the docstring in it, and the directive makes the nodes. A docstring is cut into
pieces, each of which is one of
    formula   a line that begins with the left side of an equation, or has shapes and an arrow
    list      name  what it means, its further lines indented; or name: what it means
    steps     1. the first   2. the second
    block     indented lines: Python, or equations under one another
    source    where it comes from: authors and a year
    prose     everything else
"""

import ast
import re
from itertools import groupby

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx import addnodes

ITEM = re.compile(r'((?:[\w"*.^/-]+)(?:(?:, | )[\w"*.^/-]+){0,3}) {2,}(\S.*)')
NAMED = re.compile(r"([a-z]\w*(?:, [a-z]\w*)*): (\S.*)")
FORMULA = re.compile(r"(?:[A-Za-z_^|<][\w^']*(?:\[[^\]]*\]|\([^)]*\))?(?:, )?){1,2} (?:=|<-|->|~) ")  # y[n,f] = ...
ARROW = re.compile(r".*(?:  |[)\]] )(?:->|<-) ")  # x (N, C)  ->  y (N, K)
SOURCE = re.compile(r"[A-Z][\w'-]+(?:(?:,| and|, and) (?:van )?[A-Z][\w'-]+)*(?: et al\.)? (?:19|20)\d\d[,;. ]?")
INLINE = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|(?P<arxiv>arXiv:(?P<number>\d{4}\.\d{4,5}))"
    r"|(?P<shape>\((?:N|C|F|K|H|W|OH|OW|KH|KW|M|L|h|w|n)(?:, ?[\w*./+ -]+)*(?:,(?: \.\.\.)?)?\))"
    r"|(?P<argument>\b\w+=(?:[\w.]+|\"[^\"]*\"))"
    r"|(?P<name>\b[A-Za-z]+(?:_\w+)+\b)"
)


def kind(line, before):
    """What a line is, given what the line before it is, and whether a sentence goes on from there."""
    was, unfinished = before
    if line.startswith("  "):
        return was if was in ("list", "steps") else "block"
    if re.match(r"\d+\. ", line):
        return "steps"
    if was in ("prose", "named", "source") and unfinished:
        return was
    if FORMULA.match(line) and not NAMED.match(line):
        return "formula"
    if ITEM.fullmatch(line) and not ITEM.fullmatch(line)[1].endswith("."):
        return "list"
    wide = re.search(r"\S {3,}\S", line) and re.search(r" = |\([A-Z]+[,)]", line)
    if ARROW.match(line) or wide:
        return "formula"
    if NAMED.match(line):
        return "named"
    return "source" if SOURCE.match(line) else "prose"


def pieces(text):
    """(kind, lines) of a docstring, one after the other."""
    for blank, paragraph in groupby(text.splitlines(), key=lambda line: not line.strip()):
        if blank:
            continue
        lines, before = [], ("", False)
        for line in [part for whole in paragraph for part in sentences(whole)]:
            found = kind(line, before)
            lines.append((found, line))
            before = found, not re.search(r"[.:;?]$", line)
        for found, group in groupby(lines, key=lambda pair: pair[0]):
            yield found, [line for _, line in group]


def inline(text):
    """Text with its code, shapes and argument names in monospace, and arXiv's numbers as links."""
    at = 0
    for match in INLINE.finditer(text):
        if match.start() > at:
            yield nodes.Text(text[at : match.start()])
        at = match.end()
        if match["arxiv"]:
            yield nodes.reference("", match["arxiv"], refuri=f"https://arxiv.org/abs/{match['number']}")
        elif match["code"]:
            yield reference(match["code"])
        else:
            yield nodes.inline("", match[0], classes=["name"])
    if text[at:]:
        yield nodes.Text(text[at:])


def reference(code):
    """`code`, as a link if it is the name of something that a page of the API has."""
    literal = nodes.literal("", code)
    if not re.fullmatch(r"[A-Za-z_][\w.]*", code):
        return literal
    return addnodes.pending_xref("", literal, refdomain="", reftype="plain", reftarget=code, refexplicit=True)


def paragraph(lines, *classes):
    text = " ".join(line.strip() for line in lines)
    return [nodes.paragraph("", "", *inline(text), classes=list(classes))]


def sentences(line):
    """A line in parts that are shown in different ways: a formula, the sentence after it, the source at the end."""
    body, *source = split_source(line)
    after = re.match(r"(.*?[\w)\]]\.) +([A-Z][a-z]+ .*)", body) if FORMULA.match(body) or ARROW.match(body) else None
    return [*(after.groups() if after else [body]), *source]


def split_source(text):
    """[text] or [text, source]: a source stands at the end, after three spaces or more."""
    match = re.fullmatch(r"(\S.*?) {3,}(\S.*)", text)
    return [match[1], match[2]] if match and SOURCE.match(match[2]) else [text]


def formula(lines):
    """Equations as written. A line is cut at its wide gaps, so that a narrow screen breaks it there."""
    block = nodes.container(classes=["equations"])
    for line in lines:
        row = nodes.paragraph(classes=["equation"])
        for part in re.split(r"(?<=\S) {3,}(?=\S)", line):
            row += nodes.inline("", part, classes=["part"])
            row += nodes.Text(" ")
        block += row
    return [block]


def indented(lines):
    """An indented block: Python if it is that, equations with their columns otherwise."""
    least = min(len(line) - len(line.lstrip()) for line in lines)
    text = "\n".join(line[least:] for line in lines)
    if text.startswith(">>> "):
        return [nodes.literal_block(text, text, language="pycon")]
    if is_python(text):
        return [nodes.literal_block(text, text, language="python")]
    text = narrowed(text)
    return [nodes.literal_block(text, text, language="text", classes=["columns"])]


def is_python(text):
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return not re.search(r"<-|\^", text)


def narrowed(text):
    """The same columns with four spaces between them where there were more."""
    rows = text.split("\n")
    width = max(map(len, rows))
    free = [all(row[at : at + 1].strip() == "" for row in rows) for at in range(width)]
    drop = [at > 4 and all(free[at - 4 : at + 1]) for at in range(width)]
    return "\n".join("".join(letter for at, letter in enumerate(row) if not drop[at]) for row in rows)


def items(lines):
    """The definition list that aligned lines make, indented ones going on with the line above."""
    found = nodes.definition_list(classes=["arguments"])
    for line in [part for whole in lines for part in two_items(whole)]:
        match = None if line.startswith(" ") else (ITEM.fullmatch(line) or NAMED.match(line))
        if match:
            body = nodes.definition()
            term = nodes.term("", match[1])
            found += nodes.definition_list_item("", term, body)
            texts = [match[2] + line[match.end() :]]
        else:
            texts.append(line)
            body.clear()
        body += paragraph(texts)
    return [found]


def two_items(line):
    """name  meaning   other  meaning: two items may stand on one line"""
    match = ITEM.fullmatch(line)
    second = match and re.search(r" {3,}(?=\w+(?:, \w+)* {2,}\S)", match[2])
    return [line[: match.start(2) + second.start()], line[match.start(2) + second.end() :]] if second else [line]


def steps(lines):
    """1. first   2. second: a list whose lines go on indented."""
    found, texts = nodes.enumerated_list(enumtype="arabic", prefix="", suffix="."), []
    for line in lines:
        match = re.match(r"\d+\. (.*)", line)
        if match:
            texts.append([match[1]])
        else:
            texts[-1].append(line)
    for text in texts:
        found += nodes.list_item("", *paragraph(text))
    return [found]


def shown(text):
    """The nodes of a docstring."""
    makers = {"formula": formula, "block": indented, "list": items, "named": items, "steps": steps}
    makers |= {"source": lambda lines: paragraph(lines, "source"), "prose": paragraph}
    return [node for what, lines in pieces(text) for node in makers[what](lines)]


class Docstring(Directive):
    """`.. docstring::` with a docstring as its content."""

    has_content = True

    def run(self):
        return shown("\n".join(self.content))


def hand_over(app, what, name, obj, options, lines):
    """autodoc's hook: a docstring becomes the content of the directive."""
    text = [*lines]
    while text and not text[-1].strip():
        text.pop()
    if text:
        lines[:] = [".. docstring::", "", *("   " + line for line in text), ""]


def setup(app):
    app.add_directive("docstring", Docstring)
    app.connect("autodoc-process-docstring", hand_over)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
