"""Nets of the zoo on a GPU: outputs, gradients and running statistics are the CPU's."""

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models

SMALL = {  # name: options, picture
    "lenet5": ({}, (1, 28, 28)),
    "lenet5_1998": ({}, (1, 32, 32)),
    "deck_demo": ({}, (1, 28, 28)),
    "resnet20": ({}, (3, 8, 8)),
}
LARGE = ["alexnet", "vgg11_bn", "googlenet", "resnet18", "mobilenet_v2", "se_resnet18", "squeezenet1_1", "densenet121"]


def agrees(model, picture, device, rng, batch=2):
    """Of the same weights and pictures: the outputs, a gradient for each parameter, and the buffers afterwards."""
    x = rng.standard_normal((batch, *picture))
    found = []
    weights = {path: w.numpy().copy() for path, w in model.state_dict().items()}
    for where in ("cpu", device):
        model.to("cpu").load_state_dict({path: tc.tensor(w.copy()) for path, w in weights.items()})
        model.to(where).train().zero_grad()
        with tc.engine("numpy" if where == "cpu" else "cuda"):
            tc.manual_seed(1)
            y = model(tc.tensor(x, device=where))
            outputs = list(y) if isinstance(y, (tuple, list)) else [y]
            sum((out * out).mean() for out in outputs).backward()
        arrays = {f"output {i}": out for i, out in enumerate(outputs)}
        arrays |= {f"gradient of {path}": p.grad for path, p in model.named_parameters() if p.grad is not None}
        arrays |= dict(model.named_buffers())
        found.append({name: a.detach().cpu().numpy().copy() for name, a in arrays.items()})
    here, there = found
    assert here.keys() == there.keys()
    for name, expected in here.items():
        error = np.abs(there[name] - expected).max(initial=0)
        assert error <= 1e-9 * max(1, np.abs(expected).max(initial=0)), name


@pytest.mark.parametrize("name", SMALL)
def test_small_nets(name, device, rng):
    options, picture = SMALL[name]
    agrees(models.create(name, 10, picture[0], **options).double(), picture, device, rng)


@pytest.mark.gpu
@pytest.mark.parametrize("name", [n for n in LARGE if n in models.names("classification")])
def test_large_nets(name, rng):
    pytest.importorskip("cupy", reason="CuPy is not installed")
    model = models.create(name, 10, 3).double()
    agrees(model, (3, 64, 64) if name != "alexnet" else (3, 224, 224), "cuda", rng)
