"""e^x of float32 for the vector units: Numba alone calls the C library for one number after the other.

    x = n ln 2 + r,  |r| <= ln 2 / 2,     e^x = 2^n e^r,     e^r = 1 + r + r^2 P(r)

n is a whole number, so 2^n is made of bits. P interpolates (e^r - 1 - r) / r^2 at Chebyshev's points, to
2e-7. Loops without branches become vectors: 0.3 ns an element and thread for tanh, a third of NumPy's.
"""

import numpy as np

from ._bits import float_of
from ._numba import inner

LOG2_E = np.float32(1.4426950408889634)
LN_2 = np.float32(0.693359375)  # in nine bits: n LN_2 is exact
LN_2_REST = np.float32(-2.12194440e-4)
P0, P1, P2, P3, P4 = map(np.float32, (0.5, 0.16666573, 0.04166655, 0.0083637740, 0.0013926927))
HALF, ONE, TWO = map(np.float32, (0.5, 1, 2))
LARGE = np.float32(10)  # tanh 10 is 1
TINY = np.float32(-104)  # e^-104 is 0


@inner(fastmath={"contract"})
def _split(x):
    """n and e^r - 1"""
    n = np.floor(x * LOG2_E + HALF)
    r = x - n * LN_2 - n * LN_2_REST
    return np.int32(n), r + r * r * (P0 + r * (P1 + r * (P2 + r * (P3 + r * P4))))


@inner
def _power_of_2(n):
    return float_of((n + np.int32(127)) << np.int32(23))


@inner
def exp_down(x):
    """e^x for x <= 0, to 2 units in the last place; also -inf. NaN stays."""
    n, p = _split(x if x > TINY else TINY)
    half = np.int32(n >> np.int32(1))  # 2^n alone could be too small for a float32 of full precision
    y = (ONE + p) * _power_of_2(half) * _power_of_2(np.int32(n - half))
    return y if x == x else x


@inner
def tanh(x):
    """(e^2a - 1) / (e^2a + 1) with a = |x| and x's sign, to 3 units in the last place; NaN stays."""
    a = abs(x)
    a = a if a < LARGE else LARGE
    n, p = _split(a + a)
    s = _power_of_2(n)
    e = s * p + (s - ONE)  # e^2a - 1 without cancellation
    y = np.copysign(e / (e + TWO), x)
    return y if x == x else x


@inner
def sigmoid(x):
    """1 / (1 + e^-x), to 4 units in the last place; NaN stays."""
    e = exp_down(-abs(x))
    return (ONE if x >= 0 else e) / (ONE + e)
