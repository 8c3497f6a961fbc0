"""Runs and their folders, through the command line as a user types it."""

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tinyconv import cli, data
from tinyconv.backend import current_engine, engine
from tinyconv.errors import ArgumentError, DataError, UnknownNameError
from tinyconv.train import callbacks
from tinyconv.train.config import Config
from tinyconv.train.files import load_tensors
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


@pytest.fixture
def picture(tmp_path):
    from PIL import Image

    Image.fromarray(data.mnist(train=False).images[0, 0]).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


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


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_run_killed_by_the_system_resumes_to_the_same_bits(run, tmp_path, epoch):
    """A process is killed from outside after a checkpoint, be it the last; --resume goes on from there."""
    folder = tmp_path / "killed"
    code = (
        "import os, signal; from tinyconv import cli; from tinyconv.train import callbacks\n"
        "save = callbacks.SaveCheckpoint.on_epoch_end\n"
        "def die(self, trainer):\n"
        "    save(self, trainer)\n"
        f"    if trainer.epoch == {epoch}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "callbacks.SaveCheckpoint.on_epoch_end = die\n"
        f"cli.main(['train', '--config', {str(run / 'config.json')!r}, '--out', {str(folder)!r}])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == -9
    assert not (folder / "report.txt").exists()
    assert cli.main(["train", "--resume", str(folder)]) == 0
    for name in ("last.safetensors", "best.safetensors", "report.txt", "model.json"):
        assert (folder / name).read_bytes() == (run / name).read_bytes()
    assert len((folder / "history.jsonl").read_text().splitlines()) == 2


def test_a_run_killed_with_nothing_but_its_configuration_resumes(run, tmp_path):
    (tmp_path / "config.json").write_bytes((run / "config.json").read_bytes())
    assert cli.main(["train", "--resume", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in run.iterdir()}
    assert (tmp_path / "last.safetensors").read_bytes() == (run / "last.safetensors").read_bytes()


def test_a_resume_takes_no_other_configuration(run, capsys):
    before = (run / "config.json").read_bytes()
    assert cli.main(["train", "--resume", str(run), "--epochs", "7", "--weight-decay", "0"]) == 2
    message = "train: --resume goes on with the run's own configuration; leave out --epochs, --weight-decay."
    assert message in capsys.readouterr().err
    assert (run / "config.json").read_bytes() == before


def test_the_configuration_says_which_engine_trained(run, small_test_set, tmp_path):
    assert json.loads((run / "config.json").read_text())["engine"] == current_engine()
    with engine("numpy"):  # as TINYCONV_ENGINE does for the process
        assert cli.main(["train", "--epochs", "1", *SMALL, "--out", str(tmp_path / "run")]) == 0
    assert json.loads((tmp_path / "run/config.json").read_text())["engine"] == "numpy"


@pytest.mark.parametrize("when", ["at the start", "in an epoch", "in a resumed epoch"])
def test_ctrl_c_says_how_to_go_on_if_there_is_something_to_go_on_with(run, tmp_path, capsys, monkeypatch, when):
    folder = tmp_path / "a run"
    arguments = ["train", "--config", str(run / "config.json"), "--out", str(folder)]
    if when == "in a resumed epoch":
        folder.mkdir()
        (folder / "config.json").write_bytes((run / "config.json").read_bytes())
        arguments = ["train", "--resume", str(folder)]

    def ctrl_c(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "tinyconv.train.run.build" if when == "at the start" else "tinyconv.train.judging.accuracy", ctrl_c
    )
    assert cli.main(arguments) == 130
    err = capsys.readouterr().err
    assert (f"Go on with: tinyconv train --resume '{folder}'" in err) == (when != "at the start")
    assert "roken off." in err


# ---------------------------------------------------------------- odd outputs and paths


def command(arguments, **options):
    return subprocess.run([sys.executable, "-m", "tinyconv", *map(str, arguments)], **options)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_an_output_that_is_full_is_one_clear_line(run, picture):
    with open("/dev/full", "w") as full:
        done = command(["predict", run, picture], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "tinyconv: [Errno 28] No space left on device. Name another file or folder.\n"


def test_a_reader_that_has_left_is_no_error_to_speak_of(run, picture):
    read, write = os.pipe()
    os.close(read)
    done = command(["predict", run, picture], stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_no_output_at_all_is_no_error(run, picture, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)  # as under pythonw
    assert cli.main(["predict", str(run), str(picture)]) == 0


def test_letters_that_the_output_lacks_are_escaped(run, picture):
    name = picture.with_name("\u00fc.png")
    name.write_bytes(picture.read_bytes())
    done = command(["predict", run, name], capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert rb"\xfc.png: " in done.stdout


@pytest.mark.parametrize("arguments", [["train", "--out"], ["train", "--resume"], ["eval"]])
def test_a_name_that_is_too_long_is_one_clear_line(arguments, capsys):
    assert cli.main([*arguments, "x" * 300]) == 2
    assert re.fullmatch(r"tinyconv: .*x{300}.*Name another file or folder\.\n", capsys.readouterr().err)


@pytest.mark.parametrize("arguments", [["train", "--resume"], ["eval"]])
def test_a_folder_that_is_no_run_is_refused(arguments, tmp_path, capsys):
    assert cli.main([*arguments, str(tmp_path)]) == 2
    assert f"{tmp_path} is not the folder of a run: it has no config.json." in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


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
        (["lenet"], r"there is no model 'lenet'. Did you mean 'lenet5'\?"),
        (["--data", "mnits"], r"there is no data set or folder 'mnits'. Did you mean 'mnist'\?"),
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
    with pytest.raises(DataError, match=r"load_run: .* is not the folder of a run: it has no config\.json"):
        load_run(tmp_path)
    with pytest.raises(DataError, match=r"config: .* cannot be read: No such file"):
        Config.from_file(tmp_path / "nowhere.json")
    (tmp_path / "config.json").write_text((run / "config.json").read_text()[:50])
    with pytest.raises(DataError, match=r"config\.json is not a configuration"):
        load_run(tmp_path)
    (tmp_path / "config.json").write_text('{"epoch": 3}')
    with pytest.raises(
        UnknownNameError, match=r"config .*config\.json: there is no setting 'epoch'. Did you mean 'epochs'\?"
    ):
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


def test_a_run_from_a_machine_with_a_gpu_is_evaluated_without_one(run, tmp_path, capsys):
    folder = tmp_path / "from a GPU"
    shutil.copytree(run, folder)
    settings = json.loads((folder / "config.json").read_text()) | {"device": "cuda", "precision": "float16"}
    (folder / "config.json").write_text(json.dumps(settings))
    before = (folder / "report.txt").read_text()
    assert cli.main(["eval", str(folder)]) == 0
    assert (folder / "report.txt").read_text() == before
    assert cli.main(["train", "--resume", str(folder)]) == 2  # which would go on with other bits
    assert "cuda: " in capsys.readouterr().err


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


# ---------------------------------------------------------------- more than digits, more than accuracy


def test_a_full_disk_ends_the_run_and_says_how_to_go_on(run, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "a run"
    save, saves = callbacks.save_checkpoint.save_checkpoint, []

    def full(path, state):
        saves.append(path)
        if len(saves) == 2:
            raise DataError("writing", f"{path} cannot be written: No space left on device. Name a folder with room.")
        save(path, state)

    monkeypatch.setattr(callbacks.save_checkpoint, "save_checkpoint", full)
    assert cli.main(["train", "--config", str(run / "config.json"), "--out", str(folder)]) == 2
    err = capsys.readouterr().err
    assert "No space left on device" in err and f"Go on with: tinyconv train --resume '{folder}'" in err
    assert cli.main(["train", "--resume", str(folder)]) == 0
    assert (folder / "last.safetensors").read_bytes() == (run / "last.safetensors").read_bytes()


def test_a_checkpoint_of_another_model_is_refused(run, tmp_path, capsys):
    config = json.loads((run / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model": "deck_demo"}))
    (tmp_path / "checkpoint.safetensors").write_bytes((run / "checkpoint.safetensors").read_bytes())
    assert cli.main(["train", "--resume", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "load_state_dict" in err and "Traceback" not in err
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == (run / "checkpoint.safetensors").read_bytes()


def test_a_folder_of_pictures_from_training_to_prediction(photographs, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "run"
    monkeypatch.chdir(photographs.parent)
    arguments = ["deck_summary", "--data", photographs.name, "--size", "28", "--augment", "resized_crop=0.5", "hflip"]
    settings = ["--epochs", "8", "--batch-size", "5", "--schedule", "constant", "--lr", "0.02"]
    assert cli.main(["train", *arguments, *settings, "--logs", "csv", "--out", str(folder)]) == 0
    assert "Test accuracy 100.00%" in capsys.readouterr().out
    assert (folder / "history.csv").read_text().count("\n") == 9
    assert json.loads((folder / "model.json").read_text())["input"] == [3, 28, 28]
    monkeypatch.chdir(tmp_path)
    assert cli.main(["eval", str(folder)]) == 0
    assert "Test accuracy 100.00%" in capsys.readouterr().out
    pictures = [str(photographs / "val/dark/0.png"), str(photographs / "val/light/1.png")]
    assert cli.main(["predict", str(folder), *pictures]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{pictures[0]}: dark  (") and second.startswith(f"{pictures[1]}: light  (")


def test_from_the_weights_of_another_run(run, small_test_set, tmp_path, capsys):
    """The body stays as it was, bit by bit; the head learns."""
    folder, weights = tmp_path / "run", run / "last.safetensors"
    arguments = [
        "--weights",
        str(weights),
        "--freeze",
        "features.*",
        "--body-lr",
        "0.001",
        "--epochs",
        "1",
        "--out",
        str(folder),
    ]
    assert cli.main(["train", *SMALL, *arguments]) == 0
    assert f"From {weights}: loaded 10 tensors" in capsys.readouterr().out
    (before, _), (after, _) = load_tensors(weights), load_tensors(folder / "last.safetensors")
    assert before.keys() == after.keys()
    for name in before:
        assert np.array_equal(before[name], after[name]) == name.startswith("features")
    assert cli.main(["train", "--resume", str(folder)]) == 0  # the file of weights is not needed any more


def test_early_stopping_does_not_look_at_the_test_set(tmp_path, capsys):
    assert cli.main(["train", "--early-stopping", "2", "--out", str(tmp_path / "run")]) == 2
    assert "early_stopping must not look at the test set; hold out validation = 0.1" in capsys.readouterr().err


def test_the_doctor_speaks_in_plain_lines(photographs, tmp_path):
    arguments = ["deck_summary", "--data", photographs, "--size", "28", "--lr", "0", "--schedule", "constant"]
    done = command(["train", *arguments, "--epochs", "1", "--out", tmp_path / "a"], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr.startswith("tinyconv: zero_learning_rate: the learning rate is 0.\n")
    assert "doctor.py" not in done.stderr
    arguments += ["--no-doctor", "--epochs", "1", "--out", tmp_path / "b"]
    assert command(["train", *arguments], capture_output=True, text=True).stderr == ""
