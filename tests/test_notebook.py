"""What tensors, modules and histories look like in a notebook: well-formed, true to the numbers, light to make."""

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models, nn
from tinyconv.notebook.charts import _epochs, _scale, chart
from tinyconv.notebook.histories import html
from tinyconv.notebook.thumbnails import png
from tinyconv.train.history import History


def parsed(text: str) -> ElementTree.Element:
    """The HTML as a tree; it is written as XML."""
    assert text.startswith("<style>")
    without_ends = re.sub(r"(<img [^>]*)>", r"\1/>", text)
    return ElementTree.fromstring(f"<body>{without_ends}</body>")


def words(text: str) -> str:
    body = parsed(text)
    body.remove(body.find("style"))
    return " ".join(" ".join(body.itertext()).split())


def cells(text: str) -> list[list[str]]:
    return [[cell.text or "" for cell in row] for row in parsed(text).iter("tr")]


# ---------------------------------------------------------------- tensors


def test_few_numbers_are_a_table_coloured_by_sign():
    x = tc.tensor([[1.0, -2.0], [0.0, float("nan")]], requires_grad=True)
    text = x._repr_html_()
    assert cells(text) == [["1", "-2"], ["0", "nan"]]
    assert words(text).startswith("Tensor 2×2 float32 requires_grad")
    tints = [cell.get("style") for cell in parsed(text).iter("td")]
    assert tints == ["background:rgba(0,114,178,0.28)", "background:rgba(213,94,0,0.48)", None, None]


@pytest.mark.parametrize(
    ("array", "rows"),
    [
        (3.5, [["3.5"]]),
        (np.array([7, -8]), [["7", "-8"]]),
        (np.array([True, False]), [["True", "False"]]),
        (np.array([[1 + 2j]]), [["1+2j"]]),
        (np.array([np.inf]), [["inf"]]),
    ],
)
def test_numbers_of_all_kinds(array, rows):
    assert cells(tc.tensor(array)._repr_html_()) == rows


def test_many_numbers_are_a_histogram():
    x = tc.tensor(np.r_[np.arange(-50.0, 150), np.nan, np.inf])
    text = words(x._repr_html_())
    assert "Tensor 202 float64" in text and "-50 .. 149 mean 49.5 std 57.7" in text
    assert "0.5% zeros 1 NaN 1 infinite" in text
    bars = next(parsed(x._repr_html_()).iter("path")).get("d")
    assert bars.count("v-44.0") == 40  # 200 numbers in 40 bins of 5: all bars are of full height


def test_an_empty_tensor_and_one_of_nan_alone():
    assert words(tc.zeros(0, 3)._repr_html_()) == "Tensor 0×3 float32 no numbers"
    assert "400 NaN" in words(tc.full((400,), float("nan"))._repr_html_())


def test_where_a_tensor_came_from():
    x = tc.ones(2, requires_grad=True)
    assert words((x * 2)._repr_html_()) == "Tensor 2 float32 from mul 2 2"
    assert words(nn.Linear(2, 1).bias._repr_html_()).startswith("Parameter 1 float32 requires_grad")


def pictures_in(text):
    Image = pytest.importorskip("PIL.Image", reason="Pillow, which reads the pictures, is not installed")
    sources = [image.get("src").removeprefix("data:image/png;base64,") for image in parsed(text).iter("img")]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(source)))) for source in sources]


def test_pictures_are_shown(rng):
    x = rng.random((12, 3, 5, 4))
    x.flat[:2] = 0, 1
    shown = pictures_in(tc.tensor(x)._repr_html_())
    assert [picture.shape for picture in shown] == [(5, 4, 3)] * 10
    np.testing.assert_array_equal(shown[7], np.rint(255 * x[7]).astype(np.uint8).transpose(1, 2, 0))
    assert "the first 10 of 12 pictures" in words(tc.tensor(x)._repr_html_())


def test_of_feature_maps_the_first_pictures_channels_are_shown(rng):
    x = rng.standard_normal((2, 4, 6, 7))
    text = tc.tensor(x)._repr_html_()
    shown = pictures_in(text)
    grey = np.rint(255 * (x[0] - x.min()) / (x.max() - x.min()))
    np.testing.assert_array_equal(np.stack(shown), grey.astype(np.uint8))
    assert "4 channels of picture 0" in words(text)


def test_one_colour_and_nan_in_pictures():
    x = np.full((1, 1, 20, 20), 3.0)
    x[0, 0, 0, 0] = np.nan
    (picture,) = pictures_in(tc.tensor(x)._repr_html_())
    assert set(picture.ravel()) == {0}


def test_a_png_file_by_hand(rng):
    Image = pytest.importorskip("PIL.Image", reason="Pillow, which reads the pictures, is not installed")
    for shape in ((3, 2), (1, 1), (4, 5, 3)):
        pixels = rng.integers(0, 256, shape, dtype=np.uint8)
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png(pixels)))), pixels)


def test_a_large_tensor_is_looked_at_here_and_there():
    text = words(tc.zeros(3_000_001)._repr_html_())
    assert "of 750,001 numbers, evenly spaced" in text


