"""The training doctor: each check is a small function of what was seen, beside its like (of_*.py)."""

from .doctor import Doctor, diagnose
from .finding import Finding

__all__ = ["Doctor", "Finding", "diagnose"]
