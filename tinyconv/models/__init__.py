"""The classic architectures, one short file each, and their names."""

from __future__ import annotations

from .alexnet import AlexNet, alexnet_one_tower
from .all_cnn import (
    AllCNN,
    all_cnn_a,
    all_cnn_b,
    all_cnn_c,
    cnn_a,
    cnn_b,
    cnn_c,
    convpool_cnn_a,
    convpool_cnn_b,
    convpool_cnn_c,
    strided_cnn_a,
    strided_cnn_b,
    strided_cnn_c,
)
from .bn_inception import BNInception, bn_inception
from .caffenet import CaffeNet
from .cell_net import CellNet
from .decks import deck_cifar, deck_demo, deck_mnist, deck_summary
from .deconvnet import Deconvnet, deconvnet
from .densenet import DenseNet, densenet121, densenet169, densenet201
from .fast_rcnn import FastRCNN, fast_rcnn
from .fcn import FCN, fcn8s, fcn16s, fcn32s
from .googlenet import GoogLeNet, googlenet
from .googlenet_bn import GoogLeNetBN, googlenet_bn
from .inception_resnet import InceptionResNet, inception_resnet_v1, inception_resnet_v2
from .inception_v3 import InceptionV3, inception_v3
from .inception_v4 import InceptionV4, inception_v4
from .lenet import LeNet5
from .lenet5_1998 import lenet5_1998
from .mobilenet_v2 import MobileNetV2, mobilenet_v2
from .multi_output import MultiOutput, multi_output
from .nin import NIN
from .preact_resnet import PreActResNet, preact_resnet50, preact_resnet110, preact_resnet164
from .pspnet import PSPNet, pspnet50, pspnet101
from .registry import Card, card, create, names
from .resnet import ResNet, resnet18, resnet34, resnet50, resnet101, resnet152
from .resnet_cifar import CifarResNet, resnet20, resnet32, resnet44, resnet56, resnet110
from .resnext import resnext50_32x4d, resnext101_32x4d, resnext101_32x8d, resnext101_64x4d
from .se_inception import SEInception, se_inception
from .se_resnet import SENet, se_resnet50, se_resnext50_32x4d, senet154
from .squeezenet import SqueezeNet, squeezenet1_0, squeezenet1_1
from .vgg import VGG, vgg11, vgg11_lrn, vgg13, vgg16, vgg16_c, vgg19
from .vgg_bn import vgg11_bn, vgg11_lrn_bn, vgg13_bn, vgg16_bn, vgg16_c_bn, vgg19_bn
from .xception import Xception, xception
from .zfnet import ZFNet

__all__ = [
    "AlexNet",
    "AllCNN",
    "CaffeNet",
    "NIN",
    "VGG",
    "ZFNet",
    "alexnet_one_tower",
    "all_cnn_a",
    "all_cnn_b",
    "all_cnn_c",
    "cnn_a",
    "cnn_b",
    "cnn_c",
    "convpool_cnn_a",
    "convpool_cnn_b",
    "convpool_cnn_c",
    "deck_cifar",
    "deck_demo",
    "deck_mnist",
    "deck_summary",
    "lenet5_1998",
    "strided_cnn_a",
    "strided_cnn_b",
    "strided_cnn_c",
    "vgg11",
    "vgg11_bn",
    "vgg11_lrn",
    "vgg11_lrn_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg16_c",
    "vgg16_c_bn",
    "vgg19",
    "vgg19_bn",
    "BNInception",
    "Card",
    "CellNet",
    "CifarResNet",
    "Deconvnet",
    "DenseNet",
    "FCN",
    "FastRCNN",
    "GoogLeNet",
    "GoogLeNetBN",
    "InceptionResNet",
    "InceptionV3",
    "InceptionV4",
    "LeNet5",
    "MobileNetV2",
    "MultiOutput",
    "PSPNet",
    "PreActResNet",
    "ResNet",
    "SEInception",
    "SENet",
    "SqueezeNet",
    "Xception",
    "bn_inception",
    "card",
    "create",
    "deconvnet",
    "densenet121",
    "densenet169",
    "densenet201",
    "fast_rcnn",
    "fcn16s",
    "fcn32s",
    "fcn8s",
    "googlenet",
    "googlenet_bn",
    "inception_resnet_v1",
    "inception_resnet_v2",
    "inception_v3",
    "inception_v4",
    "mobilenet_v2",
    "multi_output",
    "names",
    "preact_resnet50",
    "preact_resnet110",
    "preact_resnet164",
    "pspnet101",
    "pspnet50",
    "resnet18",
    "resnet20",
    "resnet32",
    "resnet34",
    "resnet44",
    "resnet50",
    "resnet56",
    "resnet101",
    "resnet110",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "se_inception",
    "se_resnet50",
    "se_resnext50_32x4d",
    "senet154",
    "squeezenet1_0",
    "squeezenet1_1",
    "xception",
]
