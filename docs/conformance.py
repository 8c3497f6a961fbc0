"""ONNX's own conformance cases, run with tinyconv: the tables in conformance.md.

    python docs/conformance.py            # prints them
    python docs/conformance.py --write    # puts them in their place on the page

The cases come with the package onnx (`pip install onnx`), which does nothing else here. tests/onnx_adapter.py and
tests/onnx_layers.py run a graph with tinyconv's functions. A case that they do not take has its reason: theirs, or in
NOT_HERE below.
"""

import sys
import warnings
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "conformance.md"
BEGIN, END = "<!-- cases -->\n", "<!-- end -->"
KINDS = {
    "node": "one operator each, and some again spelled in others (`_expanded`)",
    "pytorch-converted": "layers that PyTorch exported",
    "pytorch-operator": "operations that PyTorch exported",
    "simple": "small graphs",
}
PLUMBING = {"Constant", "ConstantOfShape", "Shape", "Squeeze", "Unsqueeze", "Identity", "Cast", "CastLike"}
UNKNOWN = "not looked at yet"
PASSED, FAILED, OUT = "passed", "failed", "out of scope"

NOT_HERE = {  # why tinyconv does not have them
    "not used by convolutional networks": """AffineGrid ArrayFeatureExtractor Binarizer CenterCropPad Compress CumProd
        CumSum Det Einsum EyeLike FeatureVectorizer GridSample Hardmax LabelEncoder NonMaxSuppression NonZero OneHot
        ReverseSequence RotaryEmbedding Scatter ScatterElements ScatterND TensorScatter TopK TreeEnsemble Trilu Unique
        DeformConv CausalConvWithState ImageDecoder""",
    "trigonometry": "Acos Acosh Asin Asinh Atan Atanh Cos Cosh Sin Sinh Tan",
    "rounding and signs, which have no gradient": "Ceil Floor IsInf IsNaN Mod Round Sign",
    "products and other sums": "ReduceProd MeanVarianceNormalization LpNormalization LpPool RMSNormalization",
    "activations that the classic networks do not have": "Celu Erf Shrink Softsign SwiGLU ThresholdedRelu",
    "attention": "Attention FlexAttention LinearAttention",
    "recurrent layers": "GRU LSTM RNN",
    "quantised numbers": """ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul
        QuantizeLinear""",
    "the bits of whole numbers": "BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor",
    "signals": "BlackmanWindow DFT HammingWindow HannWindow MelWeightMatrix STFT",
    "control flow: Python has it": "If Loop Scan",
    "sequences, optionals and strings are no tensors": """ConcatFromSequence OptionalGetElement OptionalHasElement
        RegexFullMatch SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength
        SequenceMap SplitToSequence StringConcat StringNormalizer StringSplit TfIdfVectorizer""",
    "random numbers are each library's own": "Bernoulli RandomUniformLike",
    "an optimiser's step: trajectories are compared with PyTorch's in tests/optim": "Adagrad Adam Momentum",
    "im2col is a kernel, not a public operation": "Col2Im",
    "the inverse of pixel_shuffle": "SpaceToDepth",
}
WHY = {name: reason for reason, names in NOT_HERE.items() for name in names.split()}


def adapter():
    """tests/onnx_adapter.py with all operators in it."""
    sys.path.insert(0, str(ROOT / "tests"))
    try:
        import onnx_adapter
        import onnx_layers  # noqa: F401  # adds its operators
    finally:
        sys.path.pop(0)
    return onnx_adapter


