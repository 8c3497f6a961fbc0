"""Why this number? What any number of a traced pass was summed from, back to pixels and parameters."""

from .explanation import Explanation, Factor, Remainder, Term
from .why import explain

__all__ = ["Explanation", "Factor", "Remainder", "Term", "explain"]
