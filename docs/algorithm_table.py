"""Which algorithm each convolution of the benchmarks' nets gets: the table in performance.md.

    python docs/algorithm_table.py            # prints it
    python docs/algorithm_table.py --write    # puts it in its place on the page

It asks kernels/conv_choice.py. The nets are those of benchmarks/_nets.py, built of layers that know shapes alone.
"""

import sys
from pathlib import Path
from types import SimpleNamespace

from tinyconv.geometry import Window
from tinyconv.kernels.conv_choice import Layer, choose

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- algorithms -->\n", "<!-- end -->"
SHOWN = {
    "LeNet-5": ("lenet5", 64),
    "deck MNIST": ("deck_mnist", 512),
    "deck CIFAR": ("deck_cifar", 128),
    "ResNet-20": ("resnet20", 128),
    "ResNet-18": ("resnet18", 8),
    "VGG-16": ("vgg16", 4),
}


def layers_of(net: str, batch: int) -> dict[tuple, int]:
    """Each convolution, in the order in which it is met: what it is, and how many times."""
    met: dict[tuple, int] = {}
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        from _nets import NETS
    finally:
        sys.path.pop(0)

    def conv(C, F, size, stride=1, padding=0, bias=True):
        window = Window.of("conv2d", size, stride, padding, 1, 1)

        def shape(picture):
            _, H, W = picture
            is_first = picture == NETS[net].picture
            key = (window, batch, C, F, H, W, is_first)
            met[key] = met.get(key, 0) + 1
            return F, *window.out(H, W)

        return shape

    def pool(size, stride=None, padding=0):
        window = Window.of("pool", size, stride or size, padding, 1, 1)
        return lambda picture: (picture[0], *window.out(*picture[1:]))

    def sequential(*layers):
        def shape(picture):
            for layer in layers:
                picture = layer(picture)
            return picture

        return shape

    def residual(body, shortcut=None, relu=False):
        def shape(picture):
            result = body(picture)
            if shortcut:
                shortcut(picture)
            return result

        return shape

    class Module:  # of a net's own: none of them convolves
        def __call__(self, picture):
            return picture

    def same(*_):
        return lambda picture: picture

    others = dict.fromkeys(("ReLU", "Tanh", "Dropout", "Flatten", "Linear", "BatchNorm2d"), same)
    pools = dict.fromkeys(("MaxPool2d", "AvgPool2d"), pool)
    nn = SimpleNamespace(Conv2d=conv, Sequential=sequential, Residual=residual, Module=Module, **pools, **others)
    NETS[net].build(nn)(NETS[net].picture)
    return met


def table() -> str:
    """The table, in Markdown."""
    lines = ["| net, batch | convolution | input | forward | `dx` | `dw` |", "|---|---|---|---|---|---|"]
    for title, (net, batch) in SHOWN.items():
        for (window, N, C, F, H, W, is_first), count in layers_of(net, batch).items():
            outputs = Layer(window, N, C, F, *window.out(H, W), 4)
            forward = choose(outputs, "fast")
            backward = "-" if is_first else choose(outputs._replace(OH=H, OW=W), "fast")
            (KH, KW), (stride, _) = window.size, window.stride
            kind = f"{C} to {F}, {KH}x{KW}" + f", stride {stride}" * (stride > 1) + f" ({count} of them)" * (count > 1)
            lines.append(f"| {title}, {batch} | {kind} | {H}x{W} | {forward} | {backward} | {forward} |")
            title = batch = ""
            lines[-1] = lines[-1].replace("| ,  |", "| |")
    return "\n".join(lines) + "\n"


def main() -> None:
    if "--write" not in sys.argv[1:]:
        print(table(), end="")
        return
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END, 1)
    PAGE.write_text(before + BEGIN + table() + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
