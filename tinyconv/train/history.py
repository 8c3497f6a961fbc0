"""What is known of a training run, epoch by epoch."""

from __future__ import annotations

from typing import Any


class History(list[dict[str, Any]]):
    """A list of records, one an epoch: epoch, loss, accuracy, lr, seconds, val_loss, ...

    In a notebook it is shown as curves and a table.
    """

    def _repr_html_(self) -> str:
        from tinyconv.notebook.histories import html

        return html(self)
