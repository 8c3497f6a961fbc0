"""The operators of ONNX that are layers: convolution, pooling, normalisation, resizing, losses."""

from __future__ import annotations

import numpy as np
from onnx_adapter import Node, OutOfScopeError, Tensor, operator

import tinyconv as tc
import tinyconv.nn.functional as F

# ---------------------------------------------------------------- windows


def planes(node: Node, x: Tensor) -> int:
    """The number of axes that a window slides along: 1 or 2."""
    if x.ndim not in (3, 4):
        raise OutOfScopeError(f"windows slide along one axis or two, not {x.ndim - 2}")
    return x.ndim - 2


def ends_of(node: Node, sizes, kernel, strides, dilations):
    """The border of each axis, (before, after), from `pads` or `auto_pad`."""
    D, auto = len(kernel), node.option("auto_pad", "NOTSET")
    pads = node.option("pads", [0] * 2 * D)
    if auto in ("NOTSET", "VALID"):
        return list(zip(pads[:D], pads[D:], strict=True)) if auto == "NOTSET" else [(0, 0)] * D
    ends = []
    for n, k, s, d in zip(sizes, kernel, strides, dilations, strict=True):
        total = max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n)
        ends.append((total // 2, total - total // 2) if auto == "SAME_UPPER" else (total - total // 2, total // 2))
    return ends


def window_of(node: Node, x: Tensor, kernel):
    """kernel, strides, dilations and borders, each a list with a number an axis."""
    D = planes(node, x)
    strides, dilations = list(node.option("strides", [1] * D)), list(node.option("dilations", [1] * D))
    return list(kernel), strides, dilations, ends_of(node, x.shape[2:], kernel, strides, dilations)


def symmetric(ends):
    return all(before == after for before, after in ends)


def padded(x: Tensor, ends, value=0.0):
    return F.pad(x, [n for pair in reversed(ends) for n in pair], value=value)


def unpacked(*lists):
    """[3] -> 3, [3, 2] -> (3, 2)"""
    return [tuple(values) if len(values) > 1 else values[0] for values in lists]


@operator("Conv")
def conv(node):
    x, w, b = node[0], node[1], node.get(2)
    kernel, strides, dilations, ends = window_of(node, x, w.shape[2:])
    function = F.conv2d if len(kernel) == 2 else F.conv1d
    if len(kernel) == 1 and not symmetric(ends):
        x, ends = padded(x, ends), [(0, 0)]
    if symmetric(ends):
        ends = [before for before, _ in ends]
    stride, padding, dilation = unpacked(strides, ends, dilations)
    return function(x, w, b, stride, padding, dilation, node.option("group", 1))


@operator("ConvTranspose")
def conv_transpose(node):
    x, w, b = node[0], node[1], node.get(2)
    D = planes(node, x)
    strides, dilations = list(node.option("strides", [1] * D)), list(node.option("dilations", [1] * D))
    extra = list(node.option("output_padding", [0] * D))
    extents = [d * (k - 1) + 1 for k, d in zip(w.shape[2:], dilations, strict=True)]
    full = [(n - 1) * s + e for n, s, e in zip(x.shape[2:], strides, extents, strict=True)]
    pads, auto = node.option("pads", [0] * 2 * D), node.option("auto_pad", "NOTSET")
    ends = list(zip(pads[:D], pads[D:], strict=True))
    wanted = node.option("output_shape")
    if auto.startswith("SAME") and wanted is None:
        wanted = [n * s for n, s in zip(x.shape[2:], strides, strict=True)]
    if wanted is not None:
        totals = [f + e - n for f, e, n in zip(full, extra, wanted[-D:], strict=True)]
        halves = [max(0, t) // 2 for t in totals]
        rests = [max(0, t) - h for t, h in zip(totals, halves, strict=True)]
        extra = [e + max(0, -t) for e, t in zip(extra, totals, strict=True)]
        ends = list(zip(halves, rests, strict=True) if auto == "SAME_UPPER" else zip(rests, halves, strict=True))
    function = F.conv_transpose2d if D == 2 else F.conv_transpose1d
    if symmetric(ends):
        stride, padding, dilation, more = unpacked(strides, [a for a, _ in ends], dilations, extra)
        return function(x, w, b, stride, padding, more, node.option("group", 1), dilation)
    stride, dilation, more = unpacked(strides, dilations, extra)
    y = function(x, w, b, stride, 0, more, node.option("group", 1), dilation)
    cuts = [slice(a, n + e - z) for (a, z), n, e in zip(ends, full, extra, strict=True)]
    return y[(slice(None), slice(None), *cuts)]


@operator("MaxPool")
def max_pool(node):
    node.refuse(storage_order="indices count rows first")
    x = node[0]
    if x.dtype.kind != "f":
        raise OutOfScopeError("pooling is of floating-point numbers")
    kernel, strides, dilations, ends = window_of(node, x, node.option("kernel_shape"))
    indices = len(node.outputs) > 1
    if not symmetric(ends) or any(before > k // 2 for (before, _), k in zip(ends, kernel, strict=True)):
        if indices:
            raise OutOfScopeError("indices of a picture with a border that differs from side to side")
        x, ends = padded(x, ends, -np.inf), [(0, 0)] * len(kernel)
    function = F.max_pool2d if len(kernel) == 2 else F.max_pool1d
    size, stride, padding, dilation = unpacked(kernel, strides, [a for a, _ in ends], dilations)
    y = function(x, size, stride, padding, dilation, bool(node.option("ceil_mode", 0)), indices)
    if not indices:
        return y
    y, place = y  # ONNX counts through the whole array, tinyconv and PyTorch within each picture and channel
    N, C, *sizes = x.shape
    first = np.arange(N * C).reshape(N, C, *[1] * len(sizes)) * int(np.prod(sizes))
    return y, place + first


@operator("AveragePool")
def average_pool(node):
    x = node[0]
    kernel, strides, dilations, ends = window_of(node, x, node.option("kernel_shape"))
    if set(dilations) != {1}:
        raise OutOfScopeError("averages over dilated windows")
    function = F.avg_pool2d if len(kernel) == 2 else F.avg_pool1d
    size, stride, padding = unpacked(kernel, strides, [a for a, _ in ends])
    ceil, count = bool(node.option("ceil_mode", 0)), bool(node.option("count_include_pad", 0))
    if symmetric(ends) and all(before <= k // 2 for (before, _), k in zip(ends, kernel, strict=True)):
        return function(x, size, stride, padding, ceil, count)
    if count:
        return function(padded(x, ends), size, stride, 0, ceil)
    inside = padded(Tensor(np.ones(x.shape, x.dtype)), ends)  # the share of a window that is inside the picture
    return function(padded(x, ends), size, stride, 0, ceil) / function(inside, size, stride, 0, ceil)


@operator("GlobalAveragePool", "GlobalMaxPool")
def global_pool(node):
    kinds = {"GlobalAveragePool": "adaptive_avg_pool", "GlobalMaxPool": "adaptive_max_pool"}
    return getattr(F, f"{kinds[node.op]}{planes(node, node[0])}d")(node[0], 1)


@operator("MaxUnpool")
def max_unpool(node):
    x, place = node[0], node[1].data
    kernel, strides, _, ends = window_of(node, x, node.option("kernel_shape"))
    wanted = node.list(2)
    C = x.shape[1]
    plain = [(n - 1) * s + k - 2 * a for n, s, k, (a, _) in zip(x.shape[2:], strides, kernel, ends, strict=True)]
    picture = int(np.prod(plain))  # the indices count through arrays of this size, whatever is wanted
    places = place % picture
    size, stride, padding = unpacked(kernel, strides, [a for a, _ in ends])
    y = F.max_unpool2d(x, Tensor(places), size, stride, padding)
    if wanted is None or list(wanted[2:]) == plain:
        return y
    bottom, right = (n - m for n, m in zip(wanted[2:], plain, strict=True))
    return F.pad(y, (0, right, 0, bottom)) if C else y


@operator("MaxRoiPool")
def max_roi_pool(node):
    return F.roi_pool(node[0], node[1], tuple(node.option("pooled_shape")), node.option("spatial_scale", 1.0))


@operator("RoiAlign")
def roi_align(node):
    if node.option("mode", "avg") != "avg":
        raise OutOfScopeError("the mean of a bin's points, not the largest")
    boxes = np.concatenate([node[2].data[:, None].astype(node[1].dtype), node[1].data], 1)
    size = node.option("output_height", 1), node.option("output_width", 1)
    aligned = node.option("coordinate_transformation_mode", "half_pixel" if node.opset >= 16 else "") == "half_pixel"
    return F.roi_align(
        node[0], Tensor(boxes), size, node.option("spatial_scale", 1.0), node.option("sampling_ratio", 0) or -1, aligned
    )


# ---------------------------------------------------------------- normalisation


@operator("BatchNormalization")
def batch_norm(node):
    x, scale, shift, mean, var = node.inputs
    eps, keep = node.option("epsilon", 1e-5), node.option("momentum", 0.9)
    if x.ndim > 4:
        raise OutOfScopeError("volumes (N, C, D, H, W)")
    if not node.option("training_mode"):
        return F.batch_norm(x, mean.detach(), var.detach(), scale, shift, False, 1 - keep, eps)
    mean, var = mean.detach().clone(), var.detach()
    biased = tc.var(x, (0, *range(2, x.ndim)), correction=0).detach()  # what ONNX keeps; tinyconv and PyTorch: unbiased
    y = F.batch_norm(x, mean, var.clone(), scale, shift, True, 1 - keep, eps)
    return y, mean, keep * var + (1 - keep) * biased


@operator("InstanceNormalization")
def instance_norm(node):
    return F.instance_norm(node[0], weight=node[1], bias=node[2], eps=node.option("epsilon", 1e-5))


@operator("GroupNormalization")
def group_norm(node):
    x, scale, shift = node.inputs
    groups = node.option("num_groups")
    if node.opset < 21:
        raise OutOfScopeError("a scale for each group: withdrawn by ONNX in opset 21")
    return F.group_norm(x, groups, scale, shift, node.option("epsilon", 1e-5))


@operator("LayerNormalization")
def layer_norm(node):
    x, eps = node[0], node.option("epsilon", 1e-5)
    axis = node.option("axis", -1) % x.ndim
    axes = tuple(range(axis, x.ndim))
    y = F.layer_norm(x, x.shape[axis:], node[1], node.get(2), eps)
    return y, tc.mean(x, axes, keepdim=True), 1 / tc.sqrt(tc.var(x, axes, correction=0, keepdim=True) + eps)


@operator("LRN")
def local_response_norm(node):
    alpha, beta, k = node.option("alpha", 1e-4), node.option("beta", 0.75), node.option("bias", 1.0)
    return F.local_response_norm(node[0], node.option("size"), alpha, beta, k)


# ---------------------------------------------------------------- resizing


@operator("Resize", "Upsample")
def resize(node):
    x, mode, old = node[0], node.option("mode", "nearest"), node.op == "Upsample"
    node.refuse(antialias="no averaging while making smaller")
    if node.option("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise OutOfScopeError("no sizes that keep the aspect ratio")
    scales, sizes = node.list(1 if old else 2, "scales"), None if old else node.list(3)
    axes = [axis % x.ndim for axis in node.option("axes", range(x.ndim))]
    full = [1.0] * x.ndim if scales else list(x.shape)
    for axis, value in zip(axes, scales or sizes, strict=True):
        full[axis] = value
    if x.ndim != 4 or full[:2] != ([1, 1] if scales else list(x.shape[:2])):
        raise OutOfScopeError("pictures (N, C, H, W) are resized along H and W")
    how = dict(scale_factor=tuple(full[2:])) if scales else dict(size=tuple(full[2:]))
    where = "asymmetric" if old else node.option("coordinate_transformation_mode", "half_pixel")
    if mode == "nearest":
        rounding = "floor" if old else node.option("nearest_mode", "round_prefer_floor")
        enlarged = [new / old for new, old in zip(full, [1] * 4 if scales else x.shape, strict=True)]
        same = where == "half_pixel" and rounding.startswith("round") and all(s % 1 == 0 for s in enlarged)
        if (where, rounding) != ("asymmetric", "floor") and not same:
            raise OutOfScopeError("nearest is the pixel at floor(o H/OH), as in PyTorch")
        return F.interpolate(x, **how)
    if mode == "linear" and where == "half_pixel":
        return F.interpolate(x, **how, mode="bilinear")
    if mode == "linear" and where == "align_corners":
        if scales and any(n * s % 1 for n, s in zip(x.shape, full, strict=True)):
            raise OutOfScopeError("align_corners of a size that is no whole number")
        return F.interpolate(x, **how, mode="bilinear", align_corners=True)
    raise OutOfScopeError("no cubic resizing" if mode == "cubic" else f"no coordinates of the kind {where}")


# ---------------------------------------------------------------- losses


@operator("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")
def loss(node):
    x, target, weight = node[0], node[1], node.get(2)
    kind = F.nll_loss if node.op.startswith("Neg") else F.cross_entropy
    options = dict(reduction=node.option("reduction", "mean"), weight=weight)
    if node.option("ignore_index") is not None:
        options["ignore_index"] = node.option("ignore_index")
    y = kind(x, target, **options)
    return (y, F.log_softmax(x, 1)) if len(node.outputs) > 1 else y
