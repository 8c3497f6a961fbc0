"""The zoo: the tables in models.md.

    python docs/models.py                      # prints them
    python docs/models.py --write              # puts them in their places on the page
    python docs/models.py --measure            # compares every model with its independent twin: some twenty minutes
    python docs/models.py --measure resnet18   # this one alone

What --measure finds is kept in models_receipts.json. The twins are defined by PyTorch, torchvision, timm and onnx (the
page says how they are installed). Otherwise none of them is needed: the page is made of the code and of that file.
"""

import copy
import inspect
import json
import re
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tinyconv import models
from tinyconv.ledger import trace
from tinyconv.ledger.work import multiply_adds
from tinyconv.nn import init
from tinyconv.train.files import write_atomically
from tinyconv.zoo import zoo

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "models.md"
RECEIPTS = ROOT / "docs" / "models_receipts.json"
BEGIN, END = "<!-- begin: {} -->\n", "<!-- end: {} -->\n"
FAR = 1e-4  # a gradient in float32, from the twin's
RESTING = {"float64": ("Drop",), "float32": ("Drop", "BatchNorm")}  # what is in evaluation mode when compared
SETTLED = dict.fromkeys(("se_resnet50", "se_resnext50_32x4d", "senet154"), 16)  # pictures, for running statistics
KERAS = {"statistics": "moving means and variances", "biases": "biases of convolutions", "no scales": "no scales"}


def tests():
    """The modules of tests/zoo: what is known of the models from elsewhere, and their twins."""
    sys.path.insert(0, str(ROOT / "tests"))
    try:
        from zoo import facts, receipts

        facts.facts(), receipts.twins()  # they import the tables of all families
    finally:
        sys.path.pop(0)
    return facts, receipts


# ---------------------------------------------------------------- measuring


def measure(names):
    """Compare models with their twins, and note the largest errors, each as soon as it is known."""
    import torch

    torch.set_num_threads(1)
    _, receipts = tests()
    found = json.loads(RECEIPTS.read_text(encoding="utf-8")) if RECEIPTS.exists() else {"models": {}}
    found["with"] = {package: version(package) for package in ("torch", "torchvision", "timm")}
    twins = receipts.twins()
    for name in names or sorted(twins):
        row = {"twin": twins[name].source, "size": twins[name].size}
        for dtype, resting in RESTING.items():
            settled = SETTLED.get(name, 0) if "BatchNorm" in resting else 0
            receipt = receipts.receipt(name, np.random.default_rng(1), dtype, resting=resting, settled=settled)
            row[dtype] = [float(f"{error:.1e}") for error in receipt.worst()]
            row["layers"], row["gradients"] = len(receipt.layers), len(receipt.gradients)
        if row["float32"][1] > FAR:
            row["rounding"] = float(f"{rounding(receipts, twins[name], name):.1e}")
        found["models"][name] = row
        found["models"] = {key: found["models"][key] for key in sorted(found["models"]) if key in twins}
        lines = ",\n".join(f'    "{key}": {json.dumps(value)}' for key, value in found["models"].items())
        text = f'{{\n  "with": {json.dumps(found["with"])},\n  "models": {{\n{lines}\n  }}\n}}\n'
        write_atomically(RECEIPTS, text)
        print(name, row, flush=True)


def rounding(receipts, twin, name):
    """How far the twin's own gradients in float32 are from those in float64, of the same weights and pictures."""
    import torch

    rng = np.random.default_rng(1)
    net = twin.build().train()
    net.load_state_dict(receipts.randomised(net.state_dict(), rng))
    shape = models.card(name).input[0], twin.size, twin.size
    if name in SETTLED:
        receipts.settle(net, rng.standard_normal((SETTLED[name], *shape)).astype(np.float32))
    pictures = rng.standard_normal((2, *shape)).astype(np.float32)
    dys, gradients = None, []
    for dtype in (torch.float32, torch.float64):
        net = copy.deepcopy(net).to(dtype)
        receipts.rest(net, RESTING["float32"])
        net.zero_grad()
        x = torch.tensor(pictures, dtype=dtype, requires_grad=True)
        ys = twin.outputs(net(x))
        dys = dys or [rng.standard_normal(y.shape).astype(np.float32) for y in ys]
        receipts.sum_of([(y * torch.tensor(dy, dtype=dtype)).sum() for y, dy in zip(ys, dys, strict=True)]).backward()
        gradients.append([x.grad.numpy(), *(p.grad.numpy() for p in net.parameters())])
    return max(receipts.error(a, b) for a, b in zip(*gradients, strict=True))


# ---------------------------------------------------------------- what the files say


entries_of_all = cache(zoo)


@cache
def sections():
    """Each file of models: (its path, the paragraphs of its docstring, its entries), the oldest first."""
    found = {}
    for entry in entries_of_all():
        found.setdefault(inspect.getmodule(entry.card.build), []).append(entry)
    return [
        (Path(module.__file__), [" ".join(part.split()) for part in module.__doc__.split("\n\n")], entries)
        for module, entries in found.items()
    ]


