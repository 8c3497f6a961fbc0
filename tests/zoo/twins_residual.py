"""The families that came of the ResNets, as torchvision and timm define them, or put together from their parts."""

import re

from zoo.receipts import Twin


def from_torchvision(name):
    def build():
        import torchvision.models

        return getattr(torchvision.models, name)(weights=None)

    return Twin(f"torchvision {name}", build)


def from_timm(name, **options):
    def build():
        import timm

        return timm.create_model(name, **options)

    return Twin(f"timm {name}", build, rename=after_relu)


def option_a(zeros, stride):
    """Every stride-th pixel, and channels of zeros."""
    from torch import nn

    class Shortcut(nn.Module):
        def forward(self, x):
            N, C, H, W = x.shape
            y = x.new_zeros(N, C + zeros, -(-H // stride), -(-W // stride))
            y[:, :C] = x[:, :, ::stride, ::stride]
            return y

    return Shortcut()


def cifar(n):
    """torchvision's blocks."""

    def build():
        from torch import nn
        from torchvision.models.resnet import BasicBlock

        class ResNet(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
                first = (
                    BasicBlock(16, 16),
                    BasicBlock(16, 32, 2, option_a(16, 2)),
                    BasicBlock(32, 64, 2, option_a(32, 2)),
                )
                for i, block in enumerate(first, 1):
                    F = 8 * 2**i
                    setattr(self, f"layer{i}", nn.Sequential(block, *(BasicBlock(F, F) for _ in range(n - 1))))
                self.fc = nn.Linear(64, 10)

            def forward(self, x):
                x = self.layer3(self.layer2(self.layer1(self.bn1(self.conv1(x)).relu())))
                return self.fc(x.mean((2, 3)))

        return ResNet()

    return Twin("torchvision's BasicBlock, put together for the test", build, size=32, rename=shortcut)


def preact_cifar(bottlenecks):
    """timm's units."""

    def build():
        from timm.layers import BatchNormAct2d, create_conv2d
        from timm.models.resnetv2 import ResNetV2
        from torch import nn

        net = ResNetV2(
            [18, 18, 18],
            (64, 128, 256) if bottlenecks else (16, 32, 64),
            num_classes=10,
            stem_chs=16,
            basic=not bottlenecks,
            bottle_ratio=0.25 if bottlenecks else 1.0,
            conv_layer=create_conv2d,
            norm_layer=BatchNormAct2d,
        )
        net.stem = nn.Sequential()
        net.stem.add_module("conv", nn.Conv2d(3, 16, 3, padding=1, bias=False))
        if not bottlenecks:
            for stage, shortcut in zip(net.stages, (nn.Identity(), option_a(16, 2), option_a(32, 2)), strict=True):
                stage.blocks[0].downsample = shortcut
        return net

    return Twin("timm's ResNetV2 with another first layer", build, size=32, rename=after_relu)


def shortcut(name):
    return name.replace("downsample", "shortcut")


def after_relu(name):
    """What timm's ResNetV2 calls norm1 gives what is here relu1's output; its parameters are norm1's."""
    return re.sub(r"norm(\d?)$", r"relu\1", name)


TWINS = {f"resnet{6 * n + 2}": cifar(n) for n in (3, 5, 7, 9, 18)}
TWINS |= {name: from_torchvision(name) for name in ("resnext50_32x4d", "resnext101_64x4d", "resnext101_32x8d")}
TWINS |= {
    "resnext101_32x4d": from_timm("resnext101_32x4d"),
    "preact_resnet110": preact_cifar(bottlenecks=False),
    "preact_resnet164": preact_cifar(bottlenecks=True),
    "preact_resnet50": from_timm("resnetv2_50"),
    "se_resnet50": from_timm("legacy_seresnet50", drop_rate=0.0),
    "se_resnext50_32x4d": from_timm("legacy_seresnext50_32x4d", drop_rate=0.0),
    "senet154": from_timm("legacy_senet154", drop_rate=0.0),
    "mobilenet_v2": from_torchvision("mobilenet_v2"),
}
