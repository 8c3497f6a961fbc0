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
checkpoint_every = 1  # most kills fall into a save
num_workers = 2
logs = ["csv"]
schedule = {name = "plateau", factor = 0.5, patience = 0, monitor = "val_loss"}

[augment]
rotation = 10
shift = 0.1
mixup = 0.2
"""


def tinyconv(*arguments):
    environment = os.environ | {"NUMBA_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "tinyconv", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
    )


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
    torn = 0
    for kill in range(kills):
        time.sleep(rng.uniform(0, 0.1))
        assert process.poll() is None, f"it ended before kill {kill}, seed {seed}: {process.stderr.read().decode()}"
        process.send_signal(number)
        process.communicate()
        assert process.returncode == (-9 if number == signal.SIGKILL else 130)
        torn += any(folder.glob(".*.tmp"))
        process = begin(folder, "--resume", folder)
    finish(process)
    assert torn > 0 or number == signal.SIGINT, f"not one of {kills} kills fell into a save, seed {seed}"
    assert not any(folder.glob(".*.tmp"))

    for name in ("last.safetensors", "best.safetensors", "report.txt", "model.json"):
        killed, undisturbed = (tmp_path / run / name for run in ("run", "undisturbed"))
        assert killed.read_bytes() == undisturbed.read_bytes(), f"{name} differs, seed {seed}"
    records = [
        [without_times(json.loads(line)) for line in (tmp_path / run / "history.jsonl").read_text().splitlines()]
        for run in ("run", "undisturbed")
    ]
    assert records[0] == records[1]


def without_times(record):
    return {key: value for key, value in record.items() if key not in ("seconds", "images_per_second")}
