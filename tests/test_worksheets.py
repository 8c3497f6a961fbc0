"""The worksheets of the course: answers by loops written here, easy numbers for all seeds, the files that are kept."""

import sys
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "course" / "worksheets"
SEEDS = range(21)
TOPICS = [
    "average_pooling", "batch_norm", "chain_rule", "convolution", "convolution_backward", "im2col", "linear",
    "max_pooling", "optimisers", "sizes", "softmax",
]  # fmt: skip


@pytest.fixture(scope="module")
def build():
    """The script, whose neighbours it imports by their short names (forgotten afterwards); it makes each sheet once."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    try:
        import build

        build.make = cache(build.make)
        yield build
    finally:
        sys.path.remove(str(FOLDER))
        for name in set(sys.modules) - before:
            if str(FOLDER) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


def problems(build, topic):
    """For each seed the problems' numbers and settings, as pairs."""
    for seed in SEEDS:
        yield [(problem.numbers(), problem.settings) for problem in build.make(topic, seed).problems]


def equal(given, expected, places=9):
    np.testing.assert_allclose(given, expected, rtol=0, atol=10.0**-places)


def windows(x, size, stride, padding, border=0.0):
    """For each output: its place, and the pixels of its window with the places they came from (None: border)."""
    H, W = x.shape
    (KH, KW), OH, OW = size, (H + 2 * padding - size[0]) // stride + 1, (W + 2 * padding - size[1]) // stride + 1
    for oy, ox in product(range(OH), range(OW)):
        pixels = []
        for ky, kx in product(range(KH), range(KW)):
            iy, ix = oy * stride + ky - padding, ox * stride + kx - padding
            inside = 0 <= iy < H and 0 <= ix < W
            pixels.append((x[iy, ix] if inside else border, (iy, ix) if inside else None, (ky, kx)))
        yield (oy, ox), pixels


# ---------------------------------------------------------------- answers


def test_chain_rule(build):
    for tree, diamond, neuron in problems(build, "chain_rule"):
        n = {name: float(value) for name, value in tree[0].items()}
        equal(n["f"], n["k"] * (n["a"] * n["b"] + n["c"]))
        expected = [n["k"] * n["b"], n["k"] * n["a"], n["k"], n["k"], n["k"], n["a"] * n["b"] + n["c"]]
        equal([n[name] for name in ("da", "db", "dc", "dp", "ds", "dk")], expected)
        n = {name: float(value) for name, value in diamond[0].items()}
        s, t = n["a"] + n["b"], n["a"] * n["c"]
        equal([n["s"], n["t"], n["f"]], [s, t, s * t])
        equal([n["ds"], n["dt"], n["da"], n["db"], n["dc"]], [t, s, t + s * n["c"], t, s * n["a"]])
        n = {name: float(value) for name, value in neuron[0].items()}
        y = n["w"] * n["x"] + n["b"]
        assert y > 0
        equal([n["u"], n["z"], n["y"], n["f"]], [n["w"] * n["x"], y, y, (y - n["t"]) ** 2])
        slope = 2 * (y - n["t"])
        equal([n["dy"], n["dz"], n["du"], n["db"]], [slope] * 4)
        equal([n["dt"], n["dw"], n["dx"]], [-slope, slope * n["x"], slope * n["w"]])


def test_linear(build):
    for (forward, _), (backward, _), (two, _) in problems(build, "linear"):
        x, w, b, dy = forward["x"], forward["w"], forward["b"], backward["dy"]
        for n, f in product(range(2), range(2)):
            equal(forward["y"][n, f], b[f] + sum(w[f, i] * x[n, i] for i in range(3)))
        for n, i in product(range(2), range(3)):
            equal(backward["dx"][n, i], sum(dy[n, f] * w[f, i] for f in range(2)))
        for f, i in product(range(2), range(3)):
            equal(backward["dw"][f, i], sum(dy[n, f] * x[n, i] for n in range(2)))
        equal(backward["db"], [dy[0, 0] + dy[1, 0], dy[0, 1] + dy[1, 1]])
        x, v, w = two["x"][0], two["v"], two["w"][0]
        u = [v[k, 0] * x[0] + v[k, 1] * x[1] for k in range(3)]
        h = [max(value, 0) for value in u]
        equal(two["u"][0], u)
        equal(two["h"][0], h)
        equal(two["y"], sum(w[k] * h[k] for k in range(3)))
        du = [w[k] if u[k] > 0 else 0 for k in range(3)]
        equal(two["dw"][0], h)
        equal(two["dh"][0], w)
        equal(two["du"][0], du)
        equal(two["dv"], [[du[k] * x[i] for i in range(2)] for k in range(3)])
        equal(two["dx"][0], [sum(du[k] * v[k, i] for k in range(3)) for i in range(2)])


