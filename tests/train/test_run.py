"""Runs and their folders, through the command line as a user types it."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tinyconv import cli, data
from tinyconv.errors import ArgumentError, DataError, UnknownNameError
from tinyconv.train.config import Config
from tinyconv.train.run import load_run, predict

SMALL = ["--limit", "300", "--batch-size", "50", "--lr", "0.1"]


@pytest.fixture(scope="module")
def small_test_set():
    """Evaluation on the first 500 test digits: enough to prove the path."""
    patch = pytest.MonkeyPatch()
    load = data.registry.SETS["mnist"]
    patch.setitem(data.registry.SETS, "mnist", lambda train, root=None: load(train, root)[: None if train else 500])
    yield
    patch.undo()


@pytest.fixture(scope="module")
def run(tmp_path_factory, small_test_set):
    folder = tmp_path_factory.mktemp("runs") / "a"
    assert cli.main(["train", "--epochs", "2", *SMALL, "--out", str(folder)]) == 0
    return folder


def test_train_leaves_a_complete_folder(run):
    files = {path.name for path in run.iterdir()}
    assert files == {
        "best.safetensors",
        "checkpoint.safetensors",
        "config.json",
        "confusion.png",
        "curves.png",
        "history.jsonl",
        "last.safetensors",
        "mistakes.png",
        "model.json",
        "report.txt",
    }
    history = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in history] == [1, 2]
    assert history[1]["loss"] < history[0]["loss"]
    assert "0.1" in (run / "config.json").read_text()


def test_the_same_configuration_gives_the_same_bits(run, tmp_path):
    assert cli.main(["train", "--config", str(run / "config.json"), "--out", str(tmp_path / "b")]) == 0
    assert (tmp_path / "b/last.safetensors").read_bytes() == (run / "last.safetensors").read_bytes()


def test_a_run_killed_by_the_system_resumes_to_the_same_bits(run, tmp_path):
    """A process is killed from outside after its first checkpoint; --resume goes on from there."""
    folder = tmp_path / "killed"
    code = (
        "import os, signal; from tinyconv import cli; from tinyconv.train import callbacks\n"
        "save = callbacks.SaveCheckpoint.on_epoch_end\n"
        "def die(self, trainer):\n"
        "    save(self, trainer); os.kill(os.getpid(), signal.SIGKILL)\n"
        "callbacks.SaveCheckpoint.on_epoch_end = die\n"
        f"cli.main(['train', '--config', {str(run / 'config.json')!r}, '--out', {str(folder)!r}])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == -9
    assert not (folder / "last.safetensors").exists()
    assert cli.main(["train", "--resume", str(folder)]) == 0
    assert (folder / "last.safetensors").read_bytes() == (run / "last.safetensors").read_bytes()
    assert (folder / "best.safetensors").read_bytes() == (run / "best.safetensors").read_bytes()


def test_eval_repeats_the_evaluation(run, capsys):
    report = (run / "report.txt").read_text()
    (run / "report.txt").unlink()
    assert cli.main(["eval", str(run)]) == 0
    assert (run / "report.txt").read_text() == report
    assert "Test accuracy" in capsys.readouterr().out


def test_predict_classifies_pictures_of_digits(run, tmp_path, capsys):
    from PIL import Image

    digits = data.mnist(train=False)
    trained = load_run(run)
    x = trained.transform(digits.images[:40])
    from tinyconv import Tensor

    said = trained.model(Tensor(x)).detach().numpy().argmax(1)
    i = int(np.flatnonzero(said == digits.labels[:40])[0])  # one that the model knows
    big = np.kron(255 - digits.images[i, 0], np.ones((9, 9), np.uint8))  # dark on light, nine times as large
    Image.fromarray(np.pad(big, 40, constant_values=255)).convert("RGB").save(tmp_path / "digit.jpg")
    assert cli.main(["predict", str(run), str(tmp_path / "digit.jpg")]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'digit.jpg'}: {digits.labels[i]}  (")
    answer = predict(trained, tmp_path / "digit.jpg")
    assert sum(answer.probabilities) == pytest.approx(1, abs=1e-5)
    assert sorted(answer.classes) == list("0123456789")


def test_predict_goes_on_after_a_bad_picture(run, tmp_path, capsys):
    from PIL import Image

    (tmp_path / "bad.png").write_bytes(b"not a picture")
    good = data.mnist(train=False).images[0, 0]
    Image.fromarray(good).save(tmp_path / "good.png")
    assert cli.main(["predict", str(run), str(tmp_path / "bad.png"), str(tmp_path / "good.png")]) == 1
    out, err = capsys.readouterr()
    assert "bad.png is not a picture" in err
    assert out.startswith(f"{tmp_path / 'good.png'}: ")


# ---------------------------------------------------------------- refusals: one line, status 2, nothing changed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "lenet"], r"there is no model 'lenet'. Did you mean 'lenet5'\?"),
        (["--data", "mnits"], r"there is no data set 'mnits'. Did you mean 'mnist'\?"),
        (["--optimizer", "adm"], r"there is no optimizer 'adm'. Did you mean 'adam'\?"),
        (["--schedule", "cosin"], r"Did you mean 'cosine'\?"),
        (["--engine", "numbe"], r"there is no engine 'numbe'. Did you mean 'numb[ay]'\?|numba"),
        (["--device", "cdua"], r"there is no device 'cdua'. Did you mean 'cuda'\?"),
        (["--epochs", "0"], r"train: epochs is 0; it must be at least 1"),
        (["--batch-size", "-3"], r"train: batch_size is -3; it must be at least 1"),
        (["--limit", "0"], r"train: limit is 0; it must be at least 1"),
        (["--validation", "1.5"], r"train: validation is 1.5; it must be a share between 0 and 1"),
        (["--lr", "-1"], r"SGD: lr is -1.0; it must be at least 0"),
        (["--lr", "nan"], r"SGD: lr is nan; it must be at least 0"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(tmp_path, capsys, arguments, message):
    import re

    assert cli.main(["train", *arguments, "--out", str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert re.search(message, err) and "Traceback" not in err
    assert not (tmp_path / "run").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path, capsys):
    (tmp_path / "precious.txt").write_text("mine")
    assert cli.main(["train", "--out", str(tmp_path)]) == 2
    assert "is there already. Choose another --out, or --resume" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_damaged_runs_are_refused(run, tmp_path):
    with pytest.raises(DataError, match=r"config: .*config\.json cannot be read: No such file"):
        load_run(tmp_path)
    (tmp_path / "config.json").write_text((run / "config.json").read_text()[:50])
    with pytest.raises(DataError, match=r"config\.json is not a configuration"):
        load_run(tmp_path)
    (tmp_path / "config.json").write_text('{"epoch": 3}')
    with pytest.raises(UnknownNameError, match=r"there is no setting 'epoch'. Did you mean 'epochs'\?"):
        load_run(tmp_path)
    (tmp_path / "config.json").write_text((run / "config.json").read_text())
    with pytest.raises(DataError, match=r"last\.safetensors is not there: no epoch is complete"):
        load_run(tmp_path)
    (tmp_path / "last.safetensors").write_bytes((run / "last.safetensors").read_bytes()[:1000])
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(DataError, match=r"model\.json cannot be used"):
        load_run(tmp_path)
    (tmp_path / "model.json").write_text((run / "model.json").read_text())
    with pytest.raises(DataError, match=r"last\.safetensors"):
        load_run(tmp_path)
    with pytest.raises(UnknownNameError, match=r"there is no set of weights 'bset'. Did you mean 'best'\?"):
        load_run(run, "bset")


def test_a_damaged_checkpoint_is_refused_and_kept(run, tmp_path, capsys):
    for name in ("config.json", "model.json"):
        (tmp_path / name).write_text((run / name).read_text())
    torn = (run / "checkpoint.safetensors").read_bytes()[:5000]
    (tmp_path / "checkpoint.safetensors").write_bytes(torn)
    assert cli.main(["train", "--resume", str(tmp_path)]) == 2
    assert "checkpoint.safetensors" in capsys.readouterr().err
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == torn


def test_a_resume_needs_the_same_configuration(run, tmp_path, capsys):
    config = json.loads((run / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"batch_size": 30}))
    (tmp_path / "checkpoint.safetensors").write_bytes((run / "checkpoint.safetensors").read_bytes())
    assert cli.main(["train", "--resume", str(tmp_path)]) == 2
    assert "batch_size is 50 in the state, 30 in this loader" in capsys.readouterr().err


def test_held_out_pictures_choose_the_best_weights(small_test_set, tmp_path):
    folder = tmp_path / "run"
    assert cli.main(["train", "--epochs", "1", *SMALL, "--validation", "0.2", "--out", str(folder)]) == 0
    record = json.loads((folder / "history.jsonl").read_text())
    assert record["val_accuracy"] * 60 == pytest.approx(round(record["val_accuracy"] * 60))  # 60 of 300 pictures


def test_config_defaults_are_what_the_readme_says():
    config = Config()
    assert (config.model, config.data, config.limit, config.validation) == ("lenet5", "mnist", None, 0.0)
    with pytest.raises(ArgumentError, match="epochs"):
        Config(epochs=0)
