"""tinyconv eval: which views the options mean, and what is printed of which runs."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tinyconv import cli_eval, cli_report, data, models
from tinyconv.data import CenterCrop, Compose, Dataset, Normalize, Resize
from tinyconv.errors import ArgumentError
from tinyconv.evaluation import (
    CenterView,
    DenseView,
    GoogLeNetView,
    GridCropView,
    TenCropView,
    as_fully_convolutional,
    averaged,
    evaluate_views,
)
from tinyconv.train import build, save_weights
from tinyconv.train.config import Config

NORMALIZE = Normalize([0.1307], [0.3081])


def parse(*arguments):
    parser = argparse.ArgumentParser()
    cli_eval.add_command(parser.add_subparsers())
    return parser.parse_args(["eval", *map(str, arguments)])


def run(*arguments):
    options = parse(*arguments)
    return options.command(options)


# ---------------------------------------------------------------- which views


@pytest.mark.parametrize(
    ("options", "views"),
    [
        ("--top 3", [CenterView((28, 28), 28)]),
        ("--views single --flip", [CenterView((28, 28), 28, flip=True)]),
        ("--views single --scales 32 --crop 26", [CenterView((26, 26), 32)]),
        ("--views scales", [CenterView((28, 28), size) for size in (28, 32, 35)]),
        ("--views scales --scales 30 40 --flip", [CenterView((28, 28), size, flip=True) for size in (30, 40)]),
        ("--views crops", [TenCropView((28, 28), 32, flip=False)]),
        ("--views crops --crop 14", [TenCropView((14, 14), 16, flip=False)]),
        ("--views crops --crops 50 --scales 30 32", [GridCropView((28, 28), size, flip=False) for size in (30, 32)]),
        ("--views crops --crops 144", [GoogLeNetView(28, (32, 36, 40, 44), flip=False)]),
        ("--views crops --crops 144 --scales 30 --flip", [GoogLeNetView(28, (30,), flip=True)]),
        ("--views dense", [DenseView(32, flip=False)]),
        ("--views dense --scales 32 36 --flip", [DenseView(32), DenseView(36)]),
        ("--views dense+crops", [DenseView(32, flip=False), TenCropView((28, 28), 32, flip=False)]),
    ],
)
def test_the_views_of_a_net_for_28x28(options, views):
    trained = SimpleNamespace(input=(1, 28, 28), config=SimpleNamespace(augment={}))
    assert cli_eval.chosen_views(parse("run", *options.split()), trained) == views


@pytest.mark.parametrize(("option", "flip"), [((), True), (("--no-flip",), False), (("--flip",), True)])
def test_mirrored_as_in_training(option, flip):
    trained = SimpleNamespace(input=(3, 32, 24), config=SimpleNamespace(augment={"hflip": 0.5}))
    assert cli_eval.chosen_views(parse("r", "--views", "crops", *option), trained) == [TenCropView((32, 24), 27, flip)]
    (single,) = cli_eval.chosen_views(parse("r", "--views", "single", *option), trained)
    assert single == CenterView((32, 24), 24, flip=flip and bool(option))


# ---------------------------------------------------------------- runs


@pytest.fixture
def digits(monkeypatch):
    digits = data.mnist(train=False)[:40]
    monkeypatch.setattr(build, "data_of", lambda config, train, size: digits)
    return digits


def a_run(folder, model="lenet5", transform=NORMALIZE, **settings):
    """The folder of a run whose net has learned nothing."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(asdict(Config(model=model, **settings))))
    about = {"model": model, "classes": list("0123456789"), "input": (1, 28, 28), "transform": transform.to_dict()}
    (folder / "model.json").write_text(json.dumps(about))
    for name in ("last", "best"):
        save_weights(folder / f"{name}.safetensors", models.create(model))
    return folder


def errors(text):
    """The errors in percent, by the row's name."""
    rows = [line.rsplit(None, 2) for line in text.splitlines() if line.endswith("%")]
    return {name.strip(): [one.rstrip("%") for one in both] for name, *both in rows}


def as_printed(result):
    return [f"{100 * error:.2f}" for error in result.errors.values()]


def loaded(folder, weights="last"):
    from tinyconv.train.run import load_run

    return load_run(folder, weights).model


def test_a_run_alone_is_evaluated_as_it_was_trained(monkeypatch):
    asked = []
    monkeypatch.setattr(cli_report, "evaluate", lambda folder, weights: asked.append((folder, weights)) or 7)
    assert run("somewhere") == run("somewhere", "--weights", "best") == 7
    assert asked == [(Path("somewhere"), "last"), (Path("somewhere"), "best")]


