"""LeNet to VGG: torchvision's where it has the net; the others written once more in PyTorch, from the papers."""

from functools import partial

from zoo.receipts import Twin

VGG = {
    "vgg11_lrn": "3-64 L M 3-128 M 3-256 3-256 M 3-512 3-512 M 3-512 3-512 M",
    "vgg16_c": "3-64 3-64 M 3-128 3-128 M 3-256 3-256 1-256 M 3-512 3-512 1-512 M 3-512 3-512 1-512 M",
}
ALL_CNN = {  # tables 1 and 2, between the dropout of the input and that before the last three convolutions
    "cnn_a": "5-96 P D 5-192 P",
    "cnn_b": "5-96 1-96 P D 5-192 1-192 P",
    "cnn_c": "3-96 3-96 P D 3-192 3-192 P",
    "strided_cnn_a": "5-96/2 D 5-192/2",
    "strided_cnn_b": "5-96 1-96/2 D 5-192 1-192/2",
    "strided_cnn_c": "3-96 3-96/2 D 3-192 3-192/2",
    "convpool_cnn_a": "5-96 3-96 P D 5-192 3-192 P",
    "convpool_cnn_b": "5-96 1-96 3-96 P D 5-192 1-192 3-192 P",
    "convpool_cnn_c": "3-96 3-96 3-96 P D 3-192 3-192 3-192 P",
    "all_cnn_a": "5-96 3-96/2 D 5-192 3-192/2",
    "all_cnn_b": "5-96 1-96 3-96/2 D 5-192 1-192 3-192/2",
    "all_cnn_c": "3-96 3-96 3-96/2 D 3-192 3-192 3-192/2",
}
DECKS = {
    "deck_demo": (1, 28, "3-32 M 3-64 M G =64 D =10. D"),
    "deck_mnist": (1, 28, "v3-32 M D 3-64 M D 3-128 M D 3-256 D 3-512 D F4608 =256 D =128 D =10."),
    "deck_cifar": (3, 32, "v3-64 v3-64 M D 3-128 3-128 M D 3-256 3-256 M D F2304 =256 D =128 D =10."),
    "deck_summary": (1, 28, "v3-32 M v3-64 M v3-64 F576 =64 =10."),
}


def row(text, C, batch_norm=False):
    """Layers in a row, in PyTorch.

    3-96    3x3 convolution with 96 filters that keeps the size, and ReLU; 3-96/2 with stride 2; v3-96 without padding
    =64     dense layer and ReLU; "=10." without
    M, P    max pooling, 2x2, or 3x3 with stride 2 that rounds up
    L, D    local response normalisation; dropout
    G, F99  mean over the picture; a picture as 99 numbers
    """
    import torch.nn as t

    layers = []
    for word in text.split():
        kind, rest = word[0], word[1:]
        if kind in "MPLDGF":
            C = int(rest) if kind == "F" else C
            layers.append(
                {
                    "M": t.MaxPool2d(2),
                    "P": t.MaxPool2d(3, 2, ceil_mode=True),
                    "L": t.LocalResponseNorm(5, 5e-4, 0.75, 2.0),
                    "D": t.Dropout(),
                    "G": t.Sequential(t.AdaptiveAvgPool2d(1), t.Flatten()),
                    "F": t.Flatten(),
                }[kind]
            )
        elif kind == "=":
            F = int(rest.rstrip("."))
            layers += [t.Linear(C, F)] if rest.endswith(".") else [t.Linear(C, F), t.ReLU()]
            C = F
        else:
            K, _, filters = word.lstrip("v").partition("-")
            F, _, stride = filters.partition("/")
            padding = 0 if kind == "v" else int(K) // 2
            layers.append(t.Conv2d(C, int(F), int(K), int(stride or 1), padding))
            layers += [t.BatchNorm2d(int(F)), t.ReLU()] if batch_norm else [t.ReLU()]
            C = int(F)
    return t.Sequential(*layers)


