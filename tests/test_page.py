"""The page of one's own net: what is embedded in it, what it refuses, how large it is; without a browser."""

import base64
import html
import json
import re

import numpy as np
import pytest

import tinyconv
import tinyconv.nn.functional as F
from tinyconv import models, nn
from tinyconv.cli import main
from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.page import document
from tinyconv.page.arrays import Stored, encode, fit
from tinyconv.page.rails import rails

LIMIT = 5_000_000


def record_of(page):
    text = re.search(r'<script type="application/json" id="record">(.*?)</script>', page, re.S)[1]
    return json.loads(text)


def numbers(record, place):
    """What the page makes of an array: written again here, in NumPy."""
    about = record["arrays"][place]
    size = int(np.prod(about["shape"]))
    if "derived" in about:
        how, *sources = about["derived"]
        if how == "relu":
            return np.maximum(numbers(record, sources[0]), 0)
        if how == "where":
            dy, y = (numbers(record, i) for i in sources)
            return np.where(y > 0, dy[: y.size], 0)
        return numbers(record, sources[0])[sources[1] : sources[1] + size]
    leading = np.frombuffer(base64.b64decode(about["data"]), np.uint8).reshape(-1, about["bytes"])
    whole = np.zeros((len(leading), 4), np.uint8)
    whole[:, 4 - about["bytes"] :] = leading
    assert len(whole) == about["kept"]
    return whole.view("<f4").reshape(-1)


def small_net():
    """Everything that branches: a skip, a concatenation; batch norm, both kinds of pooling."""
    return nn.Sequential(
        {
            "stem": nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()),
            "skip": nn.Residual(nn.Conv2d(4, 4, 3, padding=1), relu=True),
            "pool": nn.MaxPool2d(3, 2, 1),
            "fork": nn.Concat(nn.Conv2d(4, 3, 1), nn.AvgPool2d(3, 1, 1)),
            "flat": nn.Flatten(),
            "fc": nn.Linear(7 * 16, 5),
        }
    )


@pytest.fixture(autouse=True)
def plain_engine():
    """The page's own; nothing is compiled."""
    with tinyconv.engine("numpy"):
        yield


@pytest.fixture
def picture(rng):
    return rng.standard_normal((2, 8, 8)).astype(np.float32)


# ---------------------------------------------------------------- what is embedded


def test_all_values_and_gradients_are_the_engines(picture):
    net = small_net()
    record = record_of(tinyconv.explain_html(net, picture, 3))
    values, gradients = {}, {}
    x = tinyconv.tensor(picture[None], requires_grad=True)
    net.eval()
    stem = [x]
    for layer in net.stem:
        stem.append(layer(stem[-1]))
    skip = (net.skip.body(stem[-1]) + stem[-1]).relu()
    kept = {"picture": x, "stem.0": stem[1], "stem.1": stem[2], "stem.2": stem[3], "pool": net.pool(skip)}
    kept["fork"] = net.fork(kept["pool"])
    kept["fc"] = net.fc(kept["fork"].flatten(1))
    for made in kept.values():
        made.retain_grad()
    loss = F.cross_entropy(kept["fc"], [3])
    loss.backward()
    for node in record["nodes"]:
        key = "picture" if node["name"] == "picture" else node["module"]
        if key in kept and (key != "fork" or node["name"] == "cat"):
            values[key] = numbers(record, node["value"]).reshape(node["shape"])
            gradients[key] = numbers(record, node["gradient"]).reshape(node["shape"])
    assert values.keys() == kept.keys()
    for key, made in kept.items():
        np.testing.assert_array_equal(values[key], made.data[0], err_msg=key)
        np.testing.assert_allclose(gradients[key], made.grad.data[0], rtol=1e-6, atol=1e-7, err_msg=key)
    assert record["loss"] == loss.item()


def test_parameters_and_their_gradients_are_the_models(picture):
    net = small_net()
    record = record_of(tinyconv.explain_html(net, picture, 3))
    F.cross_entropy(net.eval()(tinyconv.tensor(picture[None])), [3]).backward()
    own = dict(net.named_parameters())
    assert {p["name"] for p in record["parameters"]} == own.keys()
    for p in record["parameters"]:
        np.testing.assert_array_equal(numbers(record, p["value"]), own[p["name"]].data.reshape(-1))
        gradient = own[p["name"]].grad.data.reshape(-1)
        np.testing.assert_allclose(numbers(record, p["gradient"]), gradient, rtol=1e-6, atol=1e-7)


