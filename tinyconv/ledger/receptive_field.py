"""Which pixels of the picture each output of a layer sees.

Along each axis, output o of a layer sees the pixels  first + stride*o, ..., first + stride*o + size - 1,  as far as
they are in the picture. A window of extent E, stride S and padding p on top of that sees

    size' = size + (E - 1)*stride      first' = first - p*stride      stride' = S*stride

(Araujo, Norris and Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks", Distill).
Where branches meet, it is from the first pixel that one of them sees to the last; so it is of a dilated window, which
does not see those between.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinyconv.geometry import Window

from .trace import Shape, Step, Trace

WINDOWS = {"conv2d", "max_pool2d", "avg_pool2d"}
# Every output sees what the inputs at its own place see.
POINTWISE = {
    "abs", "add", "batch_norm", "clip", "clone", "div", "dropout", "dropout2d", "elu", "exp", "leaky_relu",
    "local_response_norm", "log", "maximum", "minimum", "mul", "neg", "normal_cdf", "pow", "prelu", "relu", "relu6",
    "reshape", "sigmoid", "silu", "softplus", "sqrt", "sub", "tanh", "to", "where",
}  # fmt: skip
# Along channels they are pointwise too.
ALONG_AN_AXIS = {"amax", "amin", "cat", "log_softmax", "max", "min", "softmax", "sum"}
# One output for many places sees them all.
GATHERING = {"amax", "amin", "linear", "matmul", "max", "min", "reshape", "sum"}


@dataclass(frozen=True)
class Way:
    """One way along an axis, from the picture to a layer's outputs.

    low, high  no output sees a pixel before or after these: the picture's ends, or where the last window ended
    stride 0   every output sees the same, from low to high
    """

    first: int
    stride: int
    size: int
    low: int
    high: int

    def seen(self, o: int) -> tuple[int, int]:
        """The first and the last pixel that output o sees; the last is before the first if it sees none."""
        start = self.first + self.stride * o
        return max(start, self.low), min(start + self.size - 1, self.high)

    def covers(self, other: Way) -> bool:
        """Does every output see all that it sees on the other way?"""
        inside = self.low <= other.low and other.high <= self.high
        if self.stride == 0:
            return inside
        before, after = other.first - self.first, self.first + self.size - other.first - other.size
        return inside and self.stride == other.stride and before >= 0 and after >= 0

    def everywhere(self) -> Way:
        """To outputs that see all outputs of this way."""
        return Way(self.low, 0, self.high - self.low + 1, self.low, self.high)

    def through(self, window: Window, axis: int, n: int) -> Way:
        """On through a window that slides over n outputs of this way."""
        before, E, S = window.padding[axis][0], window.extent[axis], window.stride[axis]
        first, size = self.first - before * self.stride, self.size + (E - 1) * self.stride
        way = replace(self, first=first, stride=S * self.stride, size=size)
        last = window.out(n, n)[axis] - 1
        return replace(way, low=way.seen(0)[0], high=way.seen(last)[1])


@dataclass(frozen=True)
class Field:
    """The receptive field along one axis: ways of one stride, of which none covers another."""

    ways: tuple[Way, ...]

    @property
    def first(self) -> int:
        """The first pixel that output 0 sees; below 0 in the padding."""
        return min(way.first for way in self.ways)

    @property
    def stride(self) -> int:
        """How many pixels further on the next output sees."""
        return self.ways[0].stride

    @property
    def size(self) -> int:
        return max(way.first + way.size for way in self.ways) - self.first

    def seen(self, o: int) -> tuple[int, int]:
        """The first and the last pixel of the picture that output o sees."""
        ends = [way.seen(o) for way in self.ways]
        ends = [(first, last) for first, last in ends if first <= last] or ends
        return min(first for first, _ in ends), max(last for _, last in ends)


Fields = tuple[Field | None, Field | None]  # of rows and columns; None: not of one size, or not at equal steps


def receptive_fields(trace: Trace) -> list[Fields]:
    """The fields of the picture's own pixels, then of each step's outputs: by the steps' numbers."""
    places = [_places(trace.picture, trace.picture)]
    H, W = places[0]
    fields: list[Fields] = [(Field((Way(0, 1, 1, 0, H - 1),)), Field((Way(0, 1, 1, 0, W - 1),)))]
    for step in trace.steps:
        places.append(_places(step.shape, trace.picture))
        both = [
            _field(step, axis, [(fields[i][axis], places[i][axis]) for i in set(step.inputs)], places[-1][axis])
            for axis in (0, 1)
        ]
        fields.append((both[0], both[1]))
    return fields


