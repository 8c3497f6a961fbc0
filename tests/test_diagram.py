"""The diagram of a net: what its boxes say, how paths fork and join, what is folded, and where everything stands."""

import importlib.util
from itertools import combinations, pairwise

import pytest

import tinyconv as tc
from tinyconv import models, nn
from tinyconv.errors import ShapeError, TinyconvError
from tinyconv.ledger import draw, trace
from tinyconv.ledger.diagram_cells import cells
from tinyconv.ledger.diagram_fold import _range
from tinyconv.ledger.diagram_layout import columns
from tinyconv.ledger.diagram_parts import Cell, Fork, Frame, Stack, Tangle
from tinyconv.ledger.diagram_structure import structure

pytest.importorskip("matplotlib", reason="matplotlib, which draws, is not installed")


class Net(nn.Module):
    """Layers by name, and a function that runs them."""

    def __init__(self, run, **layers):
        for name, layer in layers.items():
            setattr(self, name, layer)
        self.how = run

    def forward(self, x):
        return self.how(self, x)


def texts(net, *picture):
    return [(cell.text, cell.size) for cell in cells(net, trace(net, *picture))]


def graph(*inputs):
    """Cells "1", "2", ... with those inputs, after the input "0"."""
    return [
        Cell("0", "", "input", (4,)),
        *(Cell(str(i + 1), "", "other", (4,), inputs=tuple(js)) for i, js in enumerate(inputs)),
    ]


def shown(items):
    """Numbers of cells, one after the other; a fork as [way, way, ...], then its join."""
    found = []
    for item in items:
        if isinstance(item, Stack):
            found += [cell.text for cell in item.cells]
        elif isinstance(item, Fork):
            found += [[shown(way) for way in item.ways], *([item.join.text] if item.join else [])]
        elif isinstance(item, Frame):
            found.append((item.title, item.count, shown(item.items)))
        else:
            found.append((item.lines, [cell.text for cell in item.cells]))
    return found


# ---------------------------------------------------------------- boxes


@pytest.mark.parametrize(
    ("layer", "text", "size"),
    [
        (nn.Conv2d(4, 6, 3, stride=2, padding=1), "conv 3×3, stride 2", "6×4×4"),
        (nn.Conv2d(4, 6, (1, 3), stride=(1, 2)), "conv 1×3, stride 1×2", "6×8×3"),
        (nn.Conv2d(4, 8, 3, dilation=2, groups=2), "conv 3×3, dilation 2, 2 groups", "8×4×4"),
        (nn.Conv2d(4, 4, 3, groups=4), "conv 3×3, depthwise", "4×6×6"),
        (nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"), "conv 3×3", "4×8×8"),
        (nn.ConvTranspose2d(4, 2, 2, stride=2), "transposed conv 2×2, stride 2", "2×16×16"),
        (nn.MaxPool2d(2), "max pool 2×2, stride 2", "4×4×4"),
        (nn.AvgPool2d(8), "global average pool", "4×1×1"),
        (nn.AdaptiveAvgPool2d(2), "average pool to 2×2", "4×2×2"),
        (nn.AdaptiveMaxPool2d(1), "global max pool", "4×1×1"),
        (nn.GlobalAvgPool2d(), "global average pool", "4"),
        (nn.Upsample(scale_factor=2), "resize", "4×16×16"),
        (nn.BatchNorm2d(4), "batch norm", "4×8×8"),
        (nn.LocalResponseNorm(3), "local response norm", "4×8×8"),
        (nn.Flatten(), "flatten", "256"),
        (nn.Softmax(dim=1), "softmax", "4×8×8"),
        (nn.ScaledTanh(), "scaled tanh", "4×8×8"),
    ],
)
def test_what_a_box_says(layer, text, size):
    assert texts(layer, 4, 8, 8) == [("input", "4×8×8"), (text, size)]


def test_numbers_beside_a_picture_are_no_joins():
    net = Net(lambda net, x: net.relu(2 * x + net.weight), weight=nn.Parameter(tc.zeros(1).data), relu=nn.ReLU())
    assert texts(net, 1, 2, 2)[1:] == [("× constant", "1×2×2"), ("+ constant", "1×2×2"), ("ReLU", "1×2×2")]


def test_a_layer_that_runs_twice_is_drawn_twice():
    net = Net(lambda net, x: net.conv(net.conv(x)), conv=nn.Conv2d(1, 1, 3))
    assert texts(net, 1, 6, 6)[1:] == [("conv 3×3", "1×4×4"), ("conv 3×3", "1×2×2")]


# ---------------------------------------------------------------- forks and joins


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ([[0], [1]], ["0", "1", "2"]),
        ([[0], [1], [2, 0]], ["0", [["1", "2"], []], "3"]),  # a residual block
        ([[0], [0], [1, 2]], ["0", [["1"], ["2"]], "3"]),
        ([[0], [1], [2], [1, 3], [4, 0]], ["0", [["1", [["2", "3"], []], "4"], []], "5"]),  # one inside another
        ([[0], [1], [1], [0], [2, 3, 4]], ["0", [["1", [["2"], ["3"]]], ["4"]], "5"]),  # two ways to a join further on
        ([[0], [0], [1, 2], [3, 0]], ["0", [[[["1"], ["2"]], "3"], []], "4"]),  # two of three ways meet before
        ([[0], [0]], ["0", [["1"], ["2"]]]),  # two outputs
        ([[0, 0]], ["0", [[], []], "1"]),  # x + x
    ],
)
def test_paths_fork_and_join(inputs, expected):
    assert shown(structure(graph(*inputs), fold=False)) == expected


