"""LeNet to VGG: numbers of parameters from the papers, by hand where those round them."""

from zoo.facts import Facts

# conv: K*K*C*F + F, dense: C*F + F.
ALEXNET_DENSE = 9216 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 1000 + 1000
NIN = (14_592 + 30_880 + 15_456) + (460_992 + 37_056 + 37_056) + (331_968 + 37_056 + 1_930)

# All-CNN: 5x5 or 3x3 from 3 to 96, 1x1 or 3x3 from 96 to 96, 5x5 or 3x3 to 192, 1x1 or 3x3 to 192, then the head.
HEAD = (9 * 192 * 192 + 192) + (192 * 192 + 192) + (192 * 10 + 10)  # 370,954
A = (25 * 3 * 96 + 96) + (25 * 96 * 192 + 192) + HEAD
B = A + (96 * 96 + 96) + (192 * 192 + 192)
C = (9 * 3 * 96 + 96) + (9 * 96 * 96 + 96) + (9 * 96 * 192 + 192) + (9 * 192 * 192 + 192) + HEAD
MORE = (9 * 96 * 96 + 96) + (9 * 192 * 192 + 192)  # a 3x3 convolution before, or instead of, each pooling

VGG16_C = 138_357_544 - 8 * (256 * 256 + 512 * 512 + 512 * 512)  # D, with 1x1 for 3x3 in three places

FACTS = {
    "lenet5": Facts(156 + 2_416 + 48_120 + 10_164 + 850),  # 61,706
    "lenet5_1998": Facts(60_000),  # "340,908 connections, but only 60,000 trainable free parameters"
    "alexnet": Facts(60_965_224),  # Caffe's, "60 million"
    "alexnet_one_tower": Facts(61_100_840),  # torchvision
    "caffenet": Facts(60_965_224),  # Caffe
    "zfnet": Facts(14_208 + 614_656 + 885_120 + 1_327_488 + 884_992 + ALEXNET_DENSE),
    "nin": Facts(NIN),
    "cnn_a": Facts(A),  # "0.9 M" in the paper's table 3
    "strided_cnn_a": Facts(A),
    "convpool_cnn_a": Facts(A + MORE),  # "1.28 M"
    "all_cnn_a": Facts(A + MORE),
    "cnn_b": Facts(B),  # "1 M"
    "strided_cnn_b": Facts(B),
    "convpool_cnn_b": Facts(B + MORE),  # "1.35 M"
    "all_cnn_b": Facts(B + MORE),
    "cnn_c": Facts(C),  # 954,730; "1.3 M" in the paper, where the table 2 that it is made from adds up to 1.0 M
    "strided_cnn_c": Facts(C),
    "convpool_cnn_c": Facts(1_369_738),  # "1.4 M"
    "all_cnn_c": Facts(1_369_738),
    "vgg11": Facts(132_863_336),  # torchvision and the paper's "133 million", as all that follow
    "vgg11_bn": Facts(132_868_840),
    "vgg11_lrn": Facts(132_863_336),
    "vgg11_lrn_bn": Facts(132_868_840),
    "vgg13": Facts(133_047_848),
    "vgg13_bn": Facts(133_053_736),
    "vgg16_c": Facts(VGG16_C),  # "134 million"
    "vgg16_c_bn": Facts(VGG16_C + 2 * (2 * 64 + 2 * 128 + 3 * 256 + 6 * 512)),
    "vgg16": Facts(138_357_544, keras=138_357_544),
    "vgg16_bn": Facts(138_365_992),
    "vgg19": Facts(143_667_240, keras=143_667_240),
    "vgg19_bn": Facts(143_678_248),
    "deck_demo": Facts(320 + 18_496 + 4_160 + 650),
    "deck_mnist": Facts(320 + 18_496 + 73_856 + 295_168 + 1_180_160 + 1_179_904 + 32_896 + 1_290),
    "deck_cifar": Facts(1_792 + 36_928 + 73_856 + 147_584 + 295_168 + 590_080 + 590_080 + 32_896 + 1_290),
    "deck_summary": Facts(93_322),  # as the slides say
}
