"""What optimisers do to parameters, in place: to all the parameters of a group in one call.

w, g and what is remembered of earlier steps are lists of arrays, one for each parameter. The formulas and
their sources stand in tinyconv/optim.
"""

from tinyconv.backend import Array, array_module

from . import kernel

Arrays = list[Array]


@kernel
def sgd(
    w: Arrays,
    g: Arrays,
    v: Arrays | None,
    gain: list[float],
    lr: float,
    momentum: float,
    weight_decay: float,
    nesterov: bool,
) -> None:
    """v <- momentum v + gain g,   w <- w - lr v     with g + weight_decay w for g

    v     None for momentum 0: then w <- w - lr g
    gain  1 - dampening, for each parameter; 1 at its first step
    nesterov: w <- w - lr (g + momentum v)
    """
    for i, d in enumerate(g):
        if weight_decay:
            d = d + weight_decay * w[i]
        if v is not None:
            v[i] *= momentum
            v[i] += gain[i] * d
            d = d + momentum * v[i] if nesterov else v[i]
        w[i] -= lr * d


@kernel
def adam(
    w: Arrays,
    g: Arrays,
    m: Arrays,
    v: Arrays,
    v_max: Arrays | None,
    t: list[int],
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    decoupled: bool,
) -> None:
    """m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2,   w <- w - lr m^ / (sqrt(v^) + eps)

    m^ = m / (1 - b1^t),   v^ = v / (1 - b2^t)   at each parameter's step t;   g + weight_decay w for g
    v_max      the largest v so far, which then takes v's place (amsgrad); or None
    decoupled  first w <- w - lr weight_decay w, and g itself (AdamW)
    """
    b1, b2 = betas
    for i, d in enumerate(g):
        xp = array_module(d)
        if weight_decay and decoupled:
            w[i] *= 1 - lr * weight_decay
        elif weight_decay:
            d = d + weight_decay * w[i]
        m[i] += (1 - b1) * (d - m[i])
        v[i] += (1 - b2) * (d * d - v[i])
        second = v[i] if v_max is None else xp.maximum(v_max[i], v[i], out=v_max[i])
        m_hat, v_hat = m[i] / (1 - b1 ** t[i]), second / (1 - b2 ** t[i])
        w[i] -= lr * m_hat / (xp.sqrt(v_hat) + eps)


@kernel
def adadelta(
    w: Arrays, g: Arrays, s: Arrays, u: Arrays, lr: float, rho: float, eps: float, weight_decay: float
) -> None:
    """s <- rho s + (1 - rho) g^2,   d = g sqrt(u + eps) / sqrt(s + eps),   u <- rho u + (1 - rho) d^2,   w <- w - lr d

    with g + weight_decay w for g
    """
    for i, d in enumerate(g):
        xp = array_module(d)
        if weight_decay:
            d = d + weight_decay * w[i]
        s[i] += (1 - rho) * (d * d - s[i])
        d = d * xp.sqrt(u[i] + eps) / xp.sqrt(s[i] + eps)
        u[i] += (1 - rho) * (d * d - u[i])
        w[i] -= lr * d


@kernel
def adagrad(w: Arrays, g: Arrays, s: Arrays, rate: list[float], eps: float, weight_decay: float) -> None:
    """s <- s + g^2,   w <- w - rate g / (sqrt(s) + eps)     with g + weight_decay w for g

    rate  for each parameter: it falls with the parameter's own steps
    """
    for i, d in enumerate(g):
        if weight_decay:
            d = d + weight_decay * w[i]
        s[i] += d * d
        w[i] -= rate[i] * d / (array_module(d).sqrt(s[i]) + eps)


@kernel
def rmsprop(
    w: Arrays,
    g: Arrays,
    s: Arrays,
    m: Arrays | None,
    v: Arrays | None,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
) -> None:
    """s <- alpha s + (1 - alpha) g^2,   w <- w - lr g / (sqrt(s) + eps)     with g + weight_decay w for g

    m  the running mean of g: then s - m^2, the variance, for s (centered); or None
    v  for momentum:  v <- momentum v + g / (sqrt(s) + eps),   w <- w - lr v;  or None
    """
    for i, d in enumerate(g):
        xp = array_module(d)
        if weight_decay:
            d = d + weight_decay * w[i]
        s[i] += (1 - alpha) * (d * d - s[i])
        second = s[i]
        if m is not None:
            m[i] += (1 - alpha) * (d - m[i])
            second = xp.maximum(second - m[i] * m[i], 0)  # rounding could make it negative
        d = d / (xp.sqrt(second) + eps)
        if v is not None:
            v[i] *= momentum
            v[i] += d
            d = v[i]
        w[i] -= lr * d