def test_what_does_not_fork_and_join_in_pairs_keeps_all_its_lines():
    items = structure(graph([0], [1], [1, 2], [2, 3], [3, 4]), fold=False)
    lines, inside = shown(items)[-1]
    assert isinstance(items[-1], Tangle)
    assert inside == ["2", "3", "4", "5"]
    assert sorted(lines) == [(-1, 0), (-1, 1), (0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]


def test_a_module_that_forks_has_a_frame_and_names_begin_in_it():
    block = nn.Residual(nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)), relu=True)
    net = nn.Sequential({"first": nn.Conv2d(1, 4, 1), "block": block})
    first, frame = structure(cells(net, trace(net, 1, 8, 8)))[1:]
    assert [cell.name for cell in first.cells] == ["first"]
    assert (frame.title, frame.count) == ("block", 1)
    fork, relu = frame.items
    assert [[cell.name for cell in stack.cells] for stack in fork.ways[0]] == [["body.0", "body.1"]]
    assert (fork.ways[1], fork.join.kind, relu.cells[0].text) == ([], "+", "ReLU")


# ---------------------------------------------------------------- repetitions


def test_layers_with_equal_outputs_are_drawn_once():
    convs = [nn.Sequential(nn.Conv2d(C, 8, 3, padding=1), nn.ReLU()) for C in (1, 8, 8)]
    net = nn.Sequential(*convs, nn.Conv2d(8, 9, 3, padding=1))
    items = structure(cells(net, trace(net, 1, 8, 8)))
    assert shown(items) == ["input", ("0–2", 3, ["conv 3×3", "ReLU"]), "conv 3×3"]
    assert shown(structure(cells(net, trace(net, 1, 8, 8)), fold=False)) == [
        "input",
        *3 * ["conv 3×3", "ReLU"],
        "conv 3×3",
    ]


def test_blocks_that_differ_in_channels_alone_are_drawn_once_with_their_range():
    net = nn.Sequential(*(nn.Concat(nn.Identity(), nn.Conv2d(C, 4, 1)) for C in (4, 8, 12)))
    (_, frame) = structure(cells(net, trace(net, 4, 6, 6)))
    (fork,) = frame.items
    assert (frame.title, frame.count, fork.join.size) == ("0–2", 3, "8–16 × 6×6")


def test_lenet_is_drawn_whole():
    net = models.LeNet5()
    items = structure(cells(net, trace(net, 1, 28, 28)))
    assert shown(items) == [
        "input",
        *2 * ["conv 5×5", "tanh", "average pool 2×2, stride 2"],
        "flatten",
        *2 * ["dense", "tanh"],
        "dense",
    ]


