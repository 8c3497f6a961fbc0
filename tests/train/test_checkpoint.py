"""Weights and checkpoints on disk."""

import numpy as np
import pytest

from tinyconv import nn
from tinyconv.errors import ArgumentError, DataError, ShapeError
from tinyconv.train import load_checkpoint, load_weights, save_checkpoint, save_weights


def values(model):
    return {name: x.numpy().copy() for name, x in model.state_dict().items()}


def test_weights_round_trip_bit_by_bit(tmp_path):
    a = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    b = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    save_weights(tmp_path / "w.safetensors", a)
    load_weights(tmp_path / "w.safetensors", b)
    for name, x in values(a).items():
        np.testing.assert_array_equal(values(b)[name], x)


def test_other_programs_can_read_the_weights(tmp_path):
    from safetensors.numpy import load_file

    model = nn.Linear(3, 2)
    save_weights(tmp_path / "w.safetensors", model)
    tensors = load_file(tmp_path / "w.safetensors")
    assert {k: v.shape for k, v in tensors.items()} == {"weight": (2, 3), "bias": (2,)}


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        (
            lambda: nn.Linear(4, 2),
            ShapeError,
            r"w\.safetensors: .* does not fit this Linear\.\n  weight has shape \(2, 3\)",
        ),
        (lambda: nn.Sequential(nn.Linear(3, 2)), ArgumentError, r"fit this Sequential\. .*\n  missing: 0\.weight"),
    ],
)
def test_weights_of_another_model_change_nothing(tmp_path, other, error, message):
    save_weights(tmp_path / "w.safetensors", nn.Linear(3, 2))
    model = other()
    before = values(model)
    with pytest.raises(error, match=message):
        load_weights(tmp_path / "w.safetensors", model)
    for name, x in before.items():
        np.testing.assert_array_equal(values(model)[name], x)


def test_a_checkpoint_keeps_every_kind_of_leaf(tmp_path):
    rng = np.random.default_rng(0)
    state = {
        "arrays": {"a": rng.standard_normal((2, 3)), "empty": np.zeros((0, 2), np.float32), "0d": np.array(7)},
        "bits": np.array([np.nan, np.inf, -0.0, 5e-324]),
        "plain": [1, 2.5, 1 / 3, None, True, "text", {"deep": [np.arange(3)]}],
        "big": 2**127 - 1,  # as in the state of a PCG64
    }
    save_checkpoint(tmp_path / "c.safetensors", state)
    got = load_checkpoint(tmp_path / "c.safetensors")
    for name, x in state["arrays"].items():
        assert got["arrays"][name].dtype == x.dtype
        np.testing.assert_array_equal(got["arrays"][name], x)
    assert got["bits"].tobytes() == state["bits"].tobytes()
    assert got["plain"][:6] == state["plain"][:6]
    np.testing.assert_array_equal(got["plain"][6]["deep"][0], [0, 1, 2])
    assert got["big"] == state["big"]


def test_weights_are_no_checkpoint(tmp_path):
    save_weights(tmp_path / "w.safetensors", nn.Linear(3, 2))
    with pytest.raises(DataError, match=r"load_checkpoint: .*w\.safetensors is no checkpoint"):
        load_checkpoint(tmp_path / "w.safetensors")
