"""Writes the worksheets, one HTML file a topic: the sheet, and on a new page the answers.

python docs/course/worksheets/build.py --seed 1 --out FOLDER

Each seed gives other numbers. To print: open a file in a browser.
"""

import argparse
from pathlib import Path
from random import Random

import average_pooling
import batch_norm
import chain_rule
import convolution
import convolution_backward
import im2col
import linear
import max_pooling
import optimisers
import sizes
import softmax
from page import page
from sheet import Sheet

import tinyconv

TOPICS = {
    "chain_rule": chain_rule,
    "linear": linear,
    "convolution": convolution,
    "convolution_backward": convolution_backward,
    "im2col": im2col,
    "max_pooling": max_pooling,
    "average_pooling": average_pooling,
    "softmax": softmax,
    "batch_norm": batch_norm,
    "sizes": sizes,
    "optimisers": optimisers,
}


def make(topic: str, seed: int) -> Sheet:
    """The sheet of a topic; answers are computed by the textbook loops."""
    with tinyconv.engine("loops"):
        return TOPICS[topic].sheet(Random(f"{topic} {seed}"))


def build(seed: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for topic in TOPICS:
        (folder / f"{topic}.html").write_text(page(make(topic, seed), seed), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write worksheets with answers, one HTML file a topic.")
    parser.add_argument("--seed", type=int, default=1, help="each number gives other worksheets")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write them to")
    arguments = parser.parse_args()
    build(arguments.seed, arguments.out)
