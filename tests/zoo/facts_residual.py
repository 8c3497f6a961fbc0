"""The families that came of the ResNets.

torchvision's documentation (ResNeXt, MobileNetV2), timm's (SENets, resnetv2_50), Keras's model.summary(), and by hand:

CIFAR ResNets, of 6n + 2 layers: 0.27, 0.46, 0.66, 0.85 and 1.7 million in the paper's table 6
    first convolution 432 + 32, dense layer 650
    stage 1:    n (2 * 16*16*9 + 2 * 32)                                                    4,672 n
    stage 2:    n (2 * 32*32*9 + 2 * 64)  - 16*32*9  (its first convolution sees 16)         18,560 n - 4,608
    stage 3:    n (2 * 64*64*9 + 2 * 128) - 32*64*9                                          73,984 n - 18,432
    together    97,216 n - 21,926
Pre-activation, 110 layers: the same convolutions, and a batch norm for each that is elsewhere; n = 18.
Pre-activation, 164 layers: bottlenecks of 4,544, 17,792 and 70,400; 1.7 million in the paper
    stage 1:    18 * 4,544  - 48*16 (conv1 sees 16, not 64)    - 2*48 + 16*64   (shortcut)   81,952
    stage 2:    18 * 17,792 - 64*32                            - 2*64 + 64*128              326,272
    stage 3:    18 * 70,400 - 128*64                           - 2*128 + 128*256          1,291,520
    first convolution 432, last batch norm 512, dense layer 2,570
SE-ResNets: what squeeze and excitation adds to a block of C channels is 2 C C/16 + C/16 + C:
    3 * 8,464 + 4 * 33,312 + 6 * 132,160 + 3 * 526,464 = 2,530,992
"""

from zoo.facts import Facts

SQUEEZE_AND_EXCITATION = 2_530_992

FACTS = {
    "resnet20": Facts(269_722),
    "resnet32": Facts(464_154),
    "resnet44": Facts(658_586),
    "resnet56": Facts(853_018),
    "resnet110": Facts(1_727_962),
    "preact_resnet110": Facts(1_727_962),
    "preact_resnet164": Facts(81_952 + 326_272 + 1_291_520 + 432 + 512 + 2_570),
    "preact_resnet50": Facts(25_549_352),
    "resnext50_32x4d": Facts(25_028_904, keras=25_097_128, as_keras=("statistics",)),
    "resnext101_32x4d": Facts(44_177_704, keras=44_315_560, as_keras=("statistics",)),
    "resnext101_64x4d": Facts(83_455_272),
    "resnext101_32x8d": Facts(88_791_336),
    "se_resnet50": Facts(25_557_032 + SQUEEZE_AND_EXCITATION),
    "se_resnext50_32x4d": Facts(25_028_904 + SQUEEZE_AND_EXCITATION),
    "senet154": Facts(115_088_984),
    "mobilenet_v2": Facts(3_504_872),
}