def _places(shape: Shape, picture: Shape) -> tuple[int, int]:
    """(H, W) of maps (..., H, W); (1, L) of lines (C, L), where pictures are lines; (1, 1) of a vector.

    (0, 0) of what is none of these.
    """
    if len(shape) > 2:
        return shape[-2], shape[-1]
    if len(shape) == 2:
        return (1, shape[1]) if len(picture) == 2 else (0, 0)
    return 1, 1


def _field(step: Step, axis: int, inputs: list[tuple[Field | None, int]], m: int) -> Field | None:
    """Of a step's m outputs along an axis, from the fields of its inputs and how many outputs each of those has."""
    ways: list[Way] = []
    for field, n in inputs:
        for way in field.ways if field else (None,):
            on = way and _after(way, step, axis, n, m)
            if on is None:
                return None
            ways.append(on)
    kept: list[Way] = []
    for way in sorted(ways, key=lambda way: (way.stride > 0, -way.size)):
        if not any(other.covers(way) for other in kept):
            kept.append(way)
    return Field(tuple(kept)) if len({way.stride for way in kept}) == 1 else None


def _after(way: Way, step: Step, axis: int, n: int, m: int) -> Way | None:
    """A way to the n inputs of a step, continued to its m outputs."""
    name, arguments = step.operation, step.arguments
    if name in WINDOWS:
        return way.through(arguments["window"], axis, n)
    if n == m == 1:
        return way
    if n == 1 and name != "pad":  # one for all
        return way.everywhere()
    if name == "conv_transpose2d":
        return _laid_out(way, arguments["window"], axis, n)
    if name == "pad":
        return _bordered(way, arguments, axis)
    if name == "getitem":
        return _cut_out(way, arguments["index"], len(step.shape) - 1 + axis, n, m)
    if m == 1:
        return way.everywhere() if name in GATHERING else None
    return way if n == m and _is_pointwise(step, axis) else None


def _is_pointwise(step: Step, axis: int) -> bool:
    """Does an output, of as many as there are inputs, depend on the inputs at its own place alone?"""
    name, arguments, ndim = step.operation, step.arguments, len(step.shape) + 1
    here = ndim - 2 + axis
    if name in ALONG_AN_AXIS:
        dims = arguments["dim"]
        return here not in (dims if isinstance(dims, tuple) else (dims,))
    if name == "permute":
        return arguments["dims"][here] == here
    if name == "resample":
        return arguments["axis"] != here
    if name == "expand":
        return True
    return name in POINTWISE


def _laid_out(way: Way, window: Window, axis: int, n: int) -> Way | None:
    """Through a transposed convolution: output o sees the inputs o + p - (E - 1), ..., o + p at stride 1."""
    if window.stride[axis] > 1:  # neighbouring outputs see other inputs, or as many others, by turns
        return None
    before, E = window.padding[axis][0], window.extent[axis]
    first, size = way.first - (E - 1 - before) * way.stride, way.size + (E - 1) * way.stride
    return replace(way, first=first, size=size)


def _cut_out(way: Way, index: tuple, here: int, n: int, m: int) -> Way | None:
    """Through slices: every so many of the n inputs, from one on."""
    if not all(isinstance(part, slice) for part in index[: here + 1]):
        return None
    start, _, steps = (index[here] if here < len(index) else slice(None)).indices(n)
    if steps < 0:
        return None
    way = replace(way, first=way.first + start * way.stride, stride=way.stride * steps)
    return replace(way, low=way.seen(0)[0], high=way.seen(m - 1)[1])


def _bordered(way: Way, arguments: dict, axis: int) -> Way | None:
    """Through a border, of which nothing is seen; a circular one shows the other end."""
    if arguments["mode"] == "circular":
        return None
    widths = arguments["pad"]  # pairs from the last axis backwards
    before = widths[2 * (1 - axis)] if len(widths) > 2 * (1 - axis) else 0
    return replace(way, first=way.first - before * way.stride)
