"""Inception-v4, Inception-ResNet-v2 and Xception as timm defines them, DenseNets as torchvision does.

The names are the same; what timm calls "bn" in the Inceptions has ReLU in it, and gives what our "relu" gives.
inception_resnet_v1, which neither has, is written here once more, in PyTorch.
"""

import re
from collections import OrderedDict

from zoo.receipts import Twin


def timm(name, **options):
    def build():
        import timm

        return timm.create_model(name, pretrained=False)

    return Twin(f"timm {name}", build, **options)


def torchvision(name):
    def build():
        import torchvision.models

        return getattr(torchvision.models, name)(weights=None)

    return Twin(f"torchvision {name}", build)


def relu_for_bn(name):
    return re.sub(r"\bbn$", "relu", name)


def inception_resnet_v1():
    import torch
    from torch import nn

    def conv(C, F, rows, columns, stride=1, padding=(0, 0)):
        conv = nn.Conv2d(C, F, (rows, columns), stride, padding, bias=False)
        return nn.Sequential(OrderedDict(conv=conv, bn=nn.BatchNorm2d(F, eps=1e-3), relu=nn.ReLU()))

    class Branches(nn.Module):
        def __init__(self, **branches):
            super().__init__()
            for name, branch in branches.items():
                self.add_module(name, branch)
            self.count = len(branches)

        def forward(self, x):
            return torch.cat([getattr(self, f"branch{i}")(x) for i in range(self.count)], 1)

    class Residual(Branches):
        def __init__(self, C, F, scale, **branches):
            super().__init__(**branches)
            self.conv2d, self.scale = nn.Conv2d(F, C, 1), scale

        def forward(self, x):
            return torch.relu(x + self.scale * self.conv2d(super().forward(x)))

    def a():
        one, two = conv(32, 32, 3, 3, padding=1), [conv(32, 32, 3, 3, padding=1) for _ in range(2)]
        first = [conv(256, 32, 1, 1) for _ in range(3)]
        branches = dict(branch1=nn.Sequential(first[1], one), branch2=nn.Sequential(first[2], *two))
        return Residual(256, 96, 0.17, branch0=first[0], **branches)

    def b():
        long = conv(896, 128, 1, 1), conv(128, 128, 1, 7, padding=(0, 3)), conv(128, 128, 7, 1, padding=(3, 0))
        return Residual(896, 256, 0.10, branch0=conv(896, 128, 1, 1), branch1=nn.Sequential(*long))

    def c():
        long = conv(1792, 192, 1, 1), conv(192, 192, 1, 3, padding=(0, 1)), conv(192, 192, 3, 1, padding=(1, 0))
        return Residual(1792, 384, 0.20, branch0=conv(1792, 192, 1, 1), branch1=nn.Sequential(*long))

    reduction_a = Branches(
        branch0=conv(256, 384, 3, 3, 2),
        branch1=nn.Sequential(conv(256, 192, 1, 1), conv(192, 192, 3, 3, padding=1), conv(192, 256, 3, 3, 2)),
        branch2=nn.MaxPool2d(3, 2),
    )
    reduction_b = Branches(
        branch0=nn.Sequential(conv(896, 256, 1, 1), conv(256, 384, 3, 3, 2)),
        branch1=nn.Sequential(conv(896, 256, 1, 1), conv(256, 256, 3, 3, 2)),
        branch2=nn.Sequential(conv(896, 256, 1, 1), conv(256, 256, 3, 3, padding=1), conv(256, 256, 3, 3, 2)),
        branch3=nn.MaxPool2d(3, 2),
    )
    return nn.Sequential(
        OrderedDict(
            conv2d_1a=conv(3, 32, 3, 3, 2),
            conv2d_2a=conv(32, 32, 3, 3),
            conv2d_2b=conv(32, 64, 3, 3, padding=1),
            maxpool_3a=nn.MaxPool2d(3, 2),
            conv2d_3b=conv(64, 80, 1, 1),
            conv2d_4a=conv(80, 192, 3, 3),
            conv2d_4b=conv(192, 256, 3, 3, 2),
            repeat=nn.Sequential(*(a() for _ in range(5))),
            mixed_6a=reduction_a,
            repeat_1=nn.Sequential(*(b() for _ in range(10))),
            mixed_7a=reduction_b,
            repeat_2=nn.Sequential(*(c() for _ in range(5))),
            mean=nn.AdaptiveAvgPool2d(1),
            flat=nn.Flatten(),
            classif=nn.Linear(1792, 1000),
        )
    )


# Last pictures of 2x2 pixels: with one pixel and two pictures, batch norm gives -1 and 1, whatever comes in.
TWINS = {
    "inception_v4": timm("inception_v4", size=139, rename=relu_for_bn),
    "inception_resnet_v1": Twin("written out in PyTorch", inception_resnet_v1, size=107),
    "inception_resnet_v2": timm("inception_resnet_v2", size=107, rename=relu_for_bn),
    "xception": timm("legacy_xception"),
    **{name: torchvision(name) for name in ("densenet121", "densenet169", "densenet201")},
}