def heading(paragraphs):
    return re.split(r"[.:] |\.$", paragraphs[0])[0]


def anchor(text):
    """Where a link to a heading goes, on GitHub."""
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def departures(paragraphs):
    """What the file says of how it differs from the paper."""
    return next(part for part in paragraphs if part.startswith("Departures from"))


# ---------------------------------------------------------------- the tables


def overview():
    """One line a model."""
    lines = [
        "| model | year | paper | task | input | parameters | multiply-adds | top-1 |",
        "|---|--:|---|---|--:|--:|--:|--:|",
    ]
    places = {entry.card.name: heading(parts) for _, parts, entries in sections() for entry in entries}
    for entry in entries_of_all():
        card = entry.card
        top1 = f"{card.top1[0]:g} %" if card.top1 else ""
        count = f"{entry.parameters:,}" + (f" ({entry.idle:,} in training only)" if entry.idle else "")
        lines.append(
            f"| [{card.name}](#{anchor(places[card.name])}) | {card.year or '-'} | {card.paper} | {card.task} "
            f"| {'×'.join(map(str, card.input))} | {count} | {millions(entry.multiply_adds)} | {top1} |"
        )
    return lines


def millions(count):
    return f"{count / 1e6:,.{0 if count >= 1e8 else 1}f} M"


def one_by_one():
    """A section for each file: paper, departures, receipts."""
    receipts = json.loads(RECEIPTS.read_text(encoding="utf-8"))["models"]
    lines = []
    for path, paragraphs, entries in sections():
        file = f"tinyconv/models/{path.name}"
        title, source, differs = paragraphs[0], paragraphs[1], departures(paragraphs)
        lines += [f"### {heading(paragraphs)}", ""]
        lines += [f"{title} {source}" if ":" in title else source, ""]
        lines += [f"{differs if differs != source else ''} ([{file}](../{file}))".lstrip(), ""]
        lines += ["| model | twin | pixels | layers, float64 | gradients | layers, float32 | gradients |"]
        lines += ["|---|---|--:|--:|--:|--:|--:|"]
        for entry in entries:
            name = entry.card.name
            row = receipts.get(name)
            if row is None:
                lines.append(f"| `{name}` | none: its shapes, counts and cases done by hand are tested | | | | | |")
                continue
            errors = " | ".join(f"{error:.0e}" for error in (*row["float64"], *row["float32"]))
            errors += f" ({row['rounding']:.0e})" if "rounding" in row else ""
            lines.append(f"| `{name}` | {row['twin']} | {row['size']}×{row['size']} | {errors} |")
        lines.append("")
    return lines


def conventions():
    """Keras's counts, and what is in them that is not in PyTorch's."""
    facts, _ = tests()
    lines = [
        "| model | parameters, as PyTorch counts | what Keras has besides | as Keras counts |",
        "|---|--:|---|--:|",
    ]
    for name, known in facts.facts().items():
        if known.keras is None:
            continue
        with init.skipped():
            there = facts.counts(name)
        besides = "; ".join(f"{KERAS[kind]} {there[kind]:+,}" for kind in known.as_keras) or "nothing"
        lines.append(f"| {name} | {known.parameters:,} | {besides} | {known.keras:,} |")
    return lines


PAPER = {"resnet18": "1.8", "resnet34": "3.6", "resnet50": "3.8", "resnet101": "7.6", "resnet152": "11.3"}


def strides():
    """Multiply-adds of ResNets: the paper's, the same counted here, and with the stride in the 3x3 convolution."""
    lines = [
        "| model | the paper's table 1 | counted here, stride as in the paper | stride in the 3x3 |",
        "|---|--:|--:|--:|",
    ]
    for name, paper in PAPER.items():
        counts = " | ".join(
            f"{multiply_adds(trace(net, 3, 224, 224)) / 1e9:.2f}" for net in (v1(name), untouched(name))
        )
        lines.append(f"| {name} | {paper} | {counts} |")
    return lines


def untouched(name):
    with init.skipped():
        return models.create(name)


def v1(name):
    """With the stride in the first 1x1 convolution of a bottleneck."""
    net = untouched(name)
    for stage in (net.layer2, net.layer3, net.layer4):
        if hasattr(stage[0], "conv3"):
            stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    return net


TABLES = {"overview": overview, "conventions": conventions, "strides": strides, "one by one": one_by_one}


@cache
def tables():
    """name -> the text that stands between its marks on the page"""
    return {name: "\n".join(lines()).rstrip() + "\n" for name, lines in TABLES.items()}


def page():
    """The page as it should be: its own text, with fresh tables."""
    text = PAGE.read_text(encoding="utf-8")
    for name, table in tables().items():
        begin, end = BEGIN.format(name), END.format(name)
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = before + begin + "\n" + table + "\n" + end + after
    return text


def main(arguments):
    if "--measure" in arguments:
        measure([name for name in arguments if name != "--measure"])
    elif "--write" in arguments:
        write_atomically(PAGE, page())
    else:
        print("\n".join(tables().values()), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
