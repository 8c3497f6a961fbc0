"""The zoo as a table and as a picture: how large its nets are, how much they compute, how often they are right."""

from __future__ import annotations

from .entries import Entry, zoo
from .plot import plot_zoo

__all__ = ["Entry", "plot_zoo", "zoo"]
