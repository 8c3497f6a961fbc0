"""Draws docs/images/gradcheck-*.png: the error against the step for a right and for a wrong gradient.

python docs/draw_gradcheck.py
"""

from pathlib import Path

import numpy as np

import tinyconv as tc
from tinyconv.gradcheck.museum import find

IMAGES = Path(__file__).parent / "images"


def main():
    e = find("tanh_without_the_square")
    for name, function in (("right", e.right), ("wrong", e.wrong)):
        x = e.inputs(np.random.default_rng(0))
        tc.gradcheck(function, x, raise_exception=False).plot(IMAGES / f"gradcheck-{name}.png")


if __name__ == "__main__":
    main()
