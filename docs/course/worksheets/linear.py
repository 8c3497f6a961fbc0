"""A linear layer, forwards and backwards."""

from random import Random

from sheet import Grid, Problem, Sheet, draw, leaf, number, products, whole_numbers

import tinyconv
import tinyconv.nn.functional as F


def sheet(random: Random) -> Sheet:
    forward, backward = draw_pair(random)
    return Sheet(
        "The linear layer",
        "Each row of $x$ is one example, each row of $w$ belongs to one output. A gradient has the shape of its array.",
        [
            "$y_{n,f} = b_{f} + ∑_{i} w_{f,i} x_{n,i}$",
            "$dx_{n,i} = ∑_{f} dy_{n,f} w_{f,i}      dw_{f,i} = ∑_{n} dy_{n,f} x_{n,i}      db_{f} = ∑_{n} dy_{n,f}$",
        ],
        [forward, backward, draw(random, _two_layers)],
    )


def draw_pair(random: Random) -> list[Problem]:
    """Forwards and backwards through the same layer."""
    x, w = leaf(whole_numbers(random, (2, 3), -2, 4)), leaf(whole_numbers(random, (2, 3), -2, 3))
    b, dy = leaf(whole_numbers(random, (2,), -3, 3)), whole_numbers(random, (2, 2), -2, 3, zero=False)
    y = F.linear(x, w, b)
    dx, dw, db = tinyconv.grad(y, [x, w, b], tinyconv.tensor(dy))
    layer = [Grid("x", x.data), Grid("w", w.data), Grid("b", b.data)]
    first = f"{products(w.data[0], x.data[0])} + {number(b.data[0])}".replace("+ -", "- ")
    forward = Problem(f"Forwards. The first output is {first}.", [layer, [Grid("y", y.data, blank=True, done=1)]])
    backward = Problem(
        "Backwards through the layer of problem 1, where this gradient came back from the loss:",
        [
            [Grid("dy", dy), Grid("db", db.data, blank=True)],
            [Grid("dx", dx.data, blank=True), Grid("dw", dw.data, blank=True)],
        ],
        remark="In matrices: $dx$ = $dy$ $w$ and $dw$ = $dy^{T}$ $x$. The first of $dw$ is "
        f"{products(dy[:, 0], x.data[:, 0])}.",
    )
    return [forward, backward]


def _two_layers(random: Random) -> Problem | None:
    x = leaf(whole_numbers(random, (1, 2), -2, 3))
    v, w = leaf(whole_numbers(random, (3, 2), -2, 3)), leaf(whole_numbers(random, (1, 3), -2, 3))
    u = F.linear(x, v)
    h = F.relu(u)
    y = F.linear(h, w)
    if not (0 < (u.data > 0).sum() < 3 and (w.data != 0).all() and (u.data != 0).all()):
        return None
    dh, du, dw, dv, dx = tinyconv.grad(y, [h, u, w, v, x])
    return Problem(
        "Two layers without biases, with relu between them: $u$ = $x$ $v^{T}$, $h$ = relu($u$), $y$ = $h$ $w^{T}$. "
        "The gradient of $y$ is 1.",
        [
            [Grid("x", x.data), Grid("v", v.data), Grid("w", w.data)],
            [Grid("u", u.data, blank=True), Grid("h", h.data, blank=True), Grid("y", y.data, blank=True)],
            [Grid("dw", dw.data, blank=True), Grid("dh", dh.data, blank=True), Grid("du", du.data, blank=True)],
            [Grid("dv", dv.data, blank=True), Grid("dx", dx.data, blank=True)],
        ],
        remark="Where $u$ is negative nothing comes back: that row of $dv$ is 0.",
    )
