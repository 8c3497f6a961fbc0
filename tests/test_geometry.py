"""Window: one output-size formula, against windows that are counted one by one."""

import itertools

import numpy as np
import pytest

import tinyconv
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import Window, pair, whole


def count_places(size, extent, before, after, stride):
    """Slide a window along an axis, step by step, as long as it stays inside."""
    places, start = 0, -before
    while start + extent <= size + after:
        places, start = places + 1, start + stride
    return places


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_output_size_is_the_number_of_places(kernel):
    for H, stride, before, after, dilation in itertools.product(range(1, 9), (1, 2, 3, 7), (0, 2), (0, 1), (1, 2)):
        extent = 1 + (kernel - 1) * dilation
        if H + before + after < extent:
            continue
        window = Window.of("test", (kernel, 1), stride, ((before, after), 0), dilation)
        assert window.out(H, 1)[0] == count_places(H, extent, before, after, stride)
        assert (
            Window.of("test", (1, kernel), stride, (0, (before, after)), dilation).out(1, H)[1] == window.out(H, 1)[0]
        )


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_the_way_back_leads_to_every_input_size_that_gives_the_output(kernel):
    for H, stride, padding, dilation in itertools.product(range(1, 12), (1, 2, 3), (0, 1, 2), (1, 2)):
        window = Window.of("test", (kernel, 1), stride, (padding, 0), dilation)
        sizes = [size for size in range(1, 60) if window.out(size, 1)[0] == H]
        smallest = window.transposed_out(H, 1)[0]
        if smallest >= 1:
            assert sizes == list(range(smallest, smallest + stride))
            assert window.transposed_out(H, 1, (stride - 1, 0))[0] == sizes[-1]


def count_places_rounded_up(size, extent, before, after, stride):
    """Slide on until a window reaches the end, but begin none behind the picture's last pixel."""
    places, start = 0, -before
    while places == 0 or (start < size and start - stride + extent < size + after):
        places, start = places + 1, start + stride
    return places


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_output_size_rounded_up(kernel):
    for H, stride, before, after, dilation in itertools.product(range(1, 9), (1, 2, 3, 7), (0, 2), (0, 1), (1, 2)):
        extent = 1 + (kernel - 1) * dilation
        if max(before, after) > extent // 2 or H + before + after < extent:
            continue
        for axis in (0, 1):
            size, padding, picture = [1, 1], [0, 0], [1, 1]
            size[axis], padding[axis], picture[axis] = kernel, (before, after), H
            window = Window.of("test", size, stride, padding, dilation).rounded_up(*picture)
            assert window.out(*picture)[axis] == count_places_rounded_up(H, extent, before, after, stride)
            assert window.out(*picture)[1 - axis] == 1


def test_rounding_up_completes_the_last_window():
    assert Window((3, 2), (2, 2)).rounded_up(6, 4).padding == ((0, 1), (0, 0))
    assert Window((3, 3), (2, 2)).rounded_up(2, 2).out(2, 2) == (1, 1)  # a window larger than the picture
    assert Window((5, 5), (1, 1)).rounded_up(2, 2).out(2, 2) == (-2, -2)  # more than one step too large


def test_numbers_and_pairs():
    window = Window.of("test", 3, (2, 1), 1, (1, 2), groups=np.int64(4))
    assert window == Window((3, 3), (2, 1), ((1, 1), (1, 1)), (1, 2), 4)
    assert window.extent == (3, 5)
    assert Window.of("test", 3, padding=(1, 2)).padding == ((1, 1), (2, 2))
    assert Window.of("test", 3, padding=((0, 1), (2, 3))).padding == ((0, 1), (2, 3))
    assert Window.of("test", [3, 5]).size == (3, 5)
    assert Window.of("test", 3, padding="valid").padding == ((0, 0), (0, 0))


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (4, 5), (3, 2)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_keeps_the_size(size, dilation):
    window = Window.of("test", size, padding="same", dilation=dilation)
    assert window.out(7, 9) == (7, 9)


def test_the_odd_row_of_same_goes_to_the_end():
    assert Window.of("test", (2, 4), padding="same").padding == ((0, 1), (1, 2))


