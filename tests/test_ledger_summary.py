"""The table of a net, `model.summary()` and the command `tinyconv summary`."""

import pickle
import re
from functools import cache

import pytest

from tinyconv import cli, models, nn
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.ledger.table import size

FILE = """
from tinyconv import nn


class Net(nn.Module):
    def __init__(self):
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.conv(x).relu()


number = 3


def make():
    return Net()
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return str(path)


def table_of(text):
    """The rows between the rules, each cut into its cells at two blanks or more."""
    between = re.split(r"\n-+\n", text)[1]
    return [re.split(r"\s{2,}", line.strip()) for line in between.split("\n")]


def total(text, name):
    return re.search(rf"^\s*{name}\s+(\S+( [kMG]?B)?)", text, re.MULTILINE)[1]


def test_the_net_of_the_lecture():
    summary = models.create("deck_summary").summary()
    text = str(summary)
    parameters = [row[2] for row in table_of(text)]
    assert [n for n in parameters if n != "0"] == ["320", "18,496", "36,928", "36,928", "650"]
    assert total(text, "parameters") == "93,322" and summary.parameters == 93_322
    assert text.startswith("Deck, pictures of 1x28x28\n") and repr(summary) == text
    shapes = [row.shape for row in summary.rows if row.layer in ("Conv2d", "MaxPool2d", "Flatten", "Linear")]
    assert shapes == [(32, 26, 26), (32, 13, 13), (64, 11, 11), (64, 5, 5), (64, 3, 3), (576,), (64,), (10,)]
    assert summary.multiply_adds == 26**2 * 32 * 9 + 11**2 * 64 * 32 * 9 + 9 * 64 * 64 * 9 + 576 * 64 + 640


def test_a_row_by_hand():
    net = nn.Sequential(nn.Conv2d(3, 8, (3, 5), stride=2, padding=(0, 2)), nn.BatchNorm2d(8))
    net[1].weight.requires_grad_(False)
    summary = net.summary((3, 9, 10), batch_size=2)
    conv, norm = summary.rows
    assert (conv.path, conv.layer, conv.shape) == ("0", "Conv2d", (8, 4, 5))
    assert (conv.trainable, conv.frozen, conv.multiply_adds) == (368, 0, 20 * 360)
    assert (norm.trainable, norm.frozen, norm.multiply_adds) == (8, 8, 0)
    assert (summary.trainable, summary.frozen, summary.buffers) == (376, 8, 17)
    assert summary.weight_bytes == 4 * (384 + 16) + 8
    cells = table_of(str(summary))[0]
    assert cells[:8] == ["0 Conv2d", "8x4x5", "368", "0", "7,200", "3x5", "2", "0x-2"]
    assert summary.kept == sum(row.kept for row in summary.rows) > 2 * 4 * 270


def test_what_only_training_runs():
    """An auxiliary head and a dropout layer: what they hold and keep is in the table, too."""

    class Net(nn.Module):
        def __init__(self):
            self.body, self.drop = nn.Linear(5, 600), nn.Dropout(0.5)
            self.head, self.aux = nn.Linear(600, 2), nn.Linear(600, 3)

        def forward(self, x):
            y = self.body(x)
            return (self.head(self.drop(y)), self.aux(y)) if self.training else self.head(y)

    summary = Net().summary((5,), batch_size=100)
    rows = {row.path: row for row in summary.rows}
    assert list(rows) == ["body", "head", "aux"]
    assert rows["aux"].shape is None and rows["aux"].trainable == 1803
    assert rows["head"].kept == 100 * 600 * 4  # what dropout gave
    assert rows["aux"].kept == 100 * 600 * 4
    assert summary.parameters == 3600 + 1202 + 1803
    assert table_of(str(summary))[2][:3] == ["aux Linear", "in training", "1,803"]


def test_models_know_their_pictures():
    assert models.create("lenet5").summary().picture == (1, 28, 28)
    assert models.create("lenet5", in_channels=3).summary().picture == (3, 28, 28)
    assert models.resnet20(num_classes=3).input_size == models.card("resnet20").input
    assert pickle.loads(pickle.dumps(models.resnet20())).input_size == (3, 32, 32)


@cache
def summary_of(name):
    return models.create(name).summary()


@pytest.mark.parametrize("width", [30, 50, 60, 79, 80, 100, 120, 200])
@pytest.mark.parametrize("name", ["lenet5", "resnet20"])
def test_lines_fit_the_terminal(name, width):
    summary = summary_of(name)
    text = summary.text(width)
    head, *_ = text.split("\n\n")[1].split("\n")
    rows = table_of(text)
    assert len(rows) == len(summary.rows)
    assert head.split()[:3] == ["layer", "output", "parameters"]
    assert len({len(re.split(r"\s{2,}", head.strip())), *map(len, rows)}) == 1
    if width >= 50:
        assert max(map(len, text.split("\n"))) <= width
    hidden = re.search(r"Not shown, for want of room:\s+([^.]*)\.", text)
    shown = {"mult-adds", "field", "stride", "first", "kept", "work"} & set(head.split())
    missing = set() if hidden is None else set(re.split(r",\s+", hidden[1]))
    assert shown | missing == {"mult-adds", "field", "stride", "first", "kept", "work"} and not shown & missing
    assert [row[-1] for row in table_of(str(summary))] == [size(row.work) for row in summary.rows]


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (None, "-"),
        (0, "0"),
        (999, "999"),
        (1000, "1 kB"),
        (1234567, "1.23 MB"),
        (999_900, "1 MB"),
        (5 * 10**12, "5 TB"),
    ],
)
def test_sizes(n, text):
    assert size(n) == text


def test_a_net_that_does_not_say_how_large():
    with pytest.raises(ArgumentError, match=r"summary: ReLU does not say how large .*: give input_size=\(C, H, W\)"):
        nn.ReLU().summary()


def test_pictures_that_do_not_fit():
    with pytest.raises(ShapeError, match="conv2d|linear"):
        models.create("lenet5").summary((1, 9, 9))


# ---------------------------------------------------------------- the command


def test_the_command(capsys):
    assert cli.main(["summary", "lenet5", "--batch", "128", "--optimizer", "adam"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("LeNet5, pictures of 1x28x28\n")
    assert total(said, "parameters") == "61,706"
    assert "128 pictures, Adam" in said
    assert "Not shown" not in said  # a pipe has room


def test_other_pictures(capsys):
    assert cli.main(["summary", "resnet20", "--input", "1x64x48"]) == 0
    said = capsys.readouterr().out
    assert "pictures of 1x64x48" in said and "16x64x48" in said


@pytest.mark.parametrize("name", ["Net", "make"])
def test_a_net_of_a_file(name, file, capsys):
    if name == "make":
        assert cli.main(["summary", f"{file}:make", "--input", "3,8,8"]) == 2
        assert "mine.py:make is function; it must be a Module, or a class of one" in capsys.readouterr().err
        return
    assert cli.main(["summary", f"{file}:Net", "--input", "3,8,8"]) == 0
    assert table_of(capsys.readouterr().out)[0][:3] == ["conv Conv2d", "4x6x6", "112"]


def test_a_narrow_terminal(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "64")
    monkeypatch.setattr("tinyconv.cli_summary.Output.isatty", lambda self: True)
    assert cli.main(["summary", "resnet20"]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.split("\n"))) <= 64 and "Not shown, for want of room: first" in said


def test_the_picture(tmp_path, capsys):
    pytest.importorskip("matplotlib", reason="matplotlib draws the architecture")
    path = tmp_path / "net.png"
    assert cli.main(["summary", "lenet5", "--plot", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG") and f"The architecture: {path}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resnet19"], r"summary: there is no model \(or .*\) 'resnet19'. Did you mean"),
        (["nowhere.py:f"], "summary: there is no file nowhere.py"),
        (["{file}:Nat"], "summary: there is no function or class 'Nat'. Did you mean 'Net'"),
        (["{file}:Net"], "summary: Net does not say how large its pictures are: give input_size"),
        (["lenet5", "--batch", "0"], "summary: batch_size is 0"),
        (["lenet5", "--optimizer", "sdg"], "summary: there is no optimizer 'sdg'. Did you mean 'sgd'"),
        (["lenet5", "--input", "1x9x9"], "does not fit|features|400"),
    ],
)
def test_what_cannot_be_done(arguments, message, file, capsys):
    assert cli.main(["summary", *(a.format(file=file) for a in arguments)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("tinyconv: ") and re.search(message, said)
