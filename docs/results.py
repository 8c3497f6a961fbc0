"""Write the tables of docs/results.md from the folders of runs:  python docs/results.py FOLDER

FOLDER has the run of configs/NAME.toml in NAME, or, of several seeds, in NAME_seed0, NAME_seed1, ... What was not run
has no row.
"""

import json
import re
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/results.md"
DECKS = {  # configuration -> what the slides say: test accuracy, seconds an epoch
    "deck_demo": ("94.65 %", "92 to 103"),
    "deck_mnist_3": ("97.53 %", "240 to 254"),
    "deck_mnist": ("99.63 %", "240 to 254"),
    "deck_mnist_cosine": ("99.63 %", "240 to 254"),
    "deck_cifar_3": ("20.71 %", "up to 955"),
    "deck_cifar": ("83.85 %", "up to 955"),
    "deck_cifar_cosine": ("83.85 %", "up to 955"),
}
OTHERS = ("lenet5", "resnet20", "vgg13_bn")
RULE = "|---|---|---|---|---|\n"
HEADINGS = {
    "decks": "| `configs/` | published | test accuracy, by seed | seconds an epoch | published |\n",
    "others": "| `configs/` | test accuracy | epochs | seconds an epoch | in all |\n",
}


def runs_of(folder: Path, name: str) -> list[Path]:
    """The finished runs of a configuration, by seed."""
    found = [folder / name, *sorted(folder.glob(f"{name}_seed*"))]
    return [run for run in found if (run / "report.txt").exists()]


def accuracy(run: Path) -> str:
    """Test accuracy after the last epoch, and how many pictures were taken for something else."""
    (correct, count), *_ = re.findall(r"^accuracy +([\d.]+) +(\d+)$", (run / "report.txt").read_text(), re.MULTILINE)
    wrong = round((1 - float(correct)) * int(count))
    return f"{100 * float(correct):.2f} % ({wrong:,} of {int(count):,} wrong)"


def seconds(runs: list[Path]) -> list[float]:
    """Of each epoch's training."""
    lines = [line for run in runs for line in (run / "history.jsonl").read_text().splitlines()]
    return [json.loads(line)["seconds"] for line in lines]


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def deck_row(folder: Path, name: str) -> str:
    runs = runs_of(folder, name)
    if not runs:
        return ""
    published, seconds_published = DECKS[name]
    seeds = [json.loads((run / "config.json").read_text())["seed"] for run in runs]
    found = "<br>".join(f"{seed}: {accuracy(run)}" for seed, run in zip(seeds, runs, strict=True))
    return f"| `{name}.toml` | {published} | {found} | {spread(seconds(runs))} | {seconds_published} |\n"


def other_row(folder: Path, name: str) -> str:
    runs = runs_of(folder, name)
    if not runs:
        return ""
    times = seconds(runs[:1])
    return f"| `{name}.toml` | {accuracy(runs[0])} | {len(times)} | {spread(times)} | {sum(times) / 60:.1f} min |\n"


def main(folder: Path) -> None:
    tables = {
        "decks": "".join(deck_row(folder, name) for name in DECKS),
        "others": "".join(other_row(folder, name) for name in OTHERS),
    }
    text = PAGE.read_text(encoding="utf-8")
    for name, rows in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}{HEADINGS[name] + RULE + rows if rows else ''}{end}{rest.split(end)[1]}"
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