def test_the_steps_are_those_of_the_tape(picture):
    record = record_of(tinyconv.explain_html(small_net(), picture, 3))
    names = [step["name"] for step in record["steps"]]
    assert names[:4] == ["reshape", "cross_entropy", "linear", "reshape"]
    assert names[-3:] == ["relu", "batch_norm", "conv2d"]
    skip = [given for step in record["steps"] for given in step["gives"] if given.get("node") == 3]
    assert [given["added"] for given in skip] == [False, True]  # the ReLU is read by the convolution and by the sum
    pool = next(step for step in record["steps"] if step["name"] == "max_pool2d")
    assert "max_pool2d_input" in pool["rules"][0]["text"]
    assert pool["rules"][0]["where"].startswith("tinyconv/ops/pool.py:")


def test_what_can_be_made_of_other_arrays_is_not_embedded(picture):
    record = record_of(tinyconv.explain_html(small_net(), picture, 3))
    relu = next(node for node in record["nodes"] if node["name"] == "relu")
    assert record["arrays"][relu["value"]]["derived"][0] == "relu"
    flat = next(node for node in record["nodes"] if node["module"] == "flat")
    assert flat["value"] == record["nodes"][flat["inputs"][0]["node"]]["value"]


def test_without_a_label_it_is_the_likeliest_class(picture):
    net = small_net().eval()
    record = record_of(tinyconv.explain_html(net, picture))
    assert record["label"] == net(tinyconv.tensor(picture[None])).data.argmax()
    assert record["given"] is False


def test_the_model_is_afterwards_as_it_was(picture):
    net = small_net()
    net.fork.eval()
    net.fc.weight.grad = tinyconv.ones_like(net.fc.weight)
    before = {name: a.data.copy() for name, a in net.state_dict().items()}
    tinyconv.explain_html(net, picture, 0)
    assert net.training and not net.fork.training
    assert (net.fc.weight.grad.data == 1).all() and net.fc.bias.grad is None
    for name, a in net.state_dict().items():
        np.testing.assert_array_equal(a.data, before[name])


def test_frozen_parameters_have_no_gradient(picture):
    net = small_net()
    for p in net.stem.parameters():
        p.requires_grad_(False)
    record = record_of(tinyconv.explain_html(net, picture, 0))
    without = {p["name"] for p in record["parameters"] if p["gradient"] is None}
    assert without == {"stem.0.weight", "stem.0.bias", "stem.1.weight", "stem.1.bias"}
    assert record["nodes"][0]["gradient"] is not None  # the picture's own


# ---------------------------------------------------------------- one file, and a small one


def test_nothing_is_loaded_from_elsewhere(picture):
    page = tinyconv.explain_html(small_net(), picture, 3)
    outside = re.sub(r'"http://www.w3.org/2000/svg"', "", page)  # a name, which nothing loads
    assert not re.search(r"https?:|//cdn|\bsrc\s*=|@import|url\(|<link(?![^>]*data:)|\bimport\s*\(|fetch\(", outside)


def test_names_from_outside_stay_text(picture):
    evil = "</script><script>alert(1)</script>&<b>"
    net = nn.Sequential({evil.replace(".", ""): nn.Flatten(), "fc": nn.Linear(128, 5)})
    page = tinyconv.explain_html(net, picture, 1, title=evil, classes=[evil, "b", "c", "d", "\u2028"])
    assert page.count("</script>") == 3 and "<b>" not in page and "\u2028" not in page
    assert page.count(html.escape(evil)) == 2  # the title, twice
    record = record_of(page)
    assert record["title"] == record["classes"][0] == evil
    assert record["nodes"][1]["module"] == evil


@pytest.mark.slow
def test_a_residual_net_of_20_layers_fits_and_no_map_is_left_out(rng):
    page = tinyconv.explain_html(models.create("resnet20"), rng.standard_normal((3, 32, 32)), 3)
    record = record_of(page)
    assert len(page.encode()) < LIMIT
    for node in record["nodes"]:
        for key in ("value", "gradient"):
            assert numbers(record, node[key]).size == max(1, np.prod(node["shape"]))
    for p in record["parameters"]:
        assert numbers(record, p["value"]).size == np.prod(p["shape"])


