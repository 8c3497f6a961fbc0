"""Figures are looked at before they are written, or instead."""

import numpy as np
import pytest
from PIL import Image

from tinyconv.plots import style


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were made, in order; they are not written, which takes longer than all the rest."""
    pytest.importorskip("matplotlib", reason="the pictures need matplotlib")
    figures = []
    monkeypatch.setattr(style, "save", lambda figure, path: figures.append(figure))
    return figures


@pytest.fixture
def saved(monkeypatch):
    """The figures that were written, coarsely, and found to be pictures with something on them."""
    pytest.importorskip("matplotlib", reason="the pictures need matplotlib")
    figures, save = [], style.save

    def coarsely(figure, path):
        figure.set_dpi(50)
        save(figure, path)
        with Image.open(path) as picture:
            assert picture.format == "PNG"
            pixels = np.asarray(picture.convert("L"))
        assert min(pixels.shape) > 50
        assert pixels.std() > 1
        figures.append(figure)

    monkeypatch.setattr(style, "save", coarsely)
    return figures
