"""Inception-v4, Inception-ResNets, Xception, DenseNets: timm's and torchvision's documentation; Keras's summary().

inception_resnet_v1, which none of them has, by hand; a convolution with batch norm has C F KH KW + 2 F parameters:

    stem                   928 + 9,280 + 18,560 + 5,280 + 138,624 + 442,880                 =    615,552
    5 blocks of figure 10  8,256 + (8,256 + 9,280) + (8,256 + 9,280 + 9,280) + 24,832 each  =    387,200
    reduction A            885,504 + (49,536 + 332,160 + 442,880)                           =  1,710,080
    10 of figure 11        114,944 + (114,944 + 114,944 + 114,944) + 230,272 each           =  6,900,480
    reduction B            3 x 229,888 + 885,504 + 3 x 590,336                              =  3,346,176
    5 of figure 13         344,448 + (344,448 + 110,976 + 110,976) + 689,920 each           =  8,003,840
    dense layer            1,792 x 1,000 + 1,000                                            =  1,793,000
"""

from zoo.facts import Facts

FACTS = {
    "inception_v4": Facts(42_679_816),
    "inception_resnet_v1": Facts(22_756_328),
    # Batch norm has 30,272 channels: 400 in the stem, 528 in mixed_5b, 10 x 240, 1,280, 20 x 672, 2,048, 10 x 864,
    # 1,536 in the last convolution. Two moving statistics for each, no scale: 55,843,464 + 60,544 - 30,272.
    "inception_resnet_v2": Facts(55_843_464, keras=55_873_736, as_keras=("statistics", "no scales")),
    # Likewise 27,264: 96 + 3 x 128 + 3 x 256 + 3 x 728, 8 x 3 x 728, 728 + 2 x 1,024, 1,536 + 2,048.
    "xception": Facts(22_855_952, keras=22_910_480, as_keras=("statistics",)),
    "densenet121": Facts(7_978_856, keras=8_062_504, as_keras=("statistics",)),
    "densenet169": Facts(14_149_480, keras=14_307_880, as_keras=("statistics",)),
    "densenet201": Facts(20_013_928, keras=20_242_984, as_keras=("statistics",)),
}