@cache
def cases(kind):
    """(name, model, [(inputs, outputs)], rtol, atol) of every case."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package computes overflows and divisions by zero
        loaded = load_model_tests(kind=kind)
    found = []
    for case in sorted(loaded, key=lambda case: case.name):
        if case.model is not None:
            sets = [([plain(x) for x in inputs], [plain(y) for y in outputs]) for inputs, outputs in case.data_sets]
            found.append((case.name, case.model, sets, case.rtol, case.atol))
            continue
        folder = Path(case.model_dir)
        sets = [(arrays(run, "input"), arrays(run, "output")) for run in sorted(folder.glob("test_data_set_*"))]
        found.append((case.name, onnx.load(folder / "model.onnx"), sets, case.rtol, case.atol))
    return found


def plain(value):
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def arrays(folder, which):
    """The arrays in input_0.pb, input_1.pb, ...; None for what is no array."""
    found = []
    for i in range(len(list(folder.glob(f"{which}_*.pb")))):
        tensor = onnx.TensorProto()
        try:
            tensor.ParseFromString((folder / f"{which}_{i}.pb").read_bytes())
            found.append(numpy_helper.to_array(tensor))
        except Exception:  # a sequence, an optional
            found.append(None)
    return found


def headline(kind, name, model, operators):
    """The operator that a case is about."""
    if kind == "node":
        return operators[name.partition("_expanded")[0]]
    kinds = {node.op_type for node in model.graph.node}
    return ", ".join(sorted(kinds - PLUMBING or kinds))


def outcome(adapter, subject, model, sets, rtol, atol):
    """(passed, "") or (failed, what happened) or (out of scope, why)"""
    for name in subject.split(", "):
        if name not in adapter.OPERATORS:
            return OUT, WHY.get(name, UNKNOWN)
    try:
        for inputs, expected in sets:
            results = adapter.run(model, inputs)
            if len(results) != len(expected):
                return FAILED, f"{len(results)} results instead of {len(expected)}"
            for y, y0 in zip(results, expected, strict=True):
                y0 = np.asarray(y0)
                if (y.dtype, y.shape) != (y0.dtype, y0.shape):
                    return FAILED, f"{y.dtype} {y.shape} instead of {y0.dtype} {y0.shape}"
                np.testing.assert_allclose(y, y0, rtol, atol)
    except adapter.OutOfScopeError as reason:
        return OUT, str(reason)
    except Exception as error:  # whatever it is, the case has failed, and the table says why
        return FAILED, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return PASSED, ""


def results():
    """[(kind, the operator it is about, name, outcome, why)] of every case, in the engine in force."""
    found, tools = [], adapter()
    for kind in KINDS:
        tested = cases(kind)
        operators = {name: model.graph.node[0].op_type for name, model, *_ in tested if "_expanded" not in name}
        for name, model, sets, rtol, atol in tested:
            subject = headline(kind, name, model, operators)
            with np.errstate(all="ignore"):
                found.append((kind, subject, name, *outcome(tools, subject, model, sets, rtol, atol)))
    return found


def tables(found):
    """The tables, in Markdown."""
    total = Counter(outcome for *_, outcome, _ in found)
    lines = [
        f"Of {len(found)} cases of onnx {onnx.__version__}, {total[PASSED]} pass, {total[FAILED]} fail and "
        f"{total[OUT]} are out of scope.",
        "",
    ]
    for kind, about in KINDS.items():
        rows = defaultdict(Counter)
        reasons = defaultdict(Counter)
        absent = defaultdict(Counter)
        for _, subject, name, outcome, why in (case for case in found if case[0] == kind):
            rows[subject][outcome] += 1
            if outcome != PASSED:
                reasons[subject][f"`{name}`: {why}" if outcome == FAILED else why] += 1
        for subject in list(rows):
            if set(rows[subject]) == {OUT} and all(why in NOT_HERE for why in reasons[subject]):
                (why,) = reasons[subject]
                absent[why][subject] = rows.pop(subject)[OUT]
        here = sum((row for row in rows.values()), Counter())
        lines += [f"## {kind}", "", f"{about[0].upper()}{about[1:]}.", ""]
        lines += ["| operator | passed | failed | out of scope | why |", "|---|--:|--:|--:|---|"]
        for subject, row in sorted(rows.items()):
            why = "; ".join(f"{why} ({n})" for why, n in sorted(reasons[subject].items()))
            lines.append(f"| {subject} | {row[PASSED]} | {row[FAILED]} | {row[OUT]} | {why} |")
        lines.append(f"| **together** | {here[PASSED]} | {here[FAILED]} | {here[OUT]} | |")
        if absent:
            lines += ["", "Operators that tinyconv does not have, all of their cases out of scope:", ""]
            lines += ["| why | cases | operators |", "|---|--:|---|"]
            for why, subjects in sorted(absent.items()):
                names = ", ".join(f"{name} {n}" for name, n in sorted(subjects.items()))
                lines.append(f"| {why} | {sum(subjects.values())} | {names} |")
        lines.append("")
    return "\n".join(lines)


def main():
    found = results()
    for kind, _, name, outcome, why in found:
        if outcome == FAILED:
            print(f"failed: {kind} {name}: {why}", file=sys.stderr)
    unknown = {subject for _, subject, *_, why in found if why == UNKNOWN}
    if unknown:
        sys.exit(f"NOT_HERE has no reason for {', '.join(sorted(unknown))}")
    if "--write" not in sys.argv[1:]:
        print(tables(found), end="")
        return
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END, 1)
    PAGE.write_text(before + BEGIN + tables(found) + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
