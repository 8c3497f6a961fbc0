"""Nets beyond classification, and the one for cells: counted by hand from their papers' widths.

VGG's column D has 14,714,688 parameters in its convolutions and, read as convolutions or not, 512 x 49 x 4096 + 4096 =
102,764,544 and 4096 x 4096 + 4096 = 16,781,312 in its first two dense layers: 134,260,544 (FCN's table 1: 134M).

    fcn32s      score 4096 x 21 + 21 = 86,037
    fcn16s      also score4 512 x 21 + 21 = 10,773, upscore5 21 x 21 x 16 = 7,056
    fcn8s       also score3 256 x 21 + 21 = 5,397, upscore4 7,056
    fast_rcnn   cls_score 4096 x 21 + 21 = 86,037, bbox_pred 4096 x 80 + 80 = 327,760

    pspnet50    ResNet-50 without its dense layer 25,557,032 - 2,049,000 = 23,508,032
                four times 1x1, 2048 to 512, and batch norm: 4 x (1,048,576 + 1,024) = 4,198,400
                3x3, 4096 to 512, and batch norm: 18,874,368 + 1,024; then 512 x 150 + 150 = 76,950
                auxiliary: 3x3, 1024 to 256, and batch norm: 2,359,296 + 512; then 256 x 150 + 150 = 38,550
    pspnet101   ResNet-101 has 44,549,160 - 25,557,032 = 18,992,128 more

    deconvnet   ZFNet's convolutions: 96 x 3 x 49 + 96, 256 x 96 x 25 + 256, 384 x 256 x 9 + 384, 384 x 384 x 9 + 384,
                256 x 384 x 9 + 256
    multi_output  (3 x 32 + 32 x 64 + 64 x 128 + 128 x 256) x 9 + 2 x (32 + 64 + 128 + 256) = 388,896, and
                heads of 256 x 4 + 4, twice, and 256 x 2 + 2
    cellnet     48 x 25 + 48, 128 x 48 x 25 + 128, 192 x 128 x 9 + 192, 192 x 192 x 9 + 192, 128 x 192 x 9 + 128:
                929,632; then 6272 x 512 + 512, 512 x 512 + 512, 512 x 2 + 2
"""

from zoo.facts import Facts

PSPNET50 = 23_508_032 + 4_198_400 + 18_874_368 + 1_024 + 76_950 + 2_359_296 + 512 + 38_550

FACTS = {
    "fcn32s": Facts(134_260_544 + 86_037),
    "fcn16s": Facts(134_260_544 + 86_037 + 10_773 + 7_056),
    "fcn8s": Facts(134_260_544 + 86_037 + 10_773 + 7_056 + 5_397 + 7_056),
    "fast_rcnn": Facts(134_260_544 + 86_037 + 327_760),
    "pspnet50": Facts(PSPNET50),
    "pspnet101": Facts(PSPNET50 + 18_992_128),
    "deconvnet": Facts(14_208 + 614_656 + 885_120 + 1_327_488 + 884_992),
    "multi_output": Facts(388_896 + 1_028 + 1_028 + 514),
    "cellnet": Facts(929_632 + 3_211_776 + 262_656 + 1_026),
}