def convolved(x, w, b, stride, padding):
    return {
        place: b + sum(value * w[k] for value, _, k in pixels)
        for place, pixels in windows(x, w.shape, stride, padding)
    }  # fmt: skip


def test_convolution(build):
    for plain, strided, channels in problems(build, "convolution"):
        for numbers, settings in (plain, strided):
            b = float(numbers.get("b", np.zeros(1))[0])
            y = convolved(numbers["x"], numbers["w"], b, settings["stride"], settings["padding"])
            assert len(y) == numbers["y"].size
            for place, value in y.items():
                equal(numbers["y"][place], value)
        numbers = channels[0]
        first = convolved(numbers["x_{0}"], numbers["w_{0}"], numbers["b"][0], 1, 0)
        second = convolved(numbers["x_{1}"], numbers["w_{1}"], 0, 1, 0)
        for place in product(range(2), range(2)):
            equal(numbers["y"][place], first[place] + second[place])


def test_convolution_backward(build):
    for pair in problems(build, "convolution_backward"):
        assert [settings["stride"] for _, settings in pair] == [1, 2]
        for numbers, settings in pair:
            x, w, dy = numbers["x"], numbers["w"], numbers["dy"]
            dx, dw = np.zeros_like(x), np.zeros_like(w)
            for place, pixels in windows(x, w.shape, settings["stride"], settings["padding"]):
                for value, pixel, k in pixels:
                    dw[k] += dy[place] * value
                    if pixel:
                        dx[pixel] += dy[place] * w[k]
            equal(numbers["dx"], dx)
            equal(numbers["dw"], dw)
            equal(numbers["db"], dy.sum())


def test_im2col(build):
    for plain, strided, back in problems(build, "im2col"):
        for numbers, settings in (plain, strided):
            found = windows(numbers["x"], (2, 2), settings["stride"], settings["padding"])
            columns = [[value for value, _, _ in pixels] for _, pixels in found]
            equal(numbers["cols"].T, columns)
        numbers = plain[0]
        row = [numbers["w"][0, 0], numbers["w"][0, 1], numbers["w"][1, 0], numbers["w"][1, 1]]
        equal(numbers["w_{row}"][0], row)
        y = [sum(row[k] * numbers["cols"][k, column] for k in range(4)) for column in range(4)]
        equal(numbers["w_{row} cols"][0], y)
        equal(numbers["y"], [y[:2], y[2:]])
        dx = np.zeros((3, 3))
        for column, (_, pixels) in enumerate(windows(dx.copy(), (2, 2), 1, 0)):
            for k, (_, pixel, _) in enumerate(pixels):
                dx[pixel] += back[0]["dcols"][k, column]
        equal(back[0]["dx"], dx)


def test_max_pooling(build):
    for sheet in problems(build, "max_pooling"):
        ties = 0
        for numbers, settings in sheet:
            size, dx = settings["size"], np.zeros_like(numbers["x"])
            found = windows(numbers["x"], (size, size), settings["stride"], settings["padding"], -np.inf)
            for place, pixels in found:
                largest = max(value for value, _, _ in pixels)
                winners = [pixel for value, pixel, _ in pixels if value == largest]
                ties += len(winners) > 1 and settings["size"] == settings["stride"] and not settings["padding"]
                equal(numbers["y"][place], largest)
                dx[winners[0]] += numbers["dy"][place]
            equal(numbers["dx"], dx)
        assert ties == 2


