"""Filters of image processing: what each does to pictures of which one knows the answer."""

import re
from pathlib import Path

import numpy as np
import pytest
from registry.filters import TEXTBOOK

import tinyconv
from tinyconv import filters
from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.ops.filters import filter2d
from tinyconv.tensor import Tensor

EDGES = ("edge_diagonal", "edge_laplacian", "edge_outline", "sobel_x", "sobel_y")
RIGHT = np.tile(np.arange(5.0), (4, 1))[None, None]  # brighter by 1 from column to column
INSIDE = (0, 0, slice(1, -1), slice(1, -1))


@pytest.mark.parametrize("name", TEXTBOOK)
def test_the_numbers_are_the_textbooks(name):
    *rows, divisor = TEXTBOOK[name]
    np.testing.assert_allclose(filters.NAMED[name], np.array(rows) / divisor, rtol=1e-15)


def test_every_filter_has_a_name_and_a_constant():
    assert filters.NAMED.keys() == TEXTBOOK.keys()
    for name, kernel in filters.NAMED.items():
        assert getattr(filters, name.upper()) is kernel
        assert not kernel.flags.writeable


@pytest.mark.parametrize("name", TEXTBOOK)
def test_a_dot_shows_the_kernel_turned_around(engine, name):
    """Correlation: the pixel to the left of the dot has it at its right."""
    x = np.zeros((1, 1, 5, 5))
    x[0, 0, 2, 2] = 1
    np.testing.assert_array_equal(filter2d(x, name).data[INSIDE], filters.NAMED[name][::-1, ::-1])


@pytest.mark.parametrize("name", TEXTBOOK)
def test_an_even_surface_stays_even_up_to_its_border(engine, name):
    expected = 0 if name in EDGES else 3
    np.testing.assert_allclose(filter2d(np.full((1, 2, 4, 5), 3.0), name).data, expected, atol=1e-12)


def test_slopes():
    np.testing.assert_array_equal(filter2d(RIGHT, "sobel_x").data[INSIDE], 8)
    np.testing.assert_array_equal(filter2d(RIGHT, "sobel_y").data, 0)
    down = RIGHT.swapaxes(2, 3)
    np.testing.assert_array_equal(filter2d(down, "sobel_y").data[INSIDE], 8)
    np.testing.assert_array_equal(filter2d(down, "sobel_x").data, 0)
    for name in ("identity", "sharpen", "box_blur", "gaussian_blur"):  # a slope is its own neighbourhood's mean
        np.testing.assert_allclose(filter2d(RIGHT, name).data[INSIDE], RIGHT[INSIDE], rtol=1e-12)
    saddle = RIGHT * np.arange(4.0)[:, None]
    np.testing.assert_array_equal(filter2d(saddle, "edge_diagonal").data[INSIDE], 4)  # d2(xy)/dxdy = 1


def test_channels_do_not_see_each_other(engine, rng):
    x = rng.standard_normal((2, 3, 5, 4))
    kernel = rng.standard_normal((3, 2))
    together = filter2d(x, kernel).data
    for c in range(3):
        np.testing.assert_allclose(together[:, c : c + 1], filter2d(x[:, c : c + 1], kernel).data, rtol=1e-12)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("zeros", [12, 123, 234, 340]),
        ("replicate", [112, 123, 234, 344]),
        ("reflect", [212, 123, 234, 343]),
        ("circular", [412, 123, 234, 341]),
    ],
)
def test_what_is_around_the_picture(mode, expected):
    assert filter2d(np.array([[[[1.0, 2, 3, 4]]]]), np.array([[100.0, 10, 1]]), mode).tolist() == [[[expected]]]


def test_a_kernel_can_be_learned(engine):
    k = Tensor(np.zeros((1, 3)), requires_grad=True)
    filter2d(np.array([[[[1.0, 10, 100]]]]), k, "zeros").sum().backward()
    assert k.grad.tolist() == [[11, 111, 110]]


def test_lists_and_bytes():
    y = filter2d(np.array([[[[10, 20]]]], np.uint8), [[0, 0.5, 0.5]])
    assert (y.dtype, y.tolist()) == (np.float32, [[[[15, 20]]]])


def test_the_examples_of_the_page_run(capsys):
    page = (Path(__file__).parents[2] / "docs" / "filters.md").read_text(encoding="utf-8")
    names = {"x": tinyconv.randn(1, 2, 9, 9)}
    for example in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(example, names)
    assert "[-1.  5. -1.]" in capsys.readouterr().out
    assert names["strength"].shape == (1, 2, 9, 9)
    assert names["conv"].weight.data[1, 0].tolist() == filters.SOBEL_Y.tolist()


# ---------------------------------------------------------------- kernels of any size


def test_box():
    np.testing.assert_allclose(filters.box(3), filters.BOX_BLUR, rtol=1e-15)
    assert filters.box((1, 4)).tolist() == [[0.25] * 4]


def test_gaussian():
    k = filters.gaussian((3, 5), sigma=1.5)
    for i, j in np.ndindex(3, 5):
        assert k[i, j] / k[1, 2] == pytest.approx(np.exp(-((i - 1) ** 2 + (j - 2) ** 2) / (2 * 1.5**2)))
    assert k.sum() == pytest.approx(1)
    np.testing.assert_array_equal(k, k[::-1, ::-1])
    np.testing.assert_allclose(filters.gaussian(3), filters.gaussian(3, 0.8), rtol=1e-12)
    np.testing.assert_allclose(filters.gaussian(7), filters.gaussian(7, 1.4), rtol=1e-12)
    np.testing.assert_allclose(filters.gaussian(3), filters.GAUSSIAN_BLUR, atol=0.03)  # the textbooks' approximation


def test_two_blurs_are_one_of_the_summed_variances():
    x = np.zeros((1, 1, 41, 41))
    x[0, 0, 20, 20] = 1
    twice = filter2d(filter2d(x, filters.gaussian(21, 1.5)), filters.gaussian(21, 2.0)).data
    np.testing.assert_allclose(twice, filter2d(x, filters.gaussian(31, 2.5)).data, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: filters.box(0), ArgumentError, "^filters.box: size is 0; it must be"),
        (lambda: filters.gaussian(1.5), ArgumentError, "^filters.gaussian: size is 1.5"),
        (lambda: filters.gaussian(3, 0), ArgumentError, "^filters.gaussian: sigma is 0; it must be above 0"),
        (lambda: filters.gaussian(3, float("nan")), ArgumentError, "sigma is nan"),
        (lambda: filters.gaussian(3, "wide"), ArgumentError, "sigma is 'wide'; it must be above 0"),
        (lambda: filter2d(tinyconv.ones(1, 1, 2, 2), [["a"]]), DTypeError, "is not a number"),
        (lambda: filter2d(tinyconv.ones(1, 1, 2, 2), [[1, 2], [3]]), ShapeError, "rows of equal lengths"),
        (lambda: filters.named("Filter2d", "sobel"), UnknownNameError, "^Filter2d: there is no filter 'sobel'. Did"),
        (
            lambda: filter2d(tinyconv.ones(1, 1, 2, 2), np.ones((5, 5)), "reflect"),
            ShapeError,
            r"^pad: a border of 2 cannot be made by 'reflect'",
        ),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
