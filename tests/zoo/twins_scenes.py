"""Nets for scenes, put together in PyTorch of torchvision's backbones, and the net for cells."""

from zoo.receipts import Twin


def pspnet(blocks):
    """torchvision's dilated ResNet, and the rest in plain PyTorch."""

    def build():
        import torch
        from torch import nn
        from torch.nn.functional import interpolate
        from torchvision.models._utils import IntermediateLayerGetter
        from torchvision.models.resnet import Bottleneck, ResNet

        class Pyramid(nn.Module):
            def __init__(self):
                super().__init__()
                self.levels = nn.ModuleList()
                for b in (1, 2, 3, 6):
                    conv = nn.Conv2d(2048, 512, 1, bias=False)
                    self.levels.append(nn.Sequential(nn.AdaptiveAvgPool2d(b), conv, nn.BatchNorm2d(512), nn.ReLU()))

            def forward(self, x):
                ys = [interpolate(f(x), x.shape[2:], mode="bilinear", align_corners=True) for f in self.levels]
                return torch.cat([x, *ys], 1)

        def head(C, M, K):
            conv = nn.Conv2d(C, M, 3, padding=1, bias=False)
            return [conv, nn.BatchNorm2d(M), nn.ReLU(), nn.Dropout(0.1), nn.Conv2d(M, K, 1)]

        class PSPNet(nn.Module):
            def __init__(self):
                super().__init__()
                net = ResNet(Bottleneck, blocks, replace_stride_with_dilation=[False, True, True])
                self.backbone = IntermediateLayerGetter(net, {"layer3": "aux", "layer4": "out"})
                self.classifier = nn.Sequential(Pyramid(), *head(4096, 512, 7))
                self.aux_classifier = nn.Sequential(*head(1024, 256, 7))

            def forward(self, x):
                found = self.backbone(x)
                scores = self.classifier(found["out"]), self.aux_classifier(found["aux"])
                return [interpolate(s, x.shape[2:], mode="bilinear", align_corners=True) for s in scores]

        return PSPNet()

    return Twin(
        "torchvision's dilated ResNet, put together for the test",
        build,
        {"num_classes": 7},
        size=41,
        outputs=lambda ys: ys,
    )


def fcn(stride):
    """torchvision's VGG-16, and the rest in plain PyTorch."""

    def build():
        from torch import nn
        from torch.nn.functional import interpolate
        from torchvision.models import vgg16

        K = 5

        class FCN(nn.Module):
            def __init__(self):
                super().__init__()
                self.features = vgg16(weights=None).features
                self.fc6, self.fc7, self.score = (
                    nn.Conv2d(512, 64, 7, padding=3),
                    nn.Conv2d(64, 64, 1),
                    nn.Conv2d(64, K, 1),
                )
                if stride <= 16:
                    self.upscore5, self.score4 = nn.ConvTranspose2d(K, K, 4, 2, 1, bias=False), nn.Conv2d(512, K, 1)
                if stride == 8:
                    self.upscore4, self.score3 = nn.ConvTranspose2d(K, K, 4, 2, 1, bias=False), nn.Conv2d(256, K, 1)

            def forward(self, x):
                pool3 = self.features[:17](x)
                pool4 = self.features[17:24](pool3)
                y = self.score(self.fc7(self.fc6(self.features[24:](pool4)).relu()).relu())
                if stride <= 16:
                    y = self.upscore5(y, output_size=pool4.shape[2:]) + self.score4(pool4)
                if stride == 8:
                    y = self.upscore4(y, output_size=pool3.shape[2:]) + self.score3(pool3)
                return interpolate(y, x.shape[2:], mode="bilinear")

        return FCN()

    def rename(name):
        return f"dense.{name}" if name.startswith("fc") else name

    source = "torchvision's VGG-16, put together for the test"
    return Twin(source, build, {"num_classes": 5, "hidden": 64}, size=72, rename=rename)


def cellnet():
    def build():
        from torch import nn

        net = nn.Sequential()
        pool = [nn.ReLU(), nn.MaxPool2d(3, 2)]
        net.features = nn.Sequential(
            *(nn.Conv2d(1, 48, 5, padding=2), *pool, nn.Conv2d(48, 128, 5, padding=2), *pool),
            *(nn.Conv2d(128, 192, 3, padding=1), nn.ReLU(), nn.Conv2d(192, 192, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(192, 128, 3, padding=1), *pool),
        )
        dense = nn.Linear(6272, 512), nn.ReLU(), nn.Dropout(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 2)
        net.classifier = nn.Sequential(nn.Flatten(), nn.Dropout(), *dense)
        return net

    return Twin("PyTorch's layers, put together for the test", build)


TWINS = {"pspnet50": pspnet([3, 4, 6, 3]), "pspnet101": pspnet([3, 4, 23, 3]), "cellnet": cellnet()}
TWINS |= {"fcn32s": fcn(32), "fcn16s": fcn(16), "fcn8s": fcn(8)}
