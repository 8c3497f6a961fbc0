"""The picture of the graph behind a tensor: what it says, where everything stands, what it leaves alone."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import tinyconv as tc
import tinyconv.nn.functional as F
from tinyconv import models, nn
from tinyconv.errors import ArgumentError, GraphError
from tinyconv.graph.draw import colour_of
from tinyconv.graph.figures import figures
from tinyconv.graph.layout import APART, BELOW, _apart, layout


def expression():
    """L = (a b + c) f = (2 * -3 + 10) * -2 = -8"""
    a, b, c, f = (tc.tensor(n, requires_grad=True) for n in (2.0, -3.0, 10.0, -2.0))
    e = a * b
    d = e + c
    return d * f, {"a": a, "b": b, "c": c, "f": f, "e": e, "d": d}


# ---------------------------------------------------------------- what it says


def test_an_expression_by_hand():
    L, names = expression()
    assert str(L.graph(names | {"L": L})).splitlines() == [
        "a = leaf  value 2  grad 6",
        "b = leaf  value -3  grad -4",
        "e = mul(a, b)  value -6  grad -2",
        "c = leaf  value 10  grad -2",
        "d = add(e, c)  value 4  grad -2",
        "f = leaf  value -2  grad 4",
        "L = mul(d, f)  value -8  grad 1",
    ]


def test_without_names_values_and_gradients():
    L, _ = expression()
    assert str(L.graph(values=False, gradients=False)).splitlines()[:3] == [
        "%0 = leaf",
        "%1 = leaf",
        "%2 = mul(%0, %1)",
    ]


def test_nothing_is_changed():
    L, names = expression()
    L.graph()
    assert all(x.grad is None for x in names.values())
    L.backward()
    assert names["a"].grad.item() == 6


def test_values_are_what_the_record_has():
    """The rules of mul keep their factors, that of tanh its output; nobody keeps a sum."""
    x = tc.tensor([1.0, 2.0], requires_grad=True)
    y = (((x * 2).tanh() + 1) * 3).sum()
    (times, *_), values = y.graph().nodes, {n.operation: n.value for n in y.graph().nodes if n.kind == "operation"}
    assert times.value.tolist() == [1, 2]
    assert values["tanh"].tolist() == pytest.approx([np.tanh(2), np.tanh(4)])
    assert values["add"] is None
    assert values["sum"].item() == pytest.approx(3 * (np.tanh(2) + np.tanh(4) + 2))


def test_a_trace_knows_everything_even_after_backward():
    torch_like = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    x, t = tc.randn(2, 1, 4, 4), np.array([0, 2])
    with tc.trace():
        loss = F.cross_entropy(torch_like(x), t)
        loss.backward()
        graph = loss.graph(torch_like)
    assert [n.operation for n in graph.nodes if n.kind == "operation"][:4] == ["conv2d", "relu", "reshape", "linear"]
    assert all(n.value is not None for n in graph.nodes)
    assert all(n.gradient is not None for n in graph.nodes if n.kind != "constant")
    picture, weight, bias, conv, relu = graph.nodes[:5]
    assert (picture.kind, picture.value) == ("constant", x.data)
    assert (weight.name, bias.name, conv.module, relu.module) == ("0.weight", "0.bias", "0", "1")
    np.testing.assert_array_equal(relu.value, np.maximum(conv.value, 0))
    np.testing.assert_array_equal(weight.gradient, torch_like[0].weight.grad.data)
    assert [graph.nodes[i].name for i in conv.inputs] == ["", "0.weight", "0.bias"]


def test_layers_are_found_by_their_parameters():
    net = models.create("lenet5")
    graph = F.cross_entropy(net(tc.randn(1, 1, 28, 28)), np.array([3])).graph({"net": net})
    conv = next(n for n in graph.nodes if n.operation == "conv2d")
    assert (conv.module, conv.details, conv.shape) == ("net.features.0", "5x5, padding 2", (1, 6, 28, 28))
    assert [graph.nodes[i].kind for i in conv.inputs] == ["constant", "parameter", "parameter"]


def test_gradients_of_a_tensor_of_many_elements_are_those_in_grad():
    x = tc.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    y.retain_grad()
    (y * y).backward(np.array([1.0, 10.0]), retain_graph=True)
    graph = y.graph({"x": x})
    assert str(graph).splitlines()[0] == "x = leaf  (2,)  value 1, 2  grad 18, 360"
    assert graph.nodes[-1].gradient.tolist() == [6, 120]


def test_every_input_is_drawn_also_when_it_is_used_twice():
    y, x = tc.stepping.diamond()
    graph = y.graph({"x": x, "y": y})
    said = str(graph).splitlines()
    assert said[0] == "x = leaf  value 3  grad 228"
    assert said[1] == "%1 = mul(x, x)  grad 38"
    assert said[-1].startswith("y = mul(")


# ---------------------------------------------------------------- figures


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.float32(-1.5), "-1.5"),
        ([[1.0, 2.0], [3.0, 4.5]], "1, 2; 3, 4.5"),
        (np.arange(6).reshape(1, 2, 1, 3), "0, 1, 2; 3, 4, 5"),
        ([1e-7, 1.23456e12], "1e-7, 1.235e12"),
        (np.arange(10.0), "0 .. 9, mean 4.5"),
        ([*range(9), np.nan, np.inf, np.nan], "0 .. 8, mean 4, 2 NaN, 1 infinite"),
        (np.full(7, np.nan), "7 NaN"),
        (np.zeros((2, 0)), "empty"),
        ([1.0, np.nan, -np.inf], "1, nan, -inf"),
        (np.array([3 + 4j]), "5"),
        ([True, False], "True, False"),
    ],
)
def test_figures(array, text):
    assert str(figures(np.asarray(array))) == text


def test_how_strong_a_colour_is():
    assert figures(np.array([[2.0, -4.0, 0.0, np.nan, np.inf]])).signs == [[0.5, -1.0, 0.0, 0.0, 1.0]]


def test_colours_follow_what_an_operation_does():
    conv, dense, loss = (colour_of(name) for name in ("conv2d", "linear", "cross_entropy"))
    assert len({conv, dense, loss, colour_of("relu"), colour_of("max_pool2d")}) == 5
    assert (colour_of("conv2d_relu"), colour_of("reshape")) == (conv, "")


# ---------------------------------------------------------------- where everything stands


def test_a_leaf_stands_just_above_what_uses_it_first():
    plan = layout([(50, 20)] * 5, [[], [0], [1], [], [2, 3]])  # 0 -> 1 -> 2 -> 4, 3 -> 4
    assert plan.y == [0, 60, 120, 120, 180]
    assert plan.x[1:3] == pytest.approx([plan.x[0]] * 2)
    assert plan.x[3] - plan.x[2] >= 50 + APART - 1e-9


def test_of_boxes_that_want_one_place_each_gets_the_nearest():
    assert _apart([0, 0], [1, 1], [10, 10]) == [-18, 18]
    assert _apart([0, 0], [3, 1], [10, 10]) == [-9, 27]  # the heavier one moves less
    assert _apart([0, 100, 101], [1, 1, 1], [10, 10, 10]) == [0, 82.5, 118.5]


def test_no_boxes_overlap_and_all_lines_lead_down(rng):
    for _ in range(20):
        count = int(rng.integers(2, 40))
        inputs = [sorted(set(rng.integers(0, n, rng.integers(0, 4)).tolist())) if n else [] for n in range(count)]
        sizes = [(float(w), float(h)) for w, h in rng.integers(20, 200, (count, 2))]
        plan = layout(sizes, inputs)
        assert {(line.source, line.target) for line in plan.lines} == {(i, n) for n in range(count) for i in inputs[n]}
        for i in range(count):
            assert plan.x[i] - sizes[i][0] / 2 >= -0.01 and plan.x[i] + sizes[i][0] / 2 <= plan.width + 0.01
            assert plan.y[i] >= 0 and plan.y[i] + sizes[i][1] <= plan.height
            for j in range(i):
                apart = abs(plan.x[i] - plan.x[j]) >= (sizes[i][0] + sizes[j][0]) / 2 + APART - 0.01
                below = plan.y[i] >= plan.y[j] + sizes[j][1] + BELOW or plan.y[j] >= plan.y[i] + sizes[i][1] + BELOW
                assert apart or below
        for line in plan.lines:
            ys = [y for _, y in line.points]
            assert ys == sorted(ys)
            begins = {(plan.x[line.source], plan.y[line.source] + sizes[line.source][1])}
            begins |= {point for other in plan.lines if other.source == line.source for point in other.points[1:]}
            assert line.points[0] in begins
            assert line.points[-1][1] == plan.y[line.target]
            assert abs(line.points[-1][0] - plan.x[line.target]) < sizes[line.target][0] / 2


def test_lines_do_not_go_through_boxes():
    """A line past three rows: 0 -> 1 -> 2 -> 3 -> 4 and 0 -> 4."""
    plan = layout([(80, 30)] * 5, [[], [0], [1], [2], [0, 3]])
    (around,) = [line for line in plan.lines if len(line.points) > 2]
    assert (around.source, around.target, len(around.points)) == (0, 4, 8)
    for x, y in around.points[1:-1]:
        assert all(abs(x - plan.x[i]) >= 40 + APART or not plan.y[i] <= y <= plan.y[i] + 30 for i in range(5))


# ---------------------------------------------------------------- the picture


def test_the_picture_is_well_formed_and_says_it_all():
    L, names = expression()
    root = ElementTree.fromstring(L.graph({"<a & b>": names["a"]})._repr_svg_())
    texts = ["".join(node.itertext()) for node in root.iter() if node.tag.endswith("}text")]
    assert {"<a & b>", "mul", "add", "value", "grad", "\N{MINUS SIGN}3", "\N{MINUS SIGN}8", "6"} <= set(texts)
    assert root.get("role") == "img"


def test_save(tmp_path):
    L, _ = expression()
    graph = L.graph()
    graph.save(tmp_path / "L.svg")
    assert (tmp_path / "L.svg").read_text(encoding="utf-8") == graph.svg()
    assert [path.name for path in tmp_path.iterdir()] == ["L.svg"]
    with pytest.raises(ArgumentError, match=r"^graph: L\.png does not end in \.svg, the only form of this picture\.$"):
        graph.save("L.png")


def test_a_deep_net_is_drawn():
    net = models.create("resnet20")
    graph = net(tc.randn(2, 3, 32, 32)).sum().graph(net)
    assert repr(graph) == f"<graph of {sum(n.kind == 'operation' for n in graph.nodes)} operations>"
    assert graph.svg().count("layer2.0.conv1") >= 2


# ---------------------------------------------------------------- what cannot be drawn


def test_refusals():
    x = tc.tensor([1.0], requires_grad=True)
    y = x.exp().sum()
    with pytest.raises(GraphError, match=r"^graph: nothing was recorded for this tensor: it is a leaf\.$"):
        x.graph()
    with pytest.raises(GraphError, match=r"^graph: nothing was recorded .*: no input of it has requires_grad=True\.$"):
        (tc.ones(2) * 2).graph()
    with pytest.raises(ArgumentError, match=r"^graph: names is list; give a Module, or a dict from names to tensors"):
        y.graph([x])
    y.backward()
    with pytest.raises(GraphError, match=r"^graph: the graph behind 'sum' was freed by a backward pass\. Ask for the"):
        y.graph()


def test_a_graph_that_is_too_large_is_refused():
    y = tc.tensor(1.0, requires_grad=True)
    for _ in range(2001):
        y = y + 1
    with pytest.raises(GraphError, match=r"^graph: there are more than 2,000 operations behind this tensor, too many"):
        y.graph()


def test_a_tensor_that_is_used_all_the_way_is_one_line_with_branches():
    """0 goes into 1, 2, ..., 29, each of which also goes into the next."""
    plan = layout([(80, 30)] * 30, [[], [0], *([0, n - 1] for n in range(2, 30))])
    assert sum(len(line.points) for line in plan.lines) < 4 * 30 + 2 * 30
