"""Every model computes what its independent twin computes: outputs, layers, gradients."""

from importlib.util import find_spec

import pytest

from zoo.receipts import receipt, twins

QUICK = {"resnet20", "densenet121", "squeezenet1_1"}  # the others are compared by `pytest -m long`


@pytest.mark.timeout(400)  # SENet-154 in float64
@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.long) for n in twins()])
def test_the_twin_agrees(name, rng):
    missing = [package for package in ("torch", "torchvision", "timm", "onnx") if find_spec(package) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)}, where the twins are defined, is not installed")
    found = receipt(name, rng)
    layers, gradients = found.worst()
    assert len(found.layers) > 5
    assert layers < 1e-9, max(found.layers, key=found.layers.get)
    assert gradients < 1e-9, max(found.gradients, key=found.gradients.get)
