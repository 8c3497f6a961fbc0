"""Every example of docs/callbacks.md runs as it is written, on fewer pictures."""

import contextlib
import importlib.util
import io
import re
from pathlib import Path

from tinyconv.train import callbacks

PAGE = (Path(__file__).parents[2] / "docs" / "callbacks.md").read_text(encoding="utf-8")


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(examples) > 10
    if importlib.util.find_spec("tensorboard") is None:
        examples = [example for example in examples if "WriteTensorBoard" not in example]
    names, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        for example in examples:
            exec(example.replace("[:2000]", "[:120]"), names)
    assert "[0.05, 0.05, 0.025]" in printed.getvalue()
    assert "training diverged. Lower the learning rate, which is 0.05." in printed.getvalue()
    best, evaluated = re.search(r"(\S+) after epoch \d+\n(\S+)\n", printed.getvalue()).groups()
    assert best == evaluated
    assert {path.name for path in Path("run").iterdir()} >= {
        "last.safetensors",
        "best.safetensors",
        "epoch-002.safetensors",
        "checkpoint.safetensors",
        "history.csv",
    }
    assert [record["epoch"] for record in names["trainer"].history] == [1, 2, 3]


def test_the_page_has_every_callback():
    assert [name for name in callbacks.__all__ if f"{name}(" not in PAGE] == []
