"""tinyconv step: commands in, steps out."""

import io

import numpy as np
import pytest
from PIL import Image

import tinyconv
from tinyconv import stepping
from tinyconv.cli import main
from tinyconv.stepping.terminal import Terminal

HEAD = r"[{}/4] backward  {}"


def said(*commands, steps=None):
    out = io.StringIO()
    steps = steps or stepping.diamond()[0].steps()
    Terminal(steps, io.StringIO("\n".join([*commands, "q", ""])), out).cmdloop()
    return out.getvalue()


def heads(text):
    return [line.partition("] ")[0].rpartition("[")[2] for line in text.splitlines() if "] backward" in line]


def test_return_goes_forth_and_b_back():
    assert heads(said("", "n", "", "b", "b", "")) == ["1/4", "2/4", "3/4", "2/4", "1/4", "2/4"]


def test_the_ends_are_said():
    assert "Before the first step." in said("b")
    text = said("c", "")
    assert heads(text) == ["4/4"]
    assert "This was the last step: the gradients are in .grad." in text


def test_to_and_back_to():
    assert heads(said("to add", "c", "back add", "r", "n")) == ["2/4", "4/4", "2/4", "1/4"]


def test_until():
    assert heads(said("until norm 20")) == ["3/4"]
    assert "It did not happen: at the end." in said("until nan")
    assert said("until", "until norm x").count("Say  until nan  or  until norm 10.") == 2


def test_numbers_and_the_inside_of_a_step():
    text = said("to add", "p dy", "p dz", "i", "l")
    assert "dy ()\n18." in text
    assert "There is in, out, dy, dx to print." in text
    assert ">    2  backward  add" in text
    assert "  mul: (), () -> float32  10." in said("n", "i")


def test_mistakes_are_answered():
    text = said("jump", "to nowhere")
    assert "There is no command 'jump'; h lists them." in text
    assert "to: there is no layer or operation 'nowhere'." in text


# ---------------------------------------------------------------- the command


def test_the_command_shows_all_steps_of_the_diamond(capsys):
    assert main(["step", "diamond", "--all"]) == 0
    text = capsys.readouterr().out
    assert heads(text) == ["5/8", "6/8", "7/8", "8/8"]
    assert text.startswith("[1/8] forward   mul\n")


NET = """
from tinyconv import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
"""


@pytest.fixture
def net_file(tmp_path):
    (tmp_path / "net.py").write_text(NET)
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(tmp_path / "picture.png")
    return tmp_path


def test_the_command_on_a_net_of_ones_own(net_file, capsys):
    target = f"{net_file / 'net.py'}:Net"
    picture = str(net_file / "picture.png")
    assert main(["step", target, "--image", picture, "--input", "1x6x6", "--label", "1", "--all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "forward   conv2d in 0" in lines[0]
    assert "(1, 1, 6, 6)" in lines[2]
    assert "backward  conv2d in 0" in next(line for line in reversed(lines) if line.startswith("["))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--image", "none.png"], "none.png"),
        ([], "step: which picture? Give --image FILE, or --image 0"),
        (["--image", "10000"], "step: there is no picture 10000: the test set has 10000, from 0 on."),
        (["--image", "0", "--label", "2"], "step: --label is 2; the classes are 0, 1, or 0 to 1."),
        (["--image", "0", "--input", "axb"], "step: --input is axb; write channels x rows x columns"),
        (["--image", "0", "--weights", "best"], "step: --weights best: "),
        (["--image", "0", "--to", "conv9"], "there is no layer or operation 'conv9'"),
    ],
)
def test_refusals(net_file, capsys, arguments, message):
    assert main(["step", f"{net_file / 'net.py'}:Net", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_a_net_in_this_folder(net_file, capsys, monkeypatch):
    """Its lines are the user's own, however the file is named."""
    (net_file / "own.py").write_text(NET + "\n    def forward(self, x):\n        return super().forward(x)\n")
    monkeypatch.chdir(net_file)
    assert main(["step", "own.py:Net", "--image", "0", "--input", "1x6x6", "--all"]) == 0
    assert "called in " in capsys.readouterr().out


def test_the_diamond_is_made_of_numbers(capsys):
    assert main(["step", "diamond", "--image", "0"]) == 2
    assert "step: the diamond is made of five numbers, it takes no --image." in capsys.readouterr().err


def test_an_unknown_model_is_named(capsys):
    assert main(["step", "lenett5", "--image", "0"]) == 2
    assert "lenett5" in capsys.readouterr().err


def test_lines_are_the_users_own_or_none(net_file, capsys):
    main(["step", f"{net_file / 'net.py'}:Net", "--image", "0", "--all"])
    assert "called in" not in capsys.readouterr().out
    tinyconv.manual_seed(0)
