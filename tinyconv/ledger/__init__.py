"""The ledger of a net: what each layer gives, sees, computes, and keeps in memory."""

from __future__ import annotations

from .diagram import draw
from .summary import Row, Summary, summary
from .trace import Step, Trace, trace

__all__ = ["Row", "Step", "Summary", "Trace", "draw", "summary", "trace"]