def test_windows_can_be_compared_and_hashed():
    assert len({Window.of("test", 3), Window.of("test", (3, 3)), Window.of("test", 2)}) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, r"test: kernel_size is 0; it must be a whole number, or a pair of them, of at least 1"),
        ({"size": (3, 3, 3)}, r"kernel_size is \(3, 3, 3\)"),
        ({"size": 2.5}, "kernel_size is 2.5"),
        ({"size": True}, "kernel_size is True"),
        ({"size": np.array([3, 3])}, r"kernel_size is array\(\[3, 3\]\)"),
        ({"size": tinyconv.tensor(2.5)}, r"kernel_size is tensor\(2.5\)"),
        ({"size": 3, "stride": 0}, "stride is 0"),
        ({"size": 3, "stride": "2"}, "stride is '2'"),
        ({"size": 3, "dilation": (1, 0)}, r"dilation is \(1, 0\)"),
        ({"size": 3, "padding": -1}, "padding is -1; .* at least 0"),
        ({"size": 3, "padding": ((0, 1), (0, -1))}, r"padding is \(0, -1\)"),
        ({"size": 3, "padding": "some"}, "padding is 'some'; use a number, a pair, 'same' or 'valid'"),
        (
            {"size": 3, "padding": "same", "stride": 2},
            r"padding='same' needs stride 1, but stride is \(2, 2\)",
        ),
        ({"size": 3, "groups": 0}, "groups is 0; it must be a whole number of at least 1"),
        ({"size": 3, "groups": (2, 3)}, r"groups is \(2, 3\); it must be a whole number"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Window.of("test", **arguments)


@pytest.mark.parametrize(
    ("window", "picture", "message"),
    [
        (
            dict(size=5),
            (4, 4),
            "test: a 5x5 window with stride 1, padding 0 does not fit a 4x4 input: the output would be 0x0. "
            "OH = floor((4 + 2*0 - 1*(5 - 1) - 1)/1) + 1 = 0. An input at least 5 high fits; "
            "or make the window smaller, or the padding larger.",
        ),
        (
            dict(size=(3, 3), stride=2, padding=(1, 0), dilation=3),
            (8, 5),
            "test: a 3x3 window with stride 2, padding (1, 0), dilation 3x3 does not fit a 8x5 input: the output would "
            "be 2x0. OW = floor((5 + 2*0 - 3*(3 - 1) - 1)/2) + 1 = 0. An input at least 7 wide fits; "
            "or make the window smaller, or the padding larger.",
        ),
        (
            dict(size=(1, 2), padding=(0, (0, 1)), dilation=2),
            (5, 1),
            "test: a 1x2 window with stride 1, padding ((0, 0), (0, 1)), dilation 2x2 does not fit a 5x1 input: the "
            "output would be 5x0. OW = floor((1 + 0 + 1 - 2*(2 - 1) - 1)/1) + 1 = 0. An input at least 2 wide fits; "
            "or make the window smaller, or the padding larger.",
        ),
    ],
)
def test_a_window_that_does_not_fit_shows_the_formula(window, picture, message):
    with pytest.raises(ShapeError) as caught:
        Window.of("test", **window).check_fits("test", *picture)
    assert str(caught.value) == message


def test_the_way_back_shows_its_formula():
    window = Window.of("test", (3, 2), stride=(1, 2), padding=(3, (1, 0)), dilation=(1, 4))
    assert window.transposed_formula(0, 3) == "OH = (3 - 1)*1 - 2*3 + 1*(3 - 1) + 1 + 0 = -1"
    assert window.transposed_formula(1, 3, 1) == "OW = (3 - 1)*2 - 1 - 0 + 4*(2 - 1) + 1 + 1 = 9"


def test_a_window_that_fits_gives_the_size():
    assert Window.of("test", 3, stride=2, padding=1).check_fits("test", 28, 5) == (14, 3)


def test_in_words():
    assert str(Window.of("test", (3, 5), stride=(1, 2), padding=1, dilation=2)) == (
        "a 3x5 window with stride 1x2, padding 1, dilation 2x2"
    )
    assert str(Window.of("test", 2, padding=((0, 1), (0, 0)))) == (
        "a 2x2 window with stride 1, padding ((0, 1), (0, 0))"
    )


def test_pair_and_whole_give_plain_numbers():
    assert [type(n) for n in pair("test", "x", np.int32(3), least=0)] == [int, int]
    assert type(whole("test", "x", np.int32(3), least=0)) is int
    with pytest.raises(ArgumentError, match="test: x is 1.0; it must be a whole number of at least 0"):
        whole("test", "x", 1.0, least=0)