def test_a_larger_net_loses_weights_first(rng, monkeypatch):
    net = nn.Sequential(
        nn.Conv2d(1, 64, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(64 * 36, 200), nn.Linear(200, 3)
    )
    x = rng.standard_normal((1, 6, 6))
    monkeypatch.setattr(document, "LIMIT", 600_000)
    page = tinyconv.explain_html(net, x, 1)
    record = record_of(page)
    assert len(page) < 600_000
    for node in record["nodes"]:
        assert numbers(record, node["value"]).size == max(1, np.prod(node["shape"]))
    large = next(p for p in record["parameters"] if p["name"] == "3.weight")
    kept = numbers(record, large["value"]).size
    assert 0 < kept < 200 * 2304 and kept % 2304 == 0
    assert numbers(record, large["gradient"]).size == 0


def test_leading_bytes_keep_16_bits(rng):
    array = (rng.standard_normal(1000) * 10.0 ** rng.integers(-20, 20, 1000)).astype(np.float32)
    array[:3] = 0, np.inf, -np.inf
    record = {"arrays": [{"shape": [1000], "bytes": 3, "kept": 1000, "data": encode(array, 3, 1000)}]}
    near = numbers(record, 0)
    np.testing.assert_array_equal(near[:3], array[:3])
    assert (abs(near[3:] - array[3:]) <= abs(array[3:]) * 2.0**-16).all()
    assert (near != array).any()


def test_arrays_are_shortened_in_their_order():
    weight = Stored(np.ones((8, 1000), np.float32), weight=True)
    gradient = Stored(np.ones((8, 1000), np.float32) * 2, weight=True, spare=True)
    feature = Stored(np.ones((4, 1000), np.float32) * 3)
    arrays = [weight, gradient, feature]
    assert fit(arrays, 107_000) and all(a.bytes == 4 and a.kept == a.array.size for a in arrays)
    assert fit(arrays, 64_001) and (gradient.kept, weight.bytes, feature.bytes) == (0, 4, 4)
    assert fit(arrays, 54_000) and (weight.bytes, feature.bytes) == (3, 4)
    assert fit(arrays, 48_001) and (weight.rows, feature.bytes) == (8, 3)
    assert fit(arrays, 33_000) and (weight.rows, feature.rows) == (4, 4)
    assert not fit(arrays, 10_000)


# ---------------------------------------------------------------- the rails


@pytest.mark.parametrize(
    ("inputs", "lanes", "lines"),
    [
        ([[], [0], [1]], [0, 0, 0], [(0, 1, 0), (1, 2, 0)]),  # a chain
        ([[], [0], [1], [2, 0]], [0, 0, 0, 0], [(0, 1, 0), (1, 2, 0), (2, 3, 0), (0, 3, 1)]),  # a skip
        ([[], [0], [0], [1, 2]], [0, 0, 1, 0], [(0, 1, 0), (0, 2, 1), (1, 3, 0), (2, 3, 0)]),  # two branches
        (  # three branches, then a skip over one row
            [[], [0], [0], [2], [0], [1, 3, 4], [5], [6, 5]],
            [0, 0, 1, 1, 2, 0, 0, 0],
            [
                (0, 1, 0),
                (0, 2, 1),
                (2, 3, 1),
                (0, 4, 2),
                (1, 5, 0),
                (3, 5, 1),
                (4, 5, 0),
                (5, 6, 0),
                (6, 7, 0),
                (5, 7, 1),
            ],
        ),
    ],
    ids=["chain", "skip", "branches", "both"],
)
def test_rails(inputs, lanes, lines):
    found, drawn = rails(inputs)
    assert found == lanes
    adjacent = {(u, v) for u, v, _ in lines if v == u + 1}  # there is no row between them, so the lane says nothing
    assert [line for line in drawn if line[:2] not in adjacent] == [line for line in lines if line[:2] not in adjacent]


@pytest.mark.parametrize("seed", range(20))
def test_no_two_lines_share_a_place(seed):
    rng = np.random.default_rng(seed)
    inputs = [[]] + [sorted({*rng.integers(max(0, v - 6), v, 2).tolist()}) for v in range(1, 40)]
    lanes, lines = rails(inputs)
    places = [(lane, row, u) for u, v, lane in lines for row in range(u + 1, v)]
    owners = {(lane, row): {u for L, r, u in places if (L, r) == (lane, row)} for lane, row, _ in places}
    assert all(len(us) == 1 for us in owners.values())
    assert all((lane, row) not in owners for row, lane in enumerate(lanes))


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (ArgumentError, "model is int; it must be a Module", lambda net, x: (3, x)),
        (ShapeError, r"x has shape \(8, 8\); it must be one picture", lambda net, x: (net, x[0])),
        (ShapeError, r"x has shape \(3, 2, 8, 8\)", lambda net, x: (net, np.stack([x] * 3))),
        (DTypeError, "x is <U1; it must be a picture", lambda net, x: (net, np.array([[["a"]]]))),
        (ShapeError, "input has 1 channels", lambda net, x: (net, x[:1])),
        (ArgumentError, "y is 5; the net has 5 classes, from 0 to 4", lambda net, x: (net, x, 5)),
        (ArgumentError, "y is -1", lambda net, x: (net, x, -1)),
        (ArgumentError, "y is 'cat'; it must be the number of a class", lambda net, x: (net, x, "cat")),
        (ArgumentError, r"y is array\(\[1, 2\]\)", lambda net, x: (net, x, np.array([1, 2]))),
        (ShapeError, r"gives shape \(1, 2, 8, 8\) for one picture; it must give logits", lambda net, x: (nn.ReLU(), x)),
    ],
)
def test_refusals(error, words, call, picture):
    with pytest.raises(error, match=words):
        tinyconv.explain_html(*call(small_net(), picture))