# ---------------------------------------------------------------- modules


def test_a_net_of_the_zoo():
    text = models.create("lenet5")._repr_html_()
    said = words(text)
    assert said.startswith("LeNet5 61,706 parameters 416,520 multiply-adds a picture pictures of 1×28×28")
    assert "0 Conv2d 1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2) 6×28×28 156" in said
    assert "classifier Sequential 10 59,134" in said
    assert [fold.get("open") for fold in parsed(text).iter("details")] == ["open", "open"]


def test_a_deep_net_is_folded_up():
    text = models.create("resnet20")._repr_html_()
    assert {fold.get("open") for fold in parsed(text).iter("details")} == {None}


def test_a_module_that_does_not_know_its_pictures():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    net[0].requires_grad_(False)
    said = words(net.eval()._repr_html_())
    assert said == (
        "Sequential 26 parameters 16 of them frozen in evaluation mode layer parameters "
        "0 Linear in_features=3, out_features=4 16 1 ReLU 2 Linear in_features=4, out_features=2 10"
    )
    assert words(nn.ReLU()._repr_html_()) == "ReLU 0 parameters ReLU()"


def test_a_broken_net_is_shown_all_the_same():
    class Broken(nn.Module):
        input_size = (1, 4, 4)

        def __init__(self):
            self.layer = nn.Linear(2, 2)

        def forward(self, x):
            raise ZeroDivisionError

    assert words(Broken()._repr_html_()).endswith("layer Linear in_features=2, out_features=2 6")


def test_names_are_escaped():
    net = nn.Sequential()
    setattr(net, "<b>", nn.ReLU())
    assert "<b> ReLU" in words(net._repr_html_())


# ---------------------------------------------------------------- histories


def records(count):
    return [
        {"epoch": n, "loss": 1.0 / n, "accuracy": 1 - 0.5 / n, "lr": 0.1, "val_loss": 2.0 / n, "val_accuracy": 0.25}
        for n in range(1, count + 1)
    ]


def test_a_history_is_a_list_with_curves_and_a_table():
    history = History(records(3))
    assert history == records(3)
    text = history._repr_html_()
    table = cells(text)
    assert table[0] == ["epoch", "loss", "accuracy", "lr", "val loss", "val accuracy"]
    assert table[2] == ["2", "0.5000", "75.00%", "0.1", "1.0000", "25.00%"]
    lines = [line.get("points").split() for line in parsed(text).iter("polyline")]
    assert [len(points) for points in lines] == [3, 3, 3, 3]
    x = [float(point.split(",")[0]) for point in lines[0]]
    assert x == pytest.approx([44, 207, 370])  # from the left edge to the right one


@pytest.mark.parametrize(
    ("losses", "heights"), [((0.0, 0.25, 1.0), [184, 144.5, 26]), ((1.0, 1.5, 2.0), [184, 105, 26])]
)
def test_heights_of_a_curve(losses, heights):
    """From the least at the bottom to the most at the top, 158 pixels higher, where the scale's ends are."""
    history = [{"epoch": n, "loss": loss} for n, loss in enumerate(losses, start=1)]
    (line,) = parsed(html(history)).iter("polyline")
    assert [float(point.split(",")[1]) for point in line.get("points").split()] == heights


def test_a_long_history_is_folded_up():
    text = html(records(20))
    assert "all 20 epochs" in words(text)
    assert len(cells(text)) == 1 + 8 + 1 + 20


def test_epochs_without_an_evaluation_and_figures_that_are_not_numbers():
    history = records(3)
    del history[1]["val_loss"], history[1]["val_accuracy"]
    history[0]["loss"] = float("nan")
    lines = [line.get("points").split() for line in parsed(html(history)).iter("polyline")]
    assert [len(points) for points in lines] == [2, 2, 2, 3]  # of each pair, the evaluation first
    assert words(html([])) == "No epoch is complete."


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 3.0, (0, 3, [0, 1, 2, 3])),
        (0.12, 0.52, (0, 0.6, [0, 0.2, 0.4, 0.6])),
        (-1.0, 40.0, (-20, 40, [-20, 0, 20, 40])),
        (5.0, 5.0, (4.5, 5.5, [4.5, 5, 5.5])),
        (97.1, 99.3, (97, 100, [97, 98, 99, 100])),
    ],
)
def test_scales_are_round_and_hold_everything(low, high, expected):
    begins, ends, ticks = _scale(low, high)
    assert (begins, ends) == pytest.approx(expected[:2])
    assert ticks == pytest.approx(expected[2])


def test_numbers_of_epochs():
    assert _epochs(1, 5) == [1, 2, 3, 4, 5]
    assert _epochs(0, 30) == [0, 5, 10, 15, 20, 25, 30]
    assert _epochs(1, 30) == [1, 5, 10, 15, 20, 25, 30]
    assert _epochs(1, 1) == [1]
    assert ElementTree.fromstring(chart("loss", [], 1, 1)).tag == "svg"
