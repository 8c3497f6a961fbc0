"""A run that is killed again and again, at moments that nobody chose, ends in the same bits as one that is not."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

CONFIG = """
model = "deck_demo"
epochs = 4
batch_size = 25
limit = 2500
optimizer = "adadelta"
weight_decay = 0.0
average = 0.9
checkpoint_every = 1
num_workers = 2
logs = ["csv"]
schedule = {name = "plateau", factor = 0.5, patience = 0, monitor = "val_loss"}

[augment]
rotation = 10
shift = 0.1
mixup = 0.2
"""


# tinyconv that kills itself in a save, when the new file is written and has not taken its name yet.
KILLED_IN_A_SAVE = """
import os, signal, sys
left, replace = int(sys.argv.pop(1)), os.replace
def replace_or_die(*arguments):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*arguments)
os.replace = replace_or_die
from tinyconv.cli import main
sys.exit(main())
"""


def tinyconv(*arguments, program=("-m", "tinyconv")):
    environment = os.environ | {"NUMBA_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, *program, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        preexec_fn=hear_ctrl_c,
    )


def hear_ctrl_c():
    """What runs in the background is born with Ctrl-C ignored; here it is to be heard."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def finish(process):
    _, err = process.communicate()
    assert process.returncode == 0, err.decode()


def begin(folder, *arguments):
    """Start it, and wait until it has trained a batch and saved it."""
    checkpoint = folder / "checkpoint.safetensors"
    before = checkpoint.stat().st_ino if checkpoint.exists() else None
    process = tinyconv("train", *arguments)
    while process.poll() is None and (not checkpoint.exists() or checkpoint.stat().st_ino == before):
        time.sleep(0.005)
    return process


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("number", "kills"), [(signal.SIGKILL, 20), (signal.SIGINT, 4)])
def test_killed_at_random_moments_it_ends_in_the_same_bits(tmp_path, number, kills):
    (tmp_path / "config.toml").write_text(CONFIG)
    seed = int(os.environ.get("TINYCONV_TEST_SEED", secrets.randbelow(2**32)))
    rng = np.random.default_rng([seed, int(number)])
    finish(tinyconv("train", "--config", tmp_path / "config.toml", "--out", tmp_path / "undisturbed"))

    folder = tmp_path / "run"
    process = begin(folder, "--config", tmp_path / "config.toml", "--out", folder)
    for kill in range(kills):
        time.sleep(rng.uniform(0, 0.05))
        assert process.poll() is None, f"it ended before kill {kill}, seed {seed}: {process.stderr.read().decode()}"
        process.send_signal(number)
        process.communicate()
        assert process.returncode == (-9 if number == signal.SIGKILL else 130)
        process = begin(folder, "--resume", folder)
    finish(process)
    same_run(folder, tmp_path / "undisturbed", f"seed {seed}")


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
def test_killed_in_its_saves_it_ends_in_the_same_bits(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    finish(tinyconv("train", "--config", tmp_path / "config.toml", "--out", tmp_path / "undisturbed"))

    folder = tmp_path / "run"
    how = ("--config", tmp_path / "config.toml", "--out", folder)
    for saves in (20, 1, 2, 75, 3, 3, 3, 3, 3, 3):  # about step 100, the end of an epoch, where several are written
        process = tinyconv(saves, "train", *how, program=("-c", KILLED_IN_A_SAVE))
        process.communicate()
        assert process.returncode == -9
        assert any(folder.glob(".*.tmp")), "it was not killed in a save"
        how = ("--resume", folder)
    finish(tinyconv("train", *how))
    same_run(folder, tmp_path / "undisturbed", "")


def same_run(folder, undisturbed, said):
    """Weights, report, settings and history are those of the other run, but for times."""
    assert not any(folder.glob(".*.tmp"))
    for name in ("last.safetensors", "best.safetensors", "report.txt", "model.json"):
        assert (folder / name).read_bytes() == (undisturbed / name).read_bytes(), f"{name} differs, {said}"
    assert records(folder) == records(undisturbed), said


def records(folder):
    return [without_times(json.loads(line)) for line in (folder / "history.jsonl").read_text().splitlines()]


def without_times(record):
    return {key: value for key, value in record.items() if key not in ("seconds", "images_per_second")}
