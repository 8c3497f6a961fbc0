"""How long the arrays of many parameters are."""

from tinyconv.backend import Array, array_module

from . import kernel


@kernel
def vector_norms(a: list[Array]) -> Array:
    """y[i] = ||a[i]|| = sqrt(sum of a[i]^2)   ->   (arrays,), of their dtype, but added up in float64"""
    xp = array_module(a[0])
    return xp.sqrt(xp.stack([xp.square(x, dtype="float64").sum() for x in a])).astype(a[0].dtype)