def test_resnet50_is_drawn_in_eight_blocks():
    with nn.init.skipped():
        net = models.resnet50()
    frames = [item for item in structure(cells(net, trace(net, 3, 64, 64))) if isinstance(item, Frame)]
    assert [frame.count for frame in frames] == [1, 2, 1, 3, 1, 5, 1, 2]
    assert frames[5].title == "layer3.1–5"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("layer1.1", "layer1.2", "layer1.1–2"),
        ("features.9", "features.12", "features.9–12"),
        ("features.10", "features.12", "features.10–12"),
        ("conv", "conv", "conv"),
        ("a", "b", "a–b"),
    ],
)
def test_a_range_of_paths(first, last, expected):
    assert _range(first, last) == expected


# ---------------------------------------------------------------- places


class Paper:
    """A Pen that remembers boxes instead of drawing them."""

    def __init__(self):
        self.boxes, self.frames, self.lines, self.lengths = [], [], [], []

    def box(self, x, y, width, height, kind):
        (self.frames if kind == "frame" else self.boxes).append((x, y, x + width, y + height))

    def circle(self, x, y, radius, text):
        self.boxes.append((x - radius, y - radius, x + radius, y + radius))

    def line(self, *points):
        self.lines += pairwise(points)

    def arrow(self, start, end):
        self.line(start, end)
        self.lengths.append(max(abs(start[0] - end[0]), abs(start[1] - end[1])))

    def text(self, *arguments, **more):
        pass

    badge = text


def overlap(a, b, slack=1e-6):
    return min(a[2], b[2]) - max(a[0], b[0]) > slack and min(a[3], b[3]) - max(a[1], b[1]) > slack


def inside(a, b, slack=1e-6):
    return a[0] >= b[0] - slack and a[1] >= b[1] - slack and a[2] <= b[2] + slack and a[3] <= b[3] + slack


NETS = "googlenet", "densenet121", "fcn8s", "inception_resnet_v2", "senet154", "squeezenet1_0"


@pytest.mark.parametrize(
    ("name", "fold"),
    [
        pytest.param(name, fold, marks=[] if (name, fold) in ((NETS[0], True), (NETS[2], False)) else pytest.mark.long)
        for name in NETS
        for fold in (True, False)
    ],
)
def test_boxes_stand_apart_within_their_frames_and_lines_are_straight(name, fold):
    with nn.init.skipped():
        net = models.create(name)
    blocks, height = columns(structure(cells(net, trace(net, *models.card(name).input)), fold))
    x = 0.0
    for block in blocks:
        paper, x = Paper(), x + block.left
        block.draw(paper, x, 0.0, (x, -1.0))
        assert not [pair for pair in combinations(paper.boxes, 2) if overlap(*pair)]
        assert all(inside(box, (x - block.left, 0, x + block.right, height)) for box in paper.boxes + paper.frames)
        assert all(inside(box, frame) for box in paper.boxes for frame in paper.frames if overlap(box, frame))
        assert all(abs(x0 - x1) < 1e-6 or abs(y0 - y1) < 1e-6 for (x0, y0), (x1, y1) in paper.lines)
        assert min(paper.lengths) > 0.1
        x += block.right


# ---------------------------------------------------------------- files


def test_a_picture_is_written(tmp_path):
    from PIL import Image

    draw(models.LeNet5(), tmp_path / "net.png", (1, 28, 28))
    with Image.open(tmp_path / "net.png") as picture:
        assert picture.size[0] > 300 and len(picture.convert("RGB").getcolors(2**24)) > 50
    assert [path.name for path in tmp_path.iterdir()] == ["net.png"]


def test_tangles_and_several_outputs_are_drawn(tmp_path):
    def run(net, x):
        a = net.a(x)
        b = net.b(a)
        c = net.c(a + b)
        return b + c, net.d(a + c)

    net = Net(run, **{name: nn.Conv2d(2, 2, 1) for name in "abcd"})
    draw(net, tmp_path / "net.png", (2, 4, 4))
    assert (tmp_path / "net.png").stat().st_size > 5000


def test_a_net_that_fails_leaves_the_old_picture(tmp_path):
    (tmp_path / "net.png").write_bytes(b"old")
    with pytest.raises(ShapeError, match="channels"):
        draw(models.LeNet5(), tmp_path / "net.png", (3, 28, 28))
    assert (tmp_path / "net.png").read_bytes() == b"old"


def test_without_matplotlib_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TinyconvError, match=r"draw: matplotlib is not installed.*pip install 'tinyconv\[viz\]'"):
        draw(models.LeNet5(), tmp_path / "net.png")