def test_average_pooling(build):
    for sheet in problems(build, "average_pooling"):
        for numbers, settings in sheet:
            dx = np.zeros_like(numbers["x"])
            for place, pixels in windows(numbers["x"], (2, 2), settings["stride"], settings["padding"]):
                total = sum(value for value, _, _ in pixels)
                equal(numbers["y"][place], total / 4)
                if "z" in numbers:
                    equal(numbers["z"][place], total / sum(pixel is not None for _, pixel, _ in pixels))
                else:
                    for _, pixel, _ in pixels:
                        dx[pixel] += numbers["dy"][place] / 4
            equal(numbers.get("dx", dx), dx)


def test_softmax(build):
    for exact, table, shifted in problems(build, "softmax"):
        numbers, t = exact[0], exact[1]["t"]
        powers = numbers["e^{z}"]
        equal(numbers["z"], np.log(powers), places=2)
        equal(numbers["∑ e^{z}"], powers.sum())
        equal(numbers["p"], powers / powers.sum())
        equal(numbers["dz"], [p - (k == t) for k, p in enumerate(powers / powers.sum())])
        equal(numbers["L"], round(-np.log(powers[t] / powers.sum()), 2))
        assert np.isclose(numbers["L"], numbers["-ln p"]).any(), "the table has the loss"
        numbers, t = table[0], table[1]["t"]
        values = dict(zip((-2, -1, 0, 1, 2, 3), numbers["e^{x}"], strict=True))  # as on the sheet, rounded
        by_hand = np.array([values[int(z)] for z in numbers["z"]])
        equal(numbers["e^{z}"], by_hand)
        equal(numbers["∑ e^{z}"], by_hand.sum())
        equal(numbers["p"], np.round(by_hand / by_hand.sum(), 2))
        equal(numbers["p"], np.exp(numbers["z"]) / np.exp(numbers["z"]).sum(), places=2)
        equal(numbers["dz"], [p - (k == t) for k, p in enumerate(numbers["p"])])
        equal(shifted[0]["p"], np.exp(shifted[0]["z"]) / np.exp(shifted[0]["z"]).sum(), places=2)


def test_batch_norm(build):
    for (forward, _), (backward, _), (evaluation, settings) in problems(build, "batch_norm"):
        x, gamma, beta, dy = forward["x"], float(forward["gamma"]), float(forward["beta"]), backward["dy"]
        mean = sum(x) / 4
        variance = sum((v - mean) ** 2 for v in x) / 4
        sigma = variance**0.5
        normal = [(v - mean) / sigma for v in x]
        for name, value in (("mu", mean), ("sigma^{2}", variance), ("sigma", sigma), ("xhat", normal)):
            equal(forward[name], value)
        equal(forward["x - mu"], x - mean)
        equal(forward["y"], [gamma * v + beta for v in normal])
        dbeta, dgamma = sum(dy), sum(d * v for d, v in zip(dy, normal, strict=True))
        equal(backward["dbeta"], dbeta)
        equal(backward["dgamma"], dgamma)
        dx = [gamma / sigma * (d - dbeta / 4 - v * dgamma / 4) for d, v in zip(dy, normal, strict=True)]
        equal(backward["dx"], dx)
        mean, sigma = settings["mean"], settings["variance"] ** 0.5
        slope, start = evaluation["gamma"][0] / sigma, evaluation["beta"][0]
        equal(evaluation["y"], [slope * (v - mean) + start for v in evaluation["x"]])


def test_sizes(build):
    for (formula, _), (net, n), (both, s) in problems(build, "sizes"):
        for (H, K, stride, padding), OH in zip(formula["given"], formula["OH"], strict=True):
            places = [top for top in range(-int(padding), int(H)) if top + K <= H + padding]
            equal(OH, len(places[:: int(stride)]))
        layers = [
            (n["F1"], n["K1"], 1, n["p"]), (n["F1"], 2, 2, 0), (n["F2"], n["K2"], n["s"], 0), (n["F2"], 2, 2, 0)
        ]  # fmt: skip
        C, H, field, jump = n["C"], n["H"], 1, 1
        for i, ((F, K, stride, padding), row) in enumerate(zip(layers, net["net"], strict=True)):
            H = (H + 2 * padding - K) // stride + 1
            field, jump = field + (K - 1) * jump, jump * stride
            equal(row, [F, H, 0 if i % 2 else F * (C * K * K + 1), field, jump])
            C = F
        C, pixels = s["C"], s["H"] ** 2
        equal(both["both"], [[5, 25 * C * C, 25 * C * C * pixels], [5, 18 * C * C, 18 * C * C * pixels]])


