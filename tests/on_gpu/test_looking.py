"""The checkup tries the engine, and pictures and representations show what is on a GPU."""

import numpy as np

import tinyconv as tc
import tinyconv.nn.functional as F
from tinyconv.checkup import machine


def test_the_engine_is_tried(device):
    assert machine.mistake("cuda", device) == ""
    _, found = machine.engines()
    assert [(fact.state, fact.value) for fact in found if fact.name == "cuda"] == [
        ("ok", "right; compiled for this GPU")
    ]
    gpus = [fact for fact in machine.devices() if fact.name.startswith("cuda:")]
    assert gpus and all(fact.state == "ok" and "GiB free" in fact.value for fact in gpus)


def test_a_graph_is_drawn_with_its_numbers(device):
    x = tc.tensor(np.arange(32.0, dtype=np.float32).reshape(1, 2, 4, 4), device=device)
    w = tc.ones(1, 2, 3, 3, device=device, requires_grad=True)
    loss = F.relu(F.conv2d(x, w)).sum()
    graph = loss.graph({"w": w, "x": x})
    assert "value 0 .. 31, mean 15.5" in str(graph)
    assert str(graph).splitlines()[-1] == "%4 = sum(%3)  [dim (0, 1, 2, 3)]  value 1116  grad 1"
    assert graph.svg().startswith("<svg")


def test_tensors_in_a_notebook(device):
    assert "<td" in tc.ones(2, 2, device=device)._repr_html_()
    pictures = tc.tensor(np.linspace(0, 1, 600, dtype=np.float32).reshape(2, 3, 10, 10), device=device)
    assert pictures._repr_html_().count("<img") == 2 and "cuda:0" in pictures._repr_html_()
