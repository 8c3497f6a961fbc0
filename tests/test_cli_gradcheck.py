"""The command `tinyconv gradcheck`."""

import re

import pytest

from tinyconv import cli
from tinyconv.cli_gradcheck import shape

FILE = """
import numpy as np
from tinyconv import nn
from tinyconv.tensor import record


def cube(x):
    return record("cube", x.data**3, (x, lambda dy: 3 * dy * x * x))


def wrong(x):
    return record("cube", x.data**3, (x, lambda dy: 6 * dy * x * x))


def product(x, w):
    return x @ w


def vectors_only(x):
    assert x.ndim == 2
    return x.tanh()


def never(x):
    raise ValueError("not today")


class Net(nn.Module):
    def __init__(self):
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x):
        return self.norm(x)


class Forgetful(Net):
    def forward(self, x):
        self.norm.running_mean.add_(1.0)
        return self.norm(x)


ready = Net()
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return str(path)


def test_a_model_by_its_name(capsys):
    assert cli.main(["gradcheck", "lenet5", "--directions", "2"]) == 0
    said = capsys.readouterr().out
    assert "lenet5: input 2x1x28x28, promoted to float64, engine numpy" in said
    assert "features.0.weight" in said and "2 random directions" in said
    assert "gradient check passed" in said


@pytest.mark.parametrize("name", ["cube", "Net", "ready", "vectors_only"])
def test_functions_classes_and_modules_of_a_file(name, file, capsys):
    assert cli.main(["gradcheck", f"{file}:{name}", "--batch", "3"]) == 0
    expected = {"cube": "3x1x8x8", "vectors_only": "3x8"}.get(name, "3x3x8x8")
    assert f"{name}: input {expected}," in capsys.readouterr().out


def test_shapes_that_are_given(file, capsys):
    arguments = [f"{file}:product", "--shape", "4", "--shape", "4x5", "--batch", "3", "--order", "2", "--seed", "9"]
    assert cli.main(["gradcheck", *arguments]) == 0
    said = capsys.readouterr().out
    assert "input 3x4 and 4x5," in said
    assert "input 1 (second order)" in said and "seed=9" in said


def test_a_wrong_gradient_ends_with_status_1(file, capsys):
    assert cli.main(["gradcheck", f"{file}:wrong", "--shape", "2,3"]) == 1
    said = capsys.readouterr().out
    assert "gradient check FAILED" in said
    assert "Everything is 2 times what it should be" in said
    assert "settle at" in said


def test_training_and_evaluation(file, capsys):
    assert cli.main(["gradcheck", f"{file}:Forgetful"]) == 0
    assert cli.main(["gradcheck", f"{file}:Forgetful", "--eval"]) == 1
    assert "norm.running_mean though it is in evaluation" in capsys.readouterr().out


def test_engine_and_method(file, capsys):
    arguments = [f"{file}:cube", "--shape", "2", "--engine", "loops", "--method", "central"]
    assert cli.main(["gradcheck", *arguments]) == 0
    said = capsys.readouterr().out
    assert "engine loops" in said and "central differences" in said


def test_the_plot(file, tmp_path, capsys):
    pytest.importorskip("matplotlib", reason="matplotlib draws the curve")
    picture = tmp_path / "curve.png"
    assert cli.main(["gradcheck", f"{file}:cube", "--shape", "2", "--plot", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["alexnex"], r"no model \(or path/to/file.py:function_or_class\) 'alexnex'. Did you mean 'alexnet'\?"),
        (["nowhere.py:f"], "there is no file nowhere.py"),
        (["{file}:cub"], "no function or class 'cub'. Did you mean 'cube'"),
        (["{file}:never"], "takes no picture of a usual shape; give --shape C,H,W. It said last: not today"),
        (["lenet5", "--batch", "0"], "--batch is 0; it must be at least 1"),
        (["lenet5", "--engine", "fast"], "no engine 'fast'"),
        (["lenet5", "--method", "guess"], "no method 'guess'"),
        (["lenet5", "--order", "3"], "order is 3"),
        (["lenet5", "--shape", "1,9,9"], "9x9|400|does not fit"),
    ],
)
def test_what_cannot_be_done(arguments, message, file, capsys):
    assert cli.main(["gradcheck", *(a.format(file=file) for a in arguments)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("tinyconv: ")
    assert re.search(message, said)


def test_a_shape_that_is_none(capsys):
    assert shape("3,32,32") == shape("3x32x32") == (3, 32, 32)
    with pytest.raises(SystemExit):
        cli.main(["gradcheck", "lenet5", "--shape", "large"])
    assert "invalid shape value: 'large'" in capsys.readouterr().err
