"""Drawings of the ten digits, 7 pixels wide and 12 high: what LeNet-5 of 1998 compares its last layer with."""

from __future__ import annotations

import numpy as np

from tinyconv import random

DRAWINGS = """
..###..  ...#...  .#####.  .#####.  .....#.
.#...#.  ..##...  #.....#  #.....#  ....##.
#.....#  .#.#...  ......#  ......#  ...#.#.
#.....#  ...#...  ......#  ......#  ..#..#.
#.....#  ...#...  .....#.  .....#.  .#...#.
#.....#  ...#...  ....#..  ..###..  #....#.
#.....#  ...#...  ...#...  .....#.  #....#.
#.....#  ...#...  ..#....  ......#  #######
#.....#  ...#...  .#.....  ......#  .....#.
#.....#  ...#...  #......  ......#  .....#.
.#...#.  ...#...  #......  #.....#  .....#.
..###..  .#####.  #######  .#####.  .....#.

#######  ..####.  #######  .#####.  .#####.
#......  .#.....  ......#  #.....#  #.....#
#......  #......  ......#  #.....#  #.....#
#......  #......  .....#.  #.....#  #.....#
#.####.  #.####.  .....#.  .#...#.  #.....#
##....#  ##....#  ....#..  ..###..  #....##
......#  #.....#  ....#..  .#...#.  .####.#
......#  #.....#  ...#...  #.....#  ......#
......#  #.....#  ...#...  #.....#  ......#
......#  #.....#  ..#....  #.....#  ......#
#.....#  #.....#  ..#....  #.....#  .....#.
.#####.  .#####.  ..#....  .#####.  .####..
"""


def codes(num_classes: int) -> np.ndarray:
    """w (num_classes, 84) of +1 for a black pixel and -1 for a white one, row by row: 0 to 9, then at random.

    LeCun et al. 1998, "Gradient-Based Learning ...", section II.B, which has drawings of all ASCII characters, and
    names random codes as another way.
    """
    lines = [line.split() for line in DRAWINGS.split("\n") if line]
    digits = ["".join(line[i] for line in half) for half in (lines[:12], lines[12:]) for i in range(5)]
    drawn = np.array([[1 if pixel == "#" else -1 for pixel in digit] for digit in digits[:num_classes]], np.float32)
    more = max(0, num_classes - len(digits))
    others = random.stream("weights").choice(np.array([-1, 1], np.float32), (more, drawn.shape[1]))
    return np.concatenate([drawn, others])
