"""Make the notebooks of the course from its lessons, and run them.

python docs/course/build.py           all of them
python docs/course/build.py 05 06     these
python docs/course/build.py --words 13     where only words have changed: outputs stay as they are

A lesson NN_name.md becomes notebooks/NN_name.ipynb, in which what explains has been run and the exercises are open, and
solutions/NN_name.ipynb, in which everything has been run. The same lesson gives the same bytes. Needs tinyconv[docs].
"""

import base64
import hashlib
import io
import os
import re
import sys
from pathlib import Path

import lesson
import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
# Runs before a lesson and is left out of its notebook. Lines are named by their cell, not by a temporary file.
BEFORE = """
import sys
sys.path.insert(0, {root!r})
get_ipython().compile.get_code_name = lambda raw, transformed, number: f"cell {{number}}"
get_ipython().run_line_magic("matplotlib", "inline")
get_ipython().run_line_magic("config", "InlineBackend.rc = {{'figure.dpi': 80}}")
"""
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def build(path: Path, words: bool = False) -> None:
    page = lesson.read(path)
    if words:
        for cells, folder in ((page.student, "notebooks"), (page.solved, "solutions")):
            file = FOLDER / folder / f"{path.stem}.ipynb"
            write(reworded(notebook(cells), nbformat.read(file, 4)), file)
        return
    write(run(notebook(page.student), {"code"}), FOLDER / "notebooks" / f"{path.stem}.ipynb")
    solved = run(notebook(page.solved), {"code", "solution", "check"})
    for cell in solved.cells:  # what explains has its outputs in the other notebook
        if cell.metadata.get("tags") == ["code"]:
            cell.outputs = []
    write(solved, FOLDER / "solutions" / f"{path.stem}.ipynb")


def notebook(cells: list[lesson.Cell]) -> nbformat.NotebookNode:
    made, seen = [], set()
    for cell in cells:
        source = lesson.notebook_source(cell)
        name = hashlib.sha256(source.encode()).hexdigest()[:8]
        while name in seen:  # the same cell again
            name = hashlib.sha256(name.encode()).hexdigest()[:8]
        seen.add(name)
        if cell.kind == "markdown":
            made.append(new_markdown_cell(source, id=name))
        else:
            made.append(new_code_cell(source, id=name, metadata={"tags": [cell.kind]}))
    return new_notebook(cells=made, metadata=METADATA)


def reworded(book: nbformat.NotebookNode, old: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with the outputs of an older one that has the same code."""
    new_code, old_code = ([cell for cell in b.cells if cell.cell_type == "code"] for b in (book, old))
    if [cell.source for cell in new_code] != [cell.source for cell in old_code]:
        sys.exit("more than words has changed: build it without --words")
    for cell, before in zip(new_code, old_code, strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count
    return book


def run(book: nbformat.NotebookNode, kinds: set[str]) -> nbformat.NotebookNode:
    """Run the cells of these kinds."""
    book.cells.insert(0, new_code_cell(BEFORE.format(root=str(ROOT)), metadata={"tags": ["code"]}))
    client = NotebookClient(
        book,
        timeout=1800,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(FOLDER)}},
        extra_arguments=["--log-level=ERROR"],
    )
    with client.setup_kernel():
        for index, cell in enumerate(book.cells):
            if cell.cell_type == "code" and cell.metadata.tags[0] in kinds:
                client.execute_cell(cell, index, store_history=index > 0)
                cell.outputs = [tidy(output) for output in cell.outputs]
    del book.cells[0]
    book.metadata = METADATA  # the kernel added its version
    return book


def tidy(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An output that is the same in every run; one that cannot be is refused."""
    if output.output_type == "stream" and output.name == "stderr":
        sys.exit(f"a cell warns: {output.text}")
    data = output.get("data", {})
    text = "".join([output.get("text", ""), *(value for kind, value in data.items() if kind.startswith("text/"))])
    if address := re.search(r"at 0x[0-9a-f]+", text):
        sys.exit(f"an output tells of memory: {address[0]} in {text[:200]!r}")
    if "image/png" in data:
        data["image/png"] = small(data["image/png"])
        data.pop("text/plain", None)  # <Figure size ...>
    return output


def small(png: str) -> str:
    """The same picture in at most 128 colours, and without the name of the program that drew it."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        ground = Image.new("RGB", picture.size, "white")
        ground.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    ground.quantize(128).save(file, "png", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def write(book: nbformat.NotebookNode, path: Path) -> None:
    nbformat.validate(book)
    path.parent.mkdir(exist_ok=True)
    path.write_text(nbformat.writes(book) + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # sums do not depend on how many cores there are
    numbers = [argument for argument in sys.argv[1:] if argument != "--words"]
    chosen = [path for path in lesson.paths() if not numbers or path.name[:2] in numbers]
    if not chosen:
        sys.exit(f"no lesson is called {' '.join(numbers)}")
    for path in chosen:
        build(path, words="--words" in sys.argv)
        print(path.stem, flush=True)
