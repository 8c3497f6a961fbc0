"""The command `tinyconv models`: the zoo as a table and as a picture."""

import importlib.util

import pytest

import tinyconv as tc
from tinyconv import cli, models, nn
from tinyconv.errors import ArgumentError, TinyconvError
from tinyconv.models import Card
from tinyconv.zoo import Entry, plot_zoo, zoo


def entry(name, year, millions, work, accuracy, source="torchvision"):
    card = Card(name, models.LeNet5, year, "a paper", (3, 224, 224), "classification", (accuracy, source))
    return Entry(card, int(millions * 1e6), 0, int(work * 1e9))


# ---------------------------------------------------------------- the table


def test_what_is_known_of_two_nets():
    lenet, resnet = zoo(["resnet18", "lenet5"])
    assert (lenet.card.name, lenet.parameters, lenet.idle) == ("lenet5", 61_706, 0)
    dense = 400 * 120 + 120 * 84 + 84 * 10
    assert lenet.multiply_adds == 25 * 6 * 28 * 28 + 25 * 6 * 16 * 10 * 10 + dense
    assert resnet.parameters == 11_689_512
    assert round(resnet.multiply_adds / 1e9, 1) == 1.8  # the paper's table 1


def test_the_oldest_net_comes_first():
    assert [entry.card.name for entry in zoo(["alexnet", "zfnet", "lenet5"])] == ["lenet5", "alexnet", "zfnet"]


def test_parts_that_only_training_runs_are_counted_apart():
    (googlenet,) = zoo(["googlenet"])
    assert (googlenet.parameters - googlenet.idle, googlenet.idle) == (6_998_552, 6_379_728)


def test_the_table_lists_a_task(capsys):
    assert cli.main(["models", "--task", "segmentation"]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == ["model", "year", "task", "input", "parameters", "multiply-adds", "paper"]
    assert sorted(row.split()[0] for row in rows) == models.names("segmentation")
    assert len({row.index(" M  ") for row in rows}) == 1  # numbers end in one column


@pytest.mark.long
def test_the_table_lists_every_model(capsys):
    assert cli.main(["models"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert sorted(row.split()[0] for row in rows) == models.names()


def test_an_unknown_task_is_refused(capsys):
    assert cli.main(["models", "--task", "segmentaton"]) == 2
    assert "segmentation" in capsys.readouterr().err


# ---------------------------------------------------------------- weights that are not drawn


def test_skipped_initialisers_draw_nothing():
    before = tc.random.get_state()
    with nn.init.skipped():
        layer = nn.Linear(3, 2)
        layer.weight.data[...] = 7.0
        nn.init.normal_(layer.weight)
        nn.init.zeros_(layer.weight)
    assert (layer.weight.data == 7).all()
    assert str(tc.random.get_state()) == str(before)
    nn.init.zeros_(layer.weight)
    assert (layer.weight.data == 0).all()


# ---------------------------------------------------------------- the picture


def test_the_picture_is_written(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib, which draws, is not installed")
    from PIL import Image

    entries = [entry("a", 2012, 61, 0.7, 56.5), entry("b", 2015, 12, 1.8, 69.8, "the paper, table 2")]
    plot_zoo(tmp_path / "zoo.png", entries)
    with Image.open(tmp_path / "zoo.png") as picture:
        assert len(picture.convert("RGB").getcolors(2**24)) > 100
    assert [path.name for path in tmp_path.iterdir()] == ["zoo.png"]


def test_no_label_lies_upon_another_or_upon_a_centre(tmp_path, rng):
    pytest.importorskip("matplotlib", reason="matplotlib, which draws, is not installed")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from tinyconv.zoo.labels import place_labels

    figure = Figure((8, 6), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8), xlim=(0, 10), ylim=(0, 10))
    x, y = rng.uniform(2, 8, (2, 24))  # crowded
    place_labels(axes, x, y, rng.uniform(20, 900, 24), [f"net_number_{i}" for i in range(24)])
    boxes = [text.get_window_extent(figure.canvas.get_renderer()) for text in axes.texts]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert not any(box.contains(*axes.transData.transform(centre)) for centre in zip(x, y, strict=True))


def test_a_picture_of_nets_without_accuracies_is_refused(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib, which draws, is not installed")
    with pytest.raises(ArgumentError, match="plot_zoo: none of these models has a published accuracy"):
        plot_zoo(tmp_path / "zoo.png", zoo(["lenet5"]))


def test_without_matplotlib_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TinyconvError, match=r"plot_zoo: matplotlib is not installed.*pip install 'tinyconv\[viz\]'"):
        plot_zoo(tmp_path / "zoo.png", [])