def test_a_net_of_several_outputs_is_refused(picture):
    class Two(nn.Module):
        def forward(self, x):
            return x.flatten(1), x

    with pytest.raises(ShapeError, match="gives a tuple for one picture"):
        tinyconv.explain_html(Two(), picture)


def test_a_net_that_does_not_look_is_refused(picture):
    class Blind(nn.Module):
        def forward(self, x):
            return tinyconv.ones(1, 3)

    with pytest.raises(ArgumentError, match="does not depend on the picture"):
        tinyconv.explain_html(Blind(), picture)


def test_as_many_names_as_classes(picture):
    with pytest.raises(ArgumentError, match="classes has 2 names; the net has 5 classes"):
        tinyconv.explain_html(small_net(), picture, classes=["a", "b"])


def test_a_net_that_fits_on_no_page_is_refused(monkeypatch, picture, tmp_path):
    monkeypatch.setattr(document, "LIMIT", 120_000)
    with pytest.raises(ArgumentError, match=r"the page would have 0\.\d MB, more than 5. Give a smaller picture"):
        tinyconv.explain_html(small_net(), picture, path=tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- files, and the command


def test_a_path_is_written_and_returned(picture, tmp_path):
    path = tinyconv.explain_html(
        small_net(), tinyconv.tensor(picture[None]), np.int64(2), tmp_path / "new" / "page.html"
    )
    assert path == tmp_path / "new" / "page.html"
    assert record_of(path.read_text(encoding="utf-8"))["label"] == 2


def test_the_command_writes_a_page(tmp_path, capsys):
    out = tmp_path / "seven.html"
    assert main(["explain", "lenet5", "0", "--label", "7", "-o", str(out)]) == 0
    assert str(out) in capsys.readouterr().out
    record = record_of(out.read_text(encoding="utf-8"))
    assert (record["title"], record["label"], record["given"]) == ("lenet5", 7, True)


def test_the_command_says_when_no_label_was_given(tmp_path):
    out = tmp_path / "page.html"
    assert main(["explain", "lenet5", "0", "-o", str(out)]) == 0
    assert record_of(out.read_text(encoding="utf-8"))["given"] is False


# ---------------------------------------------------------------- unusual nets


class Unusual(nn.Module):
    """Statistics that are no layer's own, a constant with the bytes of a parameter, a side branch after the logits."""

    def __init__(self):
        self.conv = nn.Conv2d(2, 4, 3)
        self.weight, self.bias = nn.Parameter(np.ones(4, np.float32)), nn.Parameter(np.zeros(4, np.float32))
        self.head, self.aux = nn.Linear(4, 6), nn.Linear(4, 3)

    def forward(self, x):
        mean, var = tinyconv.full((4,), 0.5), tinyconv.full((4,), 2.0)
        y = F.batch_norm(self.conv(x), mean, var, self.weight, self.bias) * tinyconv.ones(4, 1, 1)
        z = F.adaptive_avg_pool2d(y, 1).flatten(1)
        logits = self.head(z)
        self.seen = self.aux(z)
        return logits


def test_constants_keep_their_shape_and_classes_are_the_outputs(picture):
    record = record_of(tinyconv.explain_html(Unusual(), picture, 1, classes="abcdef"))
    (product,) = [node for node in record["nodes"] if node["name"] == "mul"]
    (place,) = [operand["constant"] for operand in product["inputs"] if "constant" in operand]
    assert record["arrays"][place]["shape"] == [4, 1, 1]
    assert record["classes"] == list("abcdef")
    (norm,) = [node for node in record["nodes"] if node["name"] == "batch_norm"]
    assert (norm["arguments"]["mean"], norm["arguments"]["var"]) == ([0.5] * 4, [2.0] * 4)