def named(**parts):
    from torch.nn import Sequential

    net = Sequential()
    for name, part in parts.items():
        net.add_module(name, part)
    return net


def chain(features, pixels, classifier):
    import torch.nn as t

    return named(features=features, avgpool=t.AdaptiveAvgPool2d(pixels), flatten=t.Flatten(), classifier=classifier)


def torchvision(name):
    """Its net with dense layers of 32: the rest of 4096 x 25,088 weights would say nothing more."""

    def build():
        import torch.nn as t
        import torchvision.models

        net = getattr(torchvision.models, name)(weights=None)
        dense = [i for i, layer in enumerate(net.classifier) if isinstance(layer, t.Linear)]
        for i, C, F in zip(dense, (net.classifier[dense[0]].in_features, 32, 32), (32, 32, 10), strict=True):
            net.classifier[i] = t.Linear(C, F)
        return net

    return build


def vgg(name):
    features = row(VGG[name.removesuffix("_bn")], 3, batch_norm=name.endswith("_bn"))
    return chain(features, 7, row("=32 D =32 D =10.", 512 * 7 * 7))


def all_cnn(name):
    return row(f"D {ALL_CNN[name]} D v3-192 1-192 1-10 G", 3)


def alexnet(pool_first, groups, first, second, **normalisation):
    """AlexNet, CaffeNet and ZFNet: the first two windows differ, groups, the order of pooling and normalisation."""
    import torch.nn as t

    parts, C = {}, 3
    for i, (F, layer) in enumerate(((96, first), (256, second), (384, {}), (384, {}), (256, {})), start=1):
        split = groups if i in (2, 4, 5) else 1
        parts[f"conv{i}"] = t.Conv2d(C, F, **(layer or {"kernel_size": 3, "padding": 1}), groups=split)
        parts[f"relu{i}"] = t.ReLU()
        after = {f"norm{i}": t.LocalResponseNorm(5, **normalisation)} if i < 3 else {}
        if i in (1, 2, 5):
            pool = {f"pool{i}": t.MaxPool2d(3, 2, ceil_mode=True)}
            after = pool | after if pool_first else after | pool
        parts |= after
        C = F
    dense = {"fc6": t.Linear(9216, 32), "relu6": t.ReLU(), "drop6": t.Dropout(), "fc7": t.Linear(32, 32)}
    dense |= {"relu7": t.ReLU(), "drop7": t.Dropout(), "fc8": t.Linear(32, 10)}
    return chain(named(**parts), 6, named(**dense))


FIRST, SECOND = dict(kernel_size=11, stride=4), dict(kernel_size=5, padding=2)
BIG = {
    "alexnet": partial(alexnet, False, 2, FIRST, SECOND, alpha=5e-4, k=2.0),
    "caffenet": partial(alexnet, True, 2, FIRST, SECOND, alpha=1e-4, k=1.0),
    "zfnet": partial(
        *(alexnet, True, 1, dict(kernel_size=7, stride=2, padding=1), dict(kernel_size=5, stride=2)),
        **dict(alpha=5e-4, k=2.0),
    ),
}


