"""Inception networks and SqueezeNets: torchvision's, and PyTorch made of ONNX's graphs of Caffe's nets.

ONNX has graphs of GoogLeNet and of BN-Inception, without weights. Two things in them are conversion's and not the
nets', and are set right here: how pooling rounds (the papers have 56, 28, 14, 7 pixels, the first graph 55, 27, 13, 6),
and where pooling with stride 2 pads within a module. Batch norm's epsilon is that of Google's code. The graph of
GoogLeNet lacks the auxiliary classifiers, which are added as the paper's section 5 has them.
"""

import re
from collections import OrderedDict
from functools import partial
from pathlib import Path

from zoo.receipts import Twin

PARTS = {
    "1x1": "branch1",
    "3x3_reduce": "branch2.0",
    "3x3": "branch2.1",
    "5x5_reduce": "branch3.0",
    "5x5": "branch3.1",
    "double3x3_reduce": "branch3.0",
    "double3x3a": "branch3.1",
    "double3x3b": "branch3.2",
    "pool_proj": "branch4.1",
}
BEGINNING = {"conv1/7x7_s2": "conv1", "conv2/3x3_reduce": "conv2", "conv2/3x3": "conv3"}


def torchvision(name, ours=None, size=64, outputs=lambda y: [y], **options):
    def build():
        import torchvision.models

        return getattr(torchvision.models, name)(weights=None, **options)

    return Twin(f"torchvision {name}", build, ours or {}, size, outputs=outputs)


def graph(file, squeeze=False, auxiliary=False):
    """The net of an ONNX graph, with a layer of PyTorch for each node that has weights, named as these are.

    squeeze    torchvision's squeeze-and-excitation block after every module, named "inception_3a/se"
    auxiliary  "aux1" and "aux2" on the modules 4a and 4d
    """
    import onnx
    import torch
    from torch import nn
    from torchvision.ops import SqueezeExcitation

    content = onnx.load(Path(onnx.__file__).parent / "backend/test/data/light" / file).graph
    shapes = {i.name.removesuffix("__SHAPE"): onnx.numpy_helper.to_array(i) for i in content.initializer}
    shapes = {name: a.tolist() if a.dtype == "int64" else list(a.shape) for name, a in shapes.items()}
    joined = {name for node in content.node if node.op_type == "Concat" for name in node.input}

    def layer(node):
        """(the name of its weights, the layer)"""
        option = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Conv":
            F, C, K, _ = shapes[node.input[1]]
            conv = nn.Conv2d(C, F, K, option["strides"][0], option.get("pads", [0])[0], bias=len(node.input) == 3)
            return node.input[1].removesuffix("_w_0"), conv
        if node.op_type == "BatchNormalization":  # with the scale and shift that follow it
            return node.input[1].removesuffix("_scale_0"), nn.BatchNorm2d(shapes[node.input[1]][0], eps=1e-3)
        if node.op_type == "Gemm":
            return "classifier", nn.Linear(1024, 1000)
        if node.op_type == "MaxPool":
            stride, inside = option["strides"][0], node.output[0] in joined or option["strides"][0] == 1
            return None, nn.MaxPool2d(3, stride, padding=int(inside), ceil_mode=not inside)
        if node.op_type == "AveragePool":
            last = option["kernel_shape"] == [7, 7]  # all pixels that there are
            return None, nn.AdaptiveAvgPool2d(1) if last else nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        if node.op_type == "LRN":
            alpha = round(option["alpha"], 9)  # it is stored in single precision
            return None, nn.LocalResponseNorm(option["size"], alpha, option["beta"], option["bias"])
        return None, {"Relu": nn.ReLU(), "Reshape": nn.Flatten()}.get(node.op_type, nn.Identity())

    def head(C):
        conv = OrderedDict(conv=nn.Conv2d(C, 128, 1), relu=nn.ReLU())
        layers = OrderedDict(pool=nn.Sequential(nn.AvgPool2d(5, 3), nn.AdaptiveAvgPool2d(4)), conv=nn.Sequential(conv))
        layers |= OrderedDict(
            flatten=nn.Flatten(), fc1=nn.Linear(2048, 1024), relu=nn.ReLU(), fc2=nn.Linear(1024, 1000)
        )
        return nn.Sequential(layers)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.steps, self.ends, channels, module = [], {}, {"data_0": 3}, ""
            for node in content.node:
                if node.input[0] not in channels:
                    continue  # makes a constant, or another shape of weights
                name, made = layer(node)
                module = name.partition("/")[0] if name else module
                C = sum(channels[i] for i in node.input if i in channels)
                if node.op_type == "Concat":
                    self.ends[module] = node.output[0]
                if node.op_type == "Concat" and squeeze:
                    name, made = f"{module}/se", SqueezeExcitation(C, C // 16)
                if name:
                    self.add_module(name, made)
                self.steps.append((node, made))
                channels[node.output[0]] = made.out_channels if node.op_type == "Conv" else C
            if auxiliary:
                self.aux1, self.aux2 = head(512), head(528)

        def forward(self, x):
            values = {"data_0": x}
            for node, step in self.steps:
                inputs = [values[name] for name in node.input if name in values]
                values[node.output[0]] = step(torch.cat(inputs, 1) if node.op_type == "Concat" else inputs[0])
            y = values[node.output[0]]
            if auxiliary:
                return y, self.aux2(values[self.ends["inception_4d"]]), self.aux1(values[self.ends["inception_4a"]])
            return y

    return Net()


def renamed(name, prefix="", inner=""):
    """inception_3a/3x3_reduce/bn.weight -> {prefix}inception3a.{inner}branch2.0.bn.weight"""
    path = name
    name, dot, parameter = name.partition(".")
    if name == "classifier":
        return f"fc{dot}{parameter}"
    kind = "bn" if name.endswith("/bn") else "conv"
    name = name.removesuffix("/bn")
    if name in BEGINNING:
        return f"{prefix}{BEGINNING[name]}.{kind}{dot}{parameter}"
    found = re.fullmatch(r"inception_(\w\w)/(\w+)", name)
    if not found:
        return path
    module, part = found.groups()
    if part == "se":
        return f"{prefix}inception{module}.se{dot}{parameter}"
    return f"{prefix}inception{module}.{inner}{PARTS[part]}.{kind}{dot}{parameter}"


TWINS = {
    "googlenet": Twin(
        "ONNX light_inception_v1, with auxiliary classifiers",
        partial(graph, "light_inception_v1.onnx", auxiliary=True),
        size=80,
        rename=renamed,
        outputs=list,
    ),
    "googlenet_bn": torchvision("googlenet", outputs=list, init_weights=False),
    "bn_inception": Twin(
        "ONNX light_inception_v2",
        partial(graph, "light_inception_v2.onnx"),
        rename=partial(renamed, prefix="features."),
    ),
    "se_inception": Twin(
        "ONNX light_inception_v2, and torchvision SqueezeExcitation",
        partial(graph, "light_inception_v2.onnx", squeeze=True),
        rename=partial(renamed, prefix="features.", inner="inception."),
    ),
    "inception_v3": torchvision("inception_v3", size=299, outputs=list, init_weights=False),
    "squeezenet1_0": torchvision("squeezenet1_0"),
    "squeezenet1_1": torchvision("squeezenet1_1"),
}