def test_optimisers(build):
    for (sgd, a), (momentum, b), (adam, c), (first, d) in problems(build, "optimisers"):
        w = a["start"]
        for g, after in zip(sgd["g"], sgd["w"], strict=True):
            w -= a["lr"] * g
            equal(after, w)
        w, v = b["start"], 0.0
        for g, column in zip(momentum["g"], momentum["rows"].T, strict=True):
            v = b["momentum"] * v + g
            w -= b["lr"] * v
            equal(column, [v, w])
        w, m, v = c["start"], 0.0, 0.0
        for t, (g, column) in enumerate(zip(adam["g"], adam["rows"].T, strict=True), start=1):
            m, v = (m + g) / 2, (v + g * g) / 2
            m_, v_ = m / (1 - 0.5**t), v / (1 - 0.5**t)
            w -= c["lr"] * m_ / v_**0.5
            equal(column, [m, v, m_, v_, v_**0.5, w], places=6)  # Adam's eps is 1e-8
        equal(first["moved"][0], -d["lr"] * first["g"])
        equal(first["moved"][1], -d["lr"] * np.sign(first["g"]), places=6)


# ---------------------------------------------------------------- sheets


@pytest.mark.parametrize("topic", TOPICS)
def test_numbers_are_easy_and_differ_from_seed_to_seed(build, topic):
    pages = set()
    for seed in SEEDS:
        sheet = build.make(topic, seed)
        for values in (values for problem in sheet.problems for values in problem.numbers().values()):
            equal(values, np.round(values, 2), places=6)
            assert topic == "sizes" or np.abs(values).max() <= 200
        pages.add(build.page(sheet, 0))
    assert len(pages) == len(SEEDS)


def test_no_topic_is_left_out(build):
    assert sorted(build.TOPICS) == TOPICS
    assert sorted(path.stem for path in FOLDER.glob("seed-1/*.html")) == TOPICS


@pytest.mark.parametrize("topic", TOPICS)
def test_the_sheets_that_are_kept_are_what_the_script_writes(build, topic):
    kept = (FOLDER / "seed-1" / f"{topic}.html").read_text(encoding="utf-8")
    renew = "to renew it: python docs/course/worksheets/build.py --seed 1 --out docs/course/worksheets/seed-1"
    assert kept == build.page(build.make(topic, 1), 1), renew


def test_a_page_has_empty_boxes_then_answers_and_needs_nothing_else(build):
    text = build.page(build.make("convolution", 3), 3)
    sheet, answers = text.split('<main class="answers">')
    problem = build.make("convolution", 3).problems[0]
    first, *others = [build.page.__globals__["number"](v) for v in problem.numbers()["y"].ravel()]
    empty = '<td class="blank"></td>'
    assert f'<tr><td class="blank">{first}</td>{empty}</tr>\n<tr>{empty}{empty}</tr>' in sheet
    assert empty not in answers
    assert "".join(f'<td class="blank">{v}</td>' for v in (first, others[0])) in answers
    assert "http" not in text and "src=" not in text and "break-before: page" in text


def test_the_command_writes_a_file_for_each_topic(build, tmp_path):
    build.build(5, tmp_path / "new")
    assert sorted(path.stem for path in (tmp_path / "new").iterdir()) == TOPICS


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("y_{f,i}", "<var>y</var><sub><var>f</var>,<var>i</var></sub>"),
        ("e^{z_{k}}", "<var>e</var><sup><var>z</var><sub><var>k</var></sub></sup>"),
        ("{a}/{b}", '<span class="fraction"><span><var>a</var></span><span><var>b</var></span></span>'),
        ("-ln dgamma", "\u2212ln <var>d\u03b3</var>"),
        ("xhat", "<var>x\u0302</var>"),
    ],
)
def test_formulas(build, text, html):
    assert build.page.__globals__["formula"](text) == f'<span class="formula">{html}</span>'


@pytest.mark.parametrize(("value", "text"), [(-0.5, "\u22120.5"), (2.0, "2"), (-0.0, "0"), (1.25, "1.25"), (10, "10")])
def test_numbers_are_written_short(build, value, text):
    assert build.page.__globals__["number"](value) == text