def nin():
    import torch.nn as t

    def convolution(C, F, K, name, relu):
        return {name: t.Conv2d(C, F, K, padding=K // 2), relu: t.ReLU()}

    def mlpconv(i, C, K, widths):
        parts = convolution(C, 192, K, f"conv{i}", f"relu{i}")
        for j, (c, f) in enumerate(zip((192, widths[0]), widths, strict=True), start=2 * i - 1):
            parts |= convolution(c, f, 1, f"cccp{j}", f"relu_cccp{j}")
        pool = {f"pool{i}": t.MaxPool2d(3, 2, ceil_mode=True), f"drop{i}": t.Dropout()}
        return parts | (pool if i < 3 else {"mean": t.Sequential(t.AdaptiveAvgPool2d(1), t.Flatten())})

    return named(**mlpconv(1, 3, 5, (160, 96)), **mlpconv(2, 96, 5, (192, 192)), **mlpconv(3, 192, 3, (192, 10)))


def lenet5():
    import torch.nn as t

    features = t.Sequential(
        *(t.Conv2d(1, 6, 5, padding=2), t.Tanh(), t.AvgPool2d(2), t.Conv2d(6, 16, 5), t.Tanh(), t.AvgPool2d(2))
    )
    dense = (t.Linear(400, 120), t.Tanh(), t.Linear(120, 84), t.Tanh(), t.Linear(84, 10))
    return named(features=features, classifier=t.Sequential(t.Flatten(), *dense))


def lenet5_1998():
    import torch
    import torch.nn as t

    class Weights(t.Module):
        def __init__(self, weight, bias):
            super().__init__()
            self.weight, self.bias = t.Parameter(torch.empty(weight)), t.Parameter(torch.empty(bias))

    class Subsampling(Weights):
        def forward(self, x):
            four = x[..., ::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, ::2] + x[..., 1::2, 1::2]
            return self.weight[:, None, None] * four + self.bias[:, None, None]

    class C3(Weights):
        """A convolution for each map, of the maps of S2 that it sees: three, four, or all."""

        sees = ("012 123 234 345 045 015", "0123 1234 2345 0345 0145 0125 0134 1245 0235", "012345")

        def forward(self, x):
            maps, first = [], 0
            for f, word in enumerate(" ".join(self.sees).split()):
                inputs = [int(c) for c in word]
                w = self.weight[first : first + len(inputs)]
                maps.append(t.functional.conv2d(x[:, inputs], w[None], self.bias[f : f + 1]))
                first += len(inputs)
            return torch.cat(maps, 1)

    class RBF(t.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("weight", torch.empty(10, 84))

        def forward(self, x):
            return torch.cdist(x, self.weight) ** 2

    class Net(t.Module):
        def __init__(self):
            super().__init__()
            self.c1, self.s2 = t.Conv2d(1, 6, 5), Subsampling(6, 6)
            self.c3, self.s4 = C3((60, 5, 5), 16), Subsampling(16, 16)
            self.c5, self.f6, self.output = t.Conv2d(16, 120, 5), t.Linear(120, 84), RBF()

        def forward(self, x):
            for layer in (self.c1, self.s2, self.c3, self.s4, self.c5, t.Flatten(), self.f6):
                x = layer(x)
                x = x if isinstance(layer, t.Flatten) else 1.7159 * torch.tanh(2 / 3 * x)
            return -self.output(x)

    return Net()


TENS = {"num_classes": 10, "hidden": 32}
OURS = "PyTorch, in tests/zoo/twins_classic.py"
TWINS = {
    "lenet5": Twin(OURS, lenet5, size=28),
    "lenet5_1998": Twin(OURS, lenet5_1998, size=32),
    "alexnet_one_tower": Twin("torchvision alexnet", torchvision("alexnet"), TENS, size=96),
    **{name: Twin(OURS, build, TENS, size=99) for name, build in BIG.items()},
    "nin": Twin(OURS, nin, size=16),
    **{name: Twin(OURS, partial(all_cnn, name), size=16) for name in ALL_CNN},
    **{
        f"vgg{d}{bn}": Twin(f"torchvision vgg{d}{bn}", torchvision(f"vgg{d}{bn}"), TENS, size=64 if bn else 32)
        for d in (11, 13, 16, 19)
        for bn in ("", "_bn")
    },
    **{
        name + bn: Twin(OURS, partial(vgg, name + bn), TENS, size=64 if bn else 32)  # of one pixel, no batch norm
        for name in VGG
        for bn in ("", "_bn")
    },
    **{name: Twin(OURS, partial(row, text, C), size=size) for name, (C, size, text) in DECKS.items()},
}