def test_several_runs_are_an_ensemble(tmp_path, digits, capsys):
    folders = [a_run(tmp_path / "a"), a_run(tmp_path / "b", "deck_summary")]
    before = sorted(tmp_path.rglob("*"))
    assert run(*folders) == 0
    each = [evaluate_views(loaded(folder), digits, CenterView(), NORMALIZE) for folder in folders]
    printed = capsys.readouterr().out
    assert errors(printed) == {
        str(folders[0]): as_printed(each[0]),
        str(folders[1]): as_printed(each[1]),
        "all together": as_printed(averaged(each)),
    }
    assert "top-1 error   top-5 error" in printed
    assert "macro average" in printed
    assert sorted(tmp_path.rglob("*")) == before


def test_dense_and_crops_of_the_best_weights(tmp_path, digits, capsys):
    folder = a_run(tmp_path / "a")
    assert run(folder, "--weights", "best", "--views", "dense+crops", "--scales", 30, "--top", 2) == 0
    net = as_fully_convolutional(loaded(folder, "best"), (1, 28, 28))
    views = [DenseView(30, flip=False), TenCropView(28, 30, flip=False)]
    printed = capsys.readouterr().out
    assert errors(printed) == {str(folder): as_printed(evaluate_views(net, digits, views, NORMALIZE, topk=(1, 2)))}
    assert "top-2 error" in printed


def test_no_more_places_than_classes(tmp_path, monkeypatch, capsys):
    two = Dataset(np.zeros((3, 1, 28, 28), np.uint8), [0, 1, 1], list("0123456789"))
    monkeypatch.setattr(build, "data_of", lambda config, train, size: two)
    assert run(a_run(tmp_path / "a"), "--top", "50") == 0
    assert "top-10 error" in capsys.readouterr().out


def of_run(net, size, transform, test, *options):
    """The evaluation of a run that trained this net on pictures of this size."""
    trained = SimpleNamespace(
        model=net, classes=test.classes, input=(1, size, size), transform=transform, config=Config()
    )
    return cli_eval._of_run(trained, test, parse("run", *options)).probabilities


def test_pictures_of_other_sizes_are_resized_by_the_views(rng):
    """Not by what the run did to its own: that would resize the crops once more."""
    test = Dataset(rng.integers(0, 256, (3, 1, 40, 50), dtype=np.uint8), [1, 2, 3], 10)
    net, prepare = models.LeNet5(), Compose([Resize(32), CenterCrop(28), NORMALIZE])
    wanted = evaluate_views(net, test, TenCropView(28, 36, flip=False), NORMALIZE).probabilities
    options = ("--views", "crops", "--scales", "36")
    np.testing.assert_array_equal(of_run(net, 28, prepare, test, *options), wanted)


def test_the_dense_form_is_that_for_the_pictures_of_training(rng):
    """Not for the paper's of 224x224."""
    test = Dataset(rng.random((3, 1, 64, 64)), [1, 2, 3], 10)
    net = models.vgg11(10, 1, width=4, hidden=8)
    dense = as_fully_convolutional(net, (1, 32, 32))
    wanted = evaluate_views(dense, test, DenseView(flip=False), NORMALIZE).probabilities
    probabilities = of_run(net, 32, NORMALIZE, test, "--views", "dense", "--scales", "64")
    np.testing.assert_array_equal(probabilities, wanted)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--views single --scales 28 32", "--views single has one scale, not 2; use --views scales."),
        ("--scales 28 32", "--views single has one scale, not 2"),
        (
            "--views dense --crop 28",
            "--views dense shows whole pictures; leave out --crop, or use --views dense.crops.",
        ),
        ("--views scales --crops 50", "--views scales has no crops to count; leave out --crops, or use --views crops."),
        ("--crops 50", "--views single has no crops to count"),
        ("--views dense --scales 32 0", "--scales is 0; it must be at least 1."),
        ("--views crops --crop -3", "--crop is -3; it must be at least 1."),
        ("--top 0", "--top is 0; it must be at least 1."),
    ],
)
def test_options_that_the_views_have_no_use_for(options, message):
    with pytest.raises(ArgumentError, match=f"eval: {message}"):
        run("nowhere", *options.split())


def test_runs_of_different_data(tmp_path, digits, monkeypatch):
    a, b = a_run(tmp_path / "a"), a_run(tmp_path / "b", data=str(tmp_path))
    with pytest.raises(ArgumentError, match=f"eval: {a} was trained on mnist, {b} on {tmp_path}; evaluate them apart"):
        run(a, b)
