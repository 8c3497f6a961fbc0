"""Every example of the README, docs/ and the guides runs, page by page, in an empty folder; commands are understood.

Comments on a page, which readers do not see, say what its test needs:

    <!-- test: replace "data.mnist()" with "data.mnist()[:500]" -->     from here on: the same, shorter
    <!-- test: first                                                    run before the next example
    net = models.create("lenet5")
    -->
    <!-- test: last                                                     run after the example before
    assert net(x).shape == (2, 10)
    -->
    <!-- not run: needs a GPU -->                                       the next example is only read
    <!-- file: kernels/mish.py -->                                      the next example is this file (test_guides.py)
    <!-- in the copy -->                                                the next commands are run by test_guides.py

A comment behind a line that begins with a number, a bracket or a call is what the line gives:
`print(y.shape)  # (2, 10)`. Longer comments may go on after it.
The course's lessons have a test of their own.
"""

import ast
import contextlib
import io
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from tinyconv import cli, data, models

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("docs/guides/*.md"))]
SHORTER = {
    "README.md": [("[:10_000]", "[:500]"), ("data.mnist(train=False)", "data.mnist(train=False)[:500]")],
    "notebook.md": [("[:2000]", "[:200]"), ("[:1000]", "[:100]")],
}
NEEDS = {"gpu.md": "a GPU"}
ELSEWHERE = {  # pages whose examples are run, and their results looked at, by a test of their own
    "callbacks.md": ROOT / "tests" / "train" / "test_callbacks_page.py",
    "filters.md": ROOT / "tests" / "ops" / "test_filters.py",
    "models.md": ROOT / "tests" / "test_models_page.py",
}
PIECES = re.compile(
    r"<!-- (?P<comment>.*?)-->|^ *```(?P<language>\w+)[^\n]*\n(?P<code>.*?)^ *```$", re.DOTALL | re.MULTILINE
)
RESULT = re.compile(r"[\[(]+[-\d'\"][^a-z]*[\])]|-?\d[\d.e-]*(?=$|[ :;,])|[A-Z]\w*\(")
STOOD_FOR = {"RUN", "AGAIN", "run", "pets", "my_pictures"}  # folders that a reader is to think of


@dataclass
class Example:
    """A fenced block of a page, with what the comments before it say."""

    language: str
    code: str
    line: int
    first: str = ""
    last: str = ""
    not_run: str = ""
    file: str = ""
    in_the_copy: bool = False


def examples(page):
    """The page's fenced blocks; replacements are made in those that follow them."""
    text, found, said = page.read_text(encoding="utf-8"), [], {}
    replacements = [*SHORTER.get(page.name, [])]
    for piece in PIECES.finditer(text):
        comment = (piece["comment"] or "").strip()
        if replace := re.fullmatch(r'test: replace "(.*)" with "(.*)"', comment):
            replacements.append(replace.groups())
        elif comment.startswith("test: first\n"):
            said["first"] = comment.removeprefix("test: first\n")
        elif comment.startswith("test: last\n"):
            found[-1].last = comment.removeprefix("test: last\n")
        elif kind := re.match(r"(not run|file): ", comment):
            said[kind[1].replace(" ", "_")] = comment[kind.end() :]
        elif comment == "in the copy":
            said["in_the_copy"] = True
        elif comment.startswith("test:"):
            raise ValueError(f"{page.name}: the comment <!-- {comment} --> is not understood")
        elif piece["language"]:
            code = piece["code"]
            for old, new in replacements if piece["language"] == "python" else []:
                code = code.replace(old, new)
            line = text.count("\n", 0, piece.start("code")) + 1
            found.append(Example(piece["language"], code, line, **said))
            said = {}
    assert not said, f"{page.name}: {said} stands before no example"
    return found


def run(example, page, names):
    """Run an example statement by statement; results that stand in comments must be right."""
    source = "\n" * (example.line - 1) + example.code
    lines = source.splitlines()
    exec(compile(example.first, f"{page.name}, hidden", "exec"), names)
    for statement in ast.parse(source).body:
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            if isinstance(statement, ast.Expr):
                value = eval(compile(ast.Expression(statement.value), page.name, "eval"), names)
            else:
                value = exec(compile(ast.Module([statement], []), page.name, "exec"), names)
        output = shown.getvalue().strip() or ("" if value is None else repr(value))
        said = lines[statement.end_lineno - 1].encode()[statement.end_col_offset :].decode().strip().lstrip("# ")
        if output and RESULT.match(said):
            assert said.startswith(output), f"{page.name}, line {statement.end_lineno}: the result is {output}"
    exec(compile(example.last, f"{page.name}, hidden", "exec"), names)


def of_language(*languages):
    return [page for page in PAGES if any(example.language in languages for example in examples(page))]


def name_of(page):
    return str(page.relative_to(ROOT))


RUN = [page for page in of_language("python") if page.name not in ELSEWHERE and page.name not in NEEDS]


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for example in examples(page):
        if example.language == "python" and not example.not_run and not example.file:
            run(example, page, names)


@pytest.mark.parametrize("page", ELSEWHERE)
def test_the_other_pages_have_a_test_of_their_own(page):
    assert page in ELSEWHERE[page].read_text(encoding="utf-8")


@pytest.mark.parametrize("page", of_language("python"), ids=name_of)
def test_what_is_not_run_is_python_all_the_same(page):
    for example in examples(page):
        if example.language == "python" and not example.file:
            ast.parse(example.code)


# ---------------------------------------------------------------- commands


def commands(page):
    """The commands of a page's bash blocks as lists of words, without comments."""
    for example in examples(page):
        if example.language in ("bash", "sh") and not example.not_run:
            for line in example.code.replace("\\\n", " ").splitlines():
                for command in line.split(" && "):
                    if words := shlex.split(command, comments=True):
                        yield words


@pytest.mark.parametrize("page", of_language("bash", "sh"), ids=name_of)
def test_commands_are_understood(page):
    for words in commands(page):
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]  # settings of the environment
        if words and Path(words[0]).name == "tinyconv":
            check_options(words)
        check_paths(words)


def check_options(words):
    """The parser takes it, and the models and data sets that it names are known."""
    options = vars(cli.parser().parse_args(words[1:]))  # raises SystemExit for what it does not know
    model, known = options.get("model"), {*models.names(), None}
    if isinstance(model, str) and not re.search(r"\.py|[\\/]", model):
        assert model in known | STOOD_FOR, words
    if isinstance(options.get("data"), str):
        assert options["data"] in {*data.names(), *STOOD_FOR}, words


def check_paths(words):
    """Files of this repository that are named are there."""
    for word in words:
        if re.match(r"(tests|docs|configs|benchmarks|tinyconv|kernels)/", word):
            assert list(ROOT.glob(word.split("::")[0].rstrip("/"))), f"{word} is not there"
