"""Transposed convolution."""

from __future__ import annotations

from .case import Case, explains
from .conv import bias, spread
from .terms import Sum, total

FORMULA = (
    "y[n,c,oy,ox] = b[c] + sum of w[f,c,ky,kx] x[n,f,iy,ix] over all f and all pixels whose kernel reaches (oy, ox)"
)


@explains("x w b -> y", "conv_transpose2d")
def conv_transpose2d(case: Case) -> Sum:
    x, w, *b = case.event.inputs
    window = case.argument("window")
    pixels = spread("x", x, w, window, case.at, "channel {}, laid down by pixel ({}, {})")
    return total(FORMULA, pixels, *bias(b, case.at[1]), asides=[str(window)])
