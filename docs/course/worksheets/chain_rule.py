"""The chain rule on small graphs: values forwards, gradients backwards."""

from random import Random

from sheet import Graph, Node, Problem, Sheet, draw, factor, leaf, number

import tinyconv

LEAVES = [-4, -3, -2, -1, 1, 2, 3, 4, 5]


def sheet(random: Random) -> Sheet:
    return Sheet(
        "The chain rule",
        "Go from left to right and write the value of each box. Then come back from right to left. The gradient of "
        "a box says how fast the last box grows when this one does. Along each arrow comes the gradient of the box "
        "that the arrow leads to, times the derivative of that box; what comes along several arrows is added.",
        ["${∂f}/{∂a} = ∑_{y} {∂f}/{∂y} · {∂y}/{∂a}$    over the boxes $y$ that an arrow from $a$ leads to"],
        [draw(random, _tree), draw(random, _diamond), draw(random, _neuron, 100)],
    )


def _tree(random: Random) -> Problem:
    a, b, c, k = (leaf(random.choice(LEAVES)) for _ in range(4))
    p = a * b
    s = p + c
    f = k * s
    boxes = {
        "a": (a, "a", (0, 0)),
        "b": (b, "b", (0, 1)),
        "c": (c, "c", (1, 1)),
        "k": (k, "k", (2, 1)),
        "p": (p, "p = a · b", (1, 0), "a", "b"),
        "s": (s, "s = p + c", (2, 0), "p", "c"),
        "f": (f, "f = k · s", (3, 0), "k", "s"),
    }
    return Problem(
        f"No box is used twice. The gradient of $s$ is there already: the derivative ${{∂f}}/{{∂s}}$ is $k$, so it "
        f"is $1 · {factor(k.item())}$.",
        [[_graph(boxes, done="s")]],
        remark="A sum hands its gradient on as it is; a product hands it on times the other factor.",
    )


def _diamond(random: Random) -> Problem:
    a, b, c = (leaf(random.choice(LEAVES)) for _ in range(3))
    s, t = a + b, a * c
    f = s * t
    boxes = {
        "b": (b, "b", (0, 0)),
        "a": (a, "a", (0, 1)),
        "c": (c, "c", (0, 2)),
        "s": (s, "s = a + b", (1, 0.5), "a", "b"),
        "t": (t, "t = a · c", (1, 1.5), "a", "c"),
        "f": (f, "f = s · t", (2, 1), "s", "t"),
    }
    ds, dt = tinyconv.grad(f, [s, t], retain_graph=True)
    along = f"{number(ds.item())} along the arrow to $s$ and {number((dt * c).item())} along the arrow to $t$"
    return Problem(
        "Two arrows leave $a$. Its gradient can be written only when those of $s$ and of $t$ are both there.",
        [[_graph(boxes)]],
        remark=f"To $a$ come {along}; they are added.",
    )


def _neuron(random: Random) -> Problem | None:
    w, x, b, t = (leaf(random.choice(LEAVES)) for _ in range(4))
    u = w * x
    z = u + b
    y = z.relu()
    f = (y - t) ** 2
    if z.item() <= 0 or f.item() == 0:
        return None
    boxes = {
        "w": (w, "w", (0, 0)),
        "x": (x, "x", (0, 1)),
        "b": (b, "b", (1, 1)),
        "t": (t, "t", (3, 1)),
        "u": (u, "u = w · x", (1, 0), "w", "x"),
        "z": (z, "z = u + b", (2, 0), "u", "b"),
        "y": (y, "y = relu(z)", (3, 0), "z"),
        "f": (f, "f = (y \u2212 t)²", (4, 0), "y", "t"),
    }
    return Problem(
        "One neuron and its squared error. relu($z$) is $z$ where $z$ is above 0, and 0 otherwise; its derivative "
        "is 1 or 0. And if $b$ were $-30$: which gradients would be 0?",
        [[_graph(boxes)]],
        remark="With $b = -30$ the relu is off: $y$ = 0, and the gradients of $z$, $u$, $b$, $w$ and $x$ are 0.",
    )


def _graph(boxes: dict[str, tuple], done: str = "") -> Graph:
    """boxes: by name the tensor, what to write, the place, and the names of inputs. What has none is given."""
    tensors = [box[0] for box in boxes.values()]
    gradients = tinyconv.grad(tensors[-1], tensors)
    nodes = [
        Node(name, label, place, tensor.item(), gradient.item(), tuple(inputs), given=not inputs)
        for (name, (tensor, label, place, *inputs)), gradient in zip(boxes.items(), gradients, strict=True)
    ]
    return Graph(nodes, done)
