"""Draws the pictures of models.md: the zoo as bubbles, three nets as diagrams.

pip install matplotlib
python docs/draw_models.py
"""

from pathlib import Path

from tinyconv import models
from tinyconv.ledger import draw
from tinyconv.nn import init
from tinyconv.zoo import plot_zoo

IMAGES = Path(__file__).parent / "images"


def main():
    plot_zoo(IMAGES / "zoo.png")
    for name in ("lenet5", "googlenet", "resnet50"):
        with init.skipped():
            net = models.create(name)
        draw(net, IMAGES / f"{name}.png", models.card(name).input, name)


if __name__ == "__main__":
    main()
