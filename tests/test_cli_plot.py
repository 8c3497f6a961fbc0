"""The command `tinyconv plot`, through argparse as a user types it."""

import argparse
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tinyconv import cli_plot, data, plots
from tinyconv.errors import ArgumentError, DataError, UnknownNameError
from tinyconv.plots import style
from tinyconv.train import run as runs
from tinyconv.train.config import Config
from tinyconv.train.files import write_atomically

pytest.importorskip("matplotlib", reason="the pictures need matplotlib")


def plot(*words):
    parser = argparse.ArgumentParser(prog="tinyconv")
    cli_plot.add_command(parser.add_subparsers())
    options = parser.parse_args(["plot", *map(str, words)])
    return options.command(options)


@pytest.fixture(scope="module")
def few_digits():
    """300 training digits and 200 test digits: enough to prove the path."""
    patch = pytest.MonkeyPatch()
    load = data.registry.SETS["mnist"]
    patch.setitem(data.registry.SETS, "mnist", lambda train, root=None: load(train, root)[: 300 if train else 200])
    yield
    patch.undo()


@pytest.fixture(scope="module")
def run(tmp_path_factory, few_digits):
    folder = tmp_path_factory.mktemp("runs") / "first"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "available", lambda: False)  # its own pictures are tested elsewhere
        runs.train(Config(epochs=2, batch_size=50, lr=0.1, augment={"rotation": 10}), folder, quiet=True)
    return folder


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were made; their files stay empty, for to render them takes longer than all the rest."""
    figures = []

    def touch(figure, path):
        figures.append(figure)
        write_atomically(path, b"")

    monkeypatch.setattr(style, "save", touch)
    return figures


def history(run):
    return [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]


# ---------------------------------------------------------------- one run


def test_a_picture_goes_into_the_folder_of_its_run(run, capsys):
    (run / "curves.png").unlink(missing_ok=True)
    assert plot(run) == 0
    assert capsys.readouterr().out == f"curves: {run / 'curves.png'}\n"
    assert (run / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_curves_are_drawn_unless_something_else_is_asked_for(run, drawn):
    assert plot(run) == 0
    (evaluation,) = [line for line in drawn[0].axes[0].lines if line.get_label() == "evaluation"]
    assert evaluation.get_ydata().tolist() == [record["val_loss"] for record in history(run)]


def test_curves_by_time_into_a_file_of_any_name(run, tmp_path, drawn):
    assert plot(run, "--x", "seconds", "--out", tmp_path / "by time.svg") == 0
    assert (tmp_path / "by time.svg").exists()
    assert drawn[0].axes[0].get_xlabel() == "time of training (s)"


def test_every_picture(run, tmp_path, drawn, capsys):
    out = tmp_path / "new"
    assert plot(run, "--what", "all", "--out", out) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.splitlines() == [f"{what}: {out / what}.png" for what in cli_plot.PICTURES]
    assert {path.name for path in out.iterdir()} == {f"{what}.png" for what in cli_plot.PICTURES}
    figures = dict(zip(cli_plot.PICTURES, drawn, strict=True))

    trained, test = runs.load_run(run), data.load("mnist", train=False)
    counts = [int(text.get_text()) for text in figures["confusion"].axes[0].texts]
    assert (sum(counts), len(counts)) == (len(test), 100)
    assert sum(counts[::11]) == round(history(run)[-1]["val_accuracy"] * len(test))
    assert figures["scores"].axes[0].get_title().startswith(f"accuracy {sum(counts[::11]) / len(test):.2%}")
    assert figures["mistakes"].get_suptitle().startswith(f"{len(test) - sum(counts[::11])} mistakes in 200 pictures")
    assert figures["filters"].axes[0].get_title().startswith("features.0: 6 filters, 5×5")

    first = [int(np.flatnonzero(test.labels == k)[0]) for k in range(10)]  # of each class
    layers = [axes.get_title(loc="left") for axes in figures["features"].axes if axes.get_title(loc="left")]
    assert layers == ["features.1: 6 maps 28×28", "features.4: 16 maps 10×10"]
    np.testing.assert_allclose(
        figures["features"].axes[0].images[0].get_array(), test.images[first[0], 0] / 255, atol=1e-6
    )
    rows = [axes for axes in figures["occlusion"].axes if axes.get_ylabel()]
    assert [axes.get_ylabel() for axes in rows] == ["0", "1", "2", "3"]
    for axes, i in zip(rows, first, strict=False):
        np.testing.assert_allclose(axes.images[0].get_array(), test.images[i, 0] / 255, atol=1e-6)

    assert figures["gradcam"].get_suptitle() == "Grad-CAM of features.4"
    x = trained.transform(test.images[first[:8]])
    logits = trained.model(x).detach().numpy()
    titles = [axes.get_title(loc="left") for axes in figures["gradcam"].axes if axes.get_title(loc="left")]
    assert titles == [str(k) if k == said else f"{k} : {said}" for k, said in enumerate(logits.argmax(1))]
    cam = plots.grad_cam(trained.model, x, np.arange(8), "features.4")
    shown = [axes.images[1].get_array() for axes in figures["gradcam"].axes if len(axes.images) == 2]
    np.testing.assert_allclose(shown, cam / cam.max((1, 2), keepdims=True), atol=1e-6)

    training = data.load("mnist", train=True)
    cells = [axes.images[0].get_array() for axes in figures["augmented"].axes]
    assert len(cells) == 8 * 9
    for k in range(8):
        before, *after = cells[9 * k : 9 * (k + 1)]
        np.testing.assert_allclose(before, training.images[np.flatnonzero(training.labels == k)[0], 0] / 255)
        assert len({x.tobytes() for x in after}) == 8  # turned by up to 10 degrees, each by its own angle
        assert all(np.abs(x.sum() / before.sum() - 1) < 0.1 for x in after)  # and the normalisation is undone


def test_files_and_layers_of_ones_own(run, tmp_path, drawn, capsys):
    digit = data.mnist(train=False).images[0, 0]
    Image.fromarray(digit).save(tmp_path / "$7.png")
    for what in ("gradcam", "occlusion", "features"):
        layer = [] if what == "occlusion" else ["--layer", "features.3"]
        assert plot(run, "--what", what, *layer, "--image", tmp_path / "$7.png", "--out", tmp_path) == 0
    cam, occlusion, features = drawn
    assert cam.get_suptitle() == "Grad-CAM of features.3"
    (caption,) = [axes.get_title(loc="left") for axes in cam.axes if axes.get_title(loc="left")]
    predicted = runs.predict(runs.load_run(run), tmp_path / "$7.png").classes[0]
    assert caption == f"$7.png:\n{predicted}"
    assert [axes.get_ylabel() for axes in occlusion.axes if axes.get_ylabel()] == [predicted]
    titles = [axes.get_title(loc="left") for axes in features.axes if axes.get_title(loc="left")]
    assert titles == ["features.3: 16 maps 10×10"]


def test_the_weights_of_the_best_epoch(run, tmp_path, drawn):
    first, best = tmp_path / "a.png", tmp_path / "b.png"
    assert plot(run, "--what", "filters", "--out", first) == 0
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    (folder / "last.safetensors").unlink()
    assert plot(folder, "--what", "filters", "--weights", "best", "--out", best) == 0
    expected = runs.load_run(run, "best").model.features[0].weight
    assert f"±{float(abs(expected.detach().numpy()).max()):.2g}" in drawn[1].axes[0].get_title()


def test_what_a_run_does_not_allow_is_left_out(run, tmp_path, drawn, capsys, monkeypatch):
    some = {what: cli_plot.PICTURES[what] for what in ("curves", "filters", "augmented", "gradcam")}
    monkeypatch.setattr(cli_plot, "PICTURES", some)
    folder = tmp_path / "plain"
    shutil.copytree(run, folder)
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | {"augment": {}}))
    with pytest.raises(DataError, match="plot: .*plain was trained without augmentation: there is nothing to draw"):
        plot(folder, "--what", "augmented")
    assert plot(folder, "--what", "all", "--layer", "features.4", "--out", tmp_path / "out") == 0
    said = capsys.readouterr()
    assert [line.split(":")[0] for line in said.err.splitlines()] == ["filters", "augmented"]
    assert "filters: not drawn. filters_of: features.4 is a Tanh" in said.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"curves.png", "gradcam.png"}


# ---------------------------------------------------------------- several runs


@pytest.fixture
def another(run, tmp_path):
    """The same run as it stands after its first epoch, still going on, its last line half written."""
    folder = tmp_path / "second"
    folder.mkdir()
    shutil.copy(run / "config.json", folder)
    first, second = (run / "history.jsonl").read_text().splitlines()
    (folder / "history.jsonl").write_text(first + "\n" + second[:20])
    return folder


def test_several_runs_in_one_picture(run, another, tmp_path, drawn, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert plot(run, another) == 0
    assert capsys.readouterr().out == "curves: comparison.png\n"
    assert (tmp_path / "comparison.png").exists()
    a, b = history(run)
    best = max(a, b, key=lambda record: record["val_accuracy"])
    assert [text.get_text() for text in drawn[0].legends[0].get_texts()] == [
        f"first: best {best['val_accuracy']:.2%}, epoch {best['epoch']}",
        f"second: best {a['val_accuracy']:.2%}, epoch 1",
    ]
    solid = [line.get_ydata().tolist() for line in drawn[0].axes[0].lines if line.get_linestyle() == "-"]
    assert solid == [[a["val_loss"], b["val_loss"]], [a["val_loss"]]]


def test_runs_of_one_name_are_told_apart_by_their_paths(run, tmp_path, drawn):
    other = tmp_path / "elsewhere" / "first"
    shutil.copytree(run, other)
    assert plot(run, other, "--x", "seconds", "--out", tmp_path) == 0
    assert (tmp_path / "comparison.png").exists()
    legend = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert len({text.split(":")[0] for text in legend}) == 2


def test_a_run_that_goes_on_can_be_drawn(another, drawn):
    assert plot(another) == 0
    with pytest.raises(DataError, match="last.safetensors is not there: no epoch is complete"):
        plot(another, "--what", "confusion")


# ---------------------------------------------------------------- what is refused


def test_folders_that_are_no_runs(run, tmp_path):
    for words in ([tmp_path], [run, tmp_path], [tmp_path, "--what", "all"], [tmp_path / "none", "--what", "filters"]):
        with pytest.raises(DataError, match="plot: .* is not the folder of a run: it has no config.json"):
            plot(*words)
    shutil.copy(run / "config.json", tmp_path)
    for words in ([tmp_path], [run, tmp_path], [tmp_path, "--what", "gradcam"]):
        with pytest.raises(DataError, match="plot: .* has no complete epoch yet; try again later, or train --resume"):
            plot(*words)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["--image", "a.png"], ArgumentError, "--image is for features, occlusion, gradcam; leave it out for curves"),
        (["--what", "mistakes", "--layer", "a"], ArgumentError, "--layer is for filters, .*; leave it out for mist"),
        (["--what", "scores", "--x", "epoch"], ArgumentError, "--x is for curves; leave it out for scores"),
        (["--what", "all", "--out", "a.png"], ArgumentError, "--out a.png is one file; name a folder for all pictures"),
        (["--out", "a.gif"], ArgumentError, "plot: a.gif ends in neither .png nor .svg"),
        (["--what", "filters", "--layer", "conv"], UnknownNameError, "no layer 'conv'"),
        (["--what", "gradcam", "--image", "none.png"], DataError, "there is no file none.png"),
        (["--weights", "worst", "--what", "filters"], UnknownNameError, "no set of weights 'worst'"),
    ],
)
def test_options_that_do_not_fit(run, words, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        plot(run, *words)
    assert list(tmp_path.iterdir()) == []


def test_of_several_runs_only_curves_are_compared(run, another):
    with pytest.raises(ArgumentError, match="--what filters is for one run; of several only the curves are compared"):
        plot(run, another, "--what", "filters")
    with pytest.raises(ArgumentError, match="plot: a run is named twice: "):
        plot(run, run)


def test_the_words_that_argparse_refuses(run, capsys):
    for words in ([], [run, "--what", "everything"], [run, "--x", "hours"]):
        with pytest.raises(SystemExit):
            plot(*words)
    with pytest.raises(SystemExit):
        plot("--help")
    assert "tinyconv plot runs/a runs/b --x seconds" in capsys.readouterr().out
