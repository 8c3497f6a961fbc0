"""How often a net multiplies two numbers and adds the product to a sum: the work of convolutions and dense layers.

All else - normalisation, activations, pooling, resizing - counts as none, as in the papers (He et al. 2016,
arXiv:1512.03385, section 3.3: "FLOPs (multiply-adds)"). Biases are not counted either.
"""

from __future__ import annotations

import math

from .trace import Step, Trace


def multiply_adds(trace: Trace) -> int:
    """Of all steps, for one picture."""
    return sum(map(of_step, trace.steps))


def of_step(step: Step) -> int:
    """For one picture.

    conv2d            F OH OW  C/G KH KW      every output is a sum over a window
    conv_transpose2d  F H W    C/G KH KW      every input is spread over a window
    linear, matmul    every output is a sum over the features
    """
    name, outputs = step.operation, math.prod(step.shape)
    if name == "conv2d":
        return outputs * math.prod(step.operands[1][1:])  # weight (F, C/G, KH, KW)
    if name == "conv_transpose2d":
        return math.prod(step.operands[0][1:]) * math.prod(step.operands[1][1:])  # weight (F, C/G, KH, KW)
    if name in ("linear", "matmul"):
        return outputs * step.operands[0][-1]
    return 0
