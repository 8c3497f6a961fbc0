"""Winograd's minimal filtering: 3x3 convolution of stride 1 with fewer multiplications.

A correlation of m+2 numbers d with 3 numbers g has m results, y[i] = sum_k d[i+k] g[k], and 3m products. Taken as
polynomials, d and g can be multiplied by way of their values at m+2 points (Cook and Toom), and so the same
results come from m+2 products:

    y = A^T [(G g) * (B^T d)]          A^T (m, m+2)   G (m+2, 3)   B^T (m+2, m+2)   * element by element

In two dimensions rows and columns are treated one after the other; F(m x m) makes a tile of m x m outputs from
(m+2) x (m+2) pixels. What belongs to the pixels alone, V, and to the kernel alone, U, is transformed once; the
products of all channels add up before the way back, so they are matrix products, one for each of (m+2)^2 points:

    V = B^T d B     U = G g G^T     M[p] = V[p] U[p], summed over c     Y = A^T M A

and for the gradient of the weights, by the transposed maps:

    V = B^T d B     E = A dY A^T    dU[p] = V[p]^T E[p], summed over tiles     dg = G^T dU G

Multiplications for an output of 3x3 convolution: 9; F(2x2) 4, F(3x3) 2.78, F(4x4) 2.25. The price is transforms,
and rounding errors that grow with the size of the numbers in the matrices: F(2x2) is as exact as summing directly,
F(3x3) has about twice and F(4x4) two to three times the error. An infinity or a NaN spreads to the whole tile.

Winograd, Arithmetic Complexity of Computations, 1980; Lavin and Gray, arXiv:1509.09308; for the points, Alam and
others, Winograd Convolution for Deep Neural Networks: Efficient Point Selection, doi:10.1145/3524069.
"""

from fractions import Fraction
from functools import cache
from math import prod
from typing import NamedTuple

# Rounding errors depend on the points. With z goes -z: half of the additions serve both. With 2/3 goes 3/2, whose
# powers undo each other: F(4x4) by 0, 1, -1, 2, -2, the usual choice, has 2.2 times the error.
POINTS = {
    2: (0, 1, -1),
    3: (0, Fraction(3, 4), Fraction(-3, 4), 2),
    4: (0, Fraction(2, 3), Fraction(-2, 3), Fraction(3, 2), Fraction(-3, 2)),
}  # and infinity

Matrix = tuple[tuple[Fraction, ...], ...]


class Matrices(NamedTuple):
    """AT (m, m+2), G (m+2, 3) and BT (m+2, m+2), exact."""

    AT: Matrix
    G: Matrix
    BT: Matrix


@cache
def matrices(m: int) -> Matrices:
    """The matrices of F(m, 3), by Cook and Toom.

    The products of values at points belong to multiplying two polynomials: s = G g evaluates g, and A evaluates
    polynomials of m numbers. Interpolation, by Lagrange's formula, gives back the product's m+2 coefficients. The
    transposed of that bilinear map is a correlation: A^T combines, and B^T is interpolation transposed. With
    P(z) = prod_j (z - z_j), row j of B^T has the coefficients of P(z) / (z - z_j); row j of G is divided by
    P'(z_j). The point at infinity stands for the leading coefficient.
    """
    points = [Fraction(z) for z in POINTS[m]]
    AT = [[z**i for z in points] + [Fraction(i == m - 1)] for i in range(m)]
    G, BT = [], []
    for z in points:
        others = [other for other in points if other != z]
        slope = Fraction(prod(z - other for other in others))
        sign = 1 if slope > 0 else -1  # with B^T, so that the rows of G begin without one, as in the paper
        G.append([z**k / abs(slope) for k in range(3)])
        BT.append([sign * c for c in _polynomial(others)] + [Fraction(0)])
    G.append([Fraction(0), Fraction(0), Fraction(1)])
    BT.append(_polynomial(points))
    return Matrices(*(tuple(map(tuple, rows)) for rows in (AT, G, BT)))


def _polynomial(roots: list[Fraction]) -> list[Fraction]:
    """The coefficients of prod (z - root), of z^0 first."""
    coefficients = [Fraction(1)]
    for root in roots:
        times_z = [Fraction(0), *coefficients]
        times_root = [root * c for c in coefficients] + [Fraction(0)]
        coefficients = [a - b for a, b in zip(times_z, times_root, strict=True)]
    return coefficients
