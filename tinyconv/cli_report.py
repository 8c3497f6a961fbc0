"""What  tinyconv train  and  tinyconv eval  say at their end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FILES = {
    "last.safetensors": "weights after the last epoch",
    "best.safetensors": "weights after the best epoch",
    "config.json": "configuration",
    "history.jsonl": "history",
    "history.csv": "history, for a spreadsheet",
    "tensorboard": "for tensorboard --logdir",
    "report.txt": "classification report",
    "curves.png": "loss and accuracy",
    "confusion.png": "confusion matrix",
    "mistakes.png": "misclassified pictures",
}


def evaluate(folder: Path, weights: str) -> int:
    """Evaluate a run again, write the report and the pictures into its folder, and show the report."""
    from .train.run import evaluate_run

    show_report(evaluate_run(folder, weights), folder)
    return 0


def show_report(report: Any, folder: Path) -> None:
    """The report, and what lies in the run's folder."""
    from . import plots
    from .train.report import print_report

    print_report(report)
    print(f"Test accuracy {report.accuracy:.2%}. In {folder}:")
    for name, what in FILES.items():
        if (folder / name).exists():
            print(f"  {name:17} {what}")
    if not plots.available():
        print("No pictures were drawn: pip install 'tinyconv[viz]', then tinyconv eval.")
