"""Steps of SGD, momentum and Adam for one weight."""

from random import Random

import numpy as np
from sheet import Grid, Problem, Sheet, draw, factor, leaf, number

import tinyconv
from tinyconv import optim


def sheet(random: Random) -> Sheet:
    return Sheet(
        "Optimisers",
        "One weight $w$; $g$ is its gradient, of another batch in each step. What an optimiser remembers is 0 at "
        "first.",
        [
            "SGD:    $w ← w - lr · g$",
            "momentum:    $v ← mu v + g      w ← w - lr · v$",
            "Adam:    $m ← beta_{1} m + (1 - beta_{1}) g      v ← beta_{2} v + (1 - beta_{2}) g^{2}$",
            "$mhat = {m}/{1 - beta_{1}^{t}}      vhat = {v}/{1 - beta_{2}^{t}}      w ← w - lr · {mhat}/{√vhat}$"
            "    in step $t$ = 1, 2, ...",
        ],
        [draw(random, _sgd), draw(random, _momentum), draw(random, _adam, 100), draw(random, _first_step, 1000)],
    )


def _steps(optimiser: optim.Optimizer, w: tinyconv.Tensor, gradients: np.ndarray) -> tuple[np.ndarray, list[dict]]:
    """The weight after each step, and what the optimiser remembered then."""
    weights, memories = [], []
    for g in gradients:
        w.grad = tinyconv.tensor(np.array(g))
        optimiser.step()
        weights.append(w.item())
        memories.append({name: float(value) for name, value in optimiser.state[w].items()})
    return np.array(weights), memories


def _columns(steps: int) -> tuple[str, ...]:
    return tuple(f"step {t}" for t in range(1, steps + 1))


def _gradients(random: Random, steps: int) -> np.ndarray:
    return np.array([random.choice([-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6]) for _ in range(steps)], float)


def _sgd(random: Random) -> Problem:
    w, lr, g = leaf(random.randint(-3, 5)), random.choice([0.1, 0.2, 0.5]), _gradients(random, 3)
    start = w.item()
    after, _ = _steps(optim.SGD([w], lr), w, g)
    return Problem(
        f"SGD with $lr$ = {lr}. The weight begins at {number(start)}; the first step takes it to ${number(start)} - "
        f"{lr}·{factor(g[0])} = {number(after[0])}$.",
        [[Grid("g", g, columns=_columns(3)), Grid("w", after, blank=True, done=1, columns=_columns(3))]],
        {"start": start, "lr": lr},
    )


def _momentum(random: Random) -> Problem:
    w, lr, mu, g = leaf(random.randint(-3, 5)), random.choice([0.1, 0.2]), 0.5, _gradients(random, 3)
    start = w.item()
    after, memories = _steps(optim.SGD([w], lr, mu), w, g)
    v = np.array([memory["v"] for memory in memories])
    rows = np.stack([v, after])
    return Problem(
        f"Momentum with $lr$ = {lr}, $mu$ = {mu}. The weight begins at {number(start)}.",
        [
            [
                Grid("g", g, columns=_columns(3)),
                Grid("rows", rows, named=False, blank=True, rows=("$v$", "$w$"), columns=_columns(3)),
            ]
        ],
        {"start": start, "lr": lr, "momentum": mu},
        "A gradient goes on acting: half of it in the next step, a quarter in the one after.",
    )


def _adam(random: Random) -> Problem | None:
    w, lr, g = leaf(random.randint(-3, 5)), random.choice([0.1, 0.2, 0.3, 0.6]), _gradients(random, 2)
    start = w.item()
    after, memories = _steps(optim.Adam([w], lr, (0.5, 0.5)), w, g)
    m, v = (np.array([memory[name] for memory in memories]) for name in "mv")
    share = 1 - 0.5 ** np.arange(1, 3)  # 1 - b^t
    rows = np.stack([m, v, m / share, v / share, np.sqrt(v / share), after])
    names = ("$m$", "$v$", "$mhat$", "$vhat$", "$√vhat$", "$w$")
    return Problem(
        f"Adam with $lr$ = {lr} and $beta_{{1}}$ = $beta_{{2}}$ = 0.5 (usual are 0.9 and 0.999). The weight begins "
        f"at {number(start)}.",
        [
            [
                Grid("g", g, columns=_columns(2)),
                Grid("rows", rows, named=False, blank=True, rows=names, columns=_columns(2)),
            ]
        ],
        {"start": start, "lr": lr},
        "In the first step $mhat$ is $g$ and $√vhat$ its size: whatever the gradient, the weight moves by $lr$.",
    )


def _first_step(random: Random) -> Problem:
    lr = random.choice([0.1, 0.2, 0.5])
    g = np.array([random.choice([-1, 1]) * v for v in (random.choice([0.1, 0.2, 0.5]), 1, 10 * random.randint(2, 20))])
    weights = [leaf(0) for _ in range(6)]
    for w, gradient in zip(weights, [*g, *g], strict=True):
        w.grad = tinyconv.tensor(np.array(gradient))
    optim.SGD(weights[:3], lr).step()
    optim.Adam(weights[3:], lr).step()
    moved = np.array([w.item() for w in weights]).reshape(2, 3)
    return Problem(
        f"The first step of three weights with very different gradients, $lr$ = {lr}. By how much does each weight "
        "move with SGD, and by how much with Adam?",
        [[Grid("g", g), Grid("moved", moved, named=False, blank=True, rows=("SGD", "Adam"))]],
        {"lr": lr},
        "Adam's first step looks at the sign alone.",
    )
