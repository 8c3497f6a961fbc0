"""Pictures for the tests of runs."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """A folder with ten dark and ten light pictures of different sizes to train on, six to test."""
    from PIL import Image

    rng, top = np.random.default_rng(0), tmp_path_factory.mktemp("photographs")
    for split, count in (("train", 20), ("val", 6)):
        for i in range(count):
            folder = top / split / ("dark", "light")[i % 2]
            folder.mkdir(parents=True, exist_ok=True)
            H, W = rng.integers(20, 40, 2)
            pixels = rng.integers(150 * (i % 2), 105 + 150 * (i % 2), (H, W, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{i}.png")
    return top
