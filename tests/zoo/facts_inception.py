"""Inception networks, SqueezeNets: torchvision's documentation, ONNX's graphs of Caffe's nets, Keras's model.summary().

GoogLeNet, by hand from table 1, with a bias for every filter; its authors say "about 6.8 million", Caffe's has as many:

    conv1 9,472   conv2 4,160   conv3 110,784   3a 163,696   3b 388,736   4a 376,176   4b 449,160   4c 510,104
    4d 605,376    4e 868,352    5a 1,043,456    5b 1,444,080    linear 1,025,000                 together 6,998,552

and on the sides 512 x 128 + 128, 528 x 128 + 128, twice 2048 x 1024 + 1024 and 1024 x 1000 + 1000: 6,379,728.

BN-Inception, from ONNX's graph: 11,174,080 weights of convolutions and the last layer, whose biases are 1000; and two
numbers for each of 9,952 channels. An SE block has 2 C^2/16 + C/16 + C: 8,464 for 256 channels, 13,140 for 320, 42,084
for 576 (5 of them), 132,160 for 1024 (3): 628,504.
"""

from zoo.facts import Facts

FACTS = {
    "googlenet": Facts(6_998_552 + 6_379_728),
    "googlenet_bn": Facts(13_004_888),
    "bn_inception": Facts(11_174_080 + 1_000 + 2 * 9_952),
    "se_inception": Facts(11_194_984 + 628_504),
    "inception_v3": Facts(
        23_834_568, keras=23_851_784, as_keras=("statistics", "no scales"), options={"aux_logits": False}
    ),
    "squeezenet1_0": Facts(1_248_424),
    "squeezenet1_1": Facts(1_235_496),
}
