"""The networks of the zoo and how large their pictures are."""
import fnmatch

TORCHVISION = """alexnet convnext_base convnext_large convnext_small convnext_tiny densenet121
    densenet161 densenet169 densenet201 efficientnet_b0 efficientnet_b1 efficientnet_b2
    efficientnet_b3 efficientnet_b4 efficientnet_b5 efficientnet_b6 efficientnet_b7
    efficientnet_v2_l efficientnet_v2_m efficientnet_v2_s googlenet inception_v3 maxvit_t
    mnasnet0_5 mnasnet0_75 mnasnet1_0 mnasnet1_3 mobilenet_v2 mobilenet_v3_large
    mobilenet_v3_small regnet_x_16gf regnet_x_1_6gf regnet_x_32gf regnet_x_3_2gf regnet_x_400mf
    regnet_x_800mf regnet_x_8gf regnet_y_128gf regnet_y_16gf regnet_y_1_6gf regnet_y_32gf
    regnet_y_3_2gf regnet_y_400mf regnet_y_800mf regnet_y_8gf resnet101 resnet152 resnet18
    resnet34 resnet50 resnext101_32x8d resnext101_64x4d resnext50_32x4d shufflenet_v2_x0_5
    shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0 squeezenet1_0 squeezenet1_1 swin_b
    swin_s swin_t swin_v2_b swin_v2_s swin_v2_t vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn
    vgg19 vgg19_bn vit_b_16 vit_b_32 vit_h_14 vit_l_16 vit_l_32 wide_resnet101_2
    wide_resnet50_2""".split()

# One of each family of torchvision.
TORCHVISION_SMALL = """alexnet convnext_tiny densenet121 efficientnet_b0 efficientnet_v2_s googlenet
    inception_v3 maxvit_t mnasnet0_5 mobilenet_v2 mobilenet_v3_large mobilenet_v3_small
    regnet_x_400mf regnet_y_400mf resnet18 resnet50 resnext50_32x4d shufflenet_v2_x1_0
    squeezenet1_1 swin_t swin_v2_t vgg11 vgg11_bn vit_b_32 wide_resnet50_2""".split()

TIMM = """cspdarknet53 cspresnet50 convmixer_768_32 densenetblur121d dla34 dpn68 eca_nfnet_l0
    ecaresnet50t edgenext_xx_small efficientformer_l1 ese_vovnet19b_dw fastvit_t8 gcresnet50t
    gernet_s ghostnet_100 ghostnetv2_100 hgnetv2_b0 hrnet_w18_small inception_next_tiny lcnet_050
    legacy_seresnet18 mixer_s32_224 mixnet_s mobilenetv4_conv_small mobileone_s0 nf_resnet50
    poolformer_s12 rdnet_tiny regnetz_b16 repghostnet_050 repvgg_a0 repvit_m0_9 res2net50_26w_4s
    resnest14d resnetblur50 resnetv2_50 rexnet_100 selecsls42 seresnet50 skresnet18 starnet_s1
    tf_efficientnet_b0 tf_mobilenetv3_small_075 tinynet_e tresnet_m xception41""".split()

# (family, networks, pixels): the first that fits; smaller where the network is expensive to run.
SIZES = [
    ("torchvision", "inception_v3", 128), ("torchvision", "googlenet", 96),
    ("torchvision", "regnet_?_??gf", 64), ("torchvision", "regnet_y_128gf", 64),
    ("torchvision", "regnet_?_8gf", 96), ("torchvision", "convnext_*", 96),
    ("torchvision", "efficientnet_b[3-7]", 96), ("torchvision", "efficientnet_v2_*", 96),
    ("torchvision", "wide_resnet*", 64), ("torchvision", "resnext101_*", 64),
    ("torchvision", "densenet1[69]*", 96), ("torchvision", "densenet201", 96),
    ("torchvision", "resnet1*", 96),
    ("timm", "xception41", 128), ("timm", "convmixer_*", 112), ("timm", "hrnet*", 128),
    ("timm", "poolformer_*", 96), ("timm", "cspdarknet53", 128),
]


def size(family, name):
    """Pixels a side."""
    for kind, pattern, pixels in SIZES:
        if kind == family and fnmatch.fnmatch(name, pattern):
            return pixels
    return 224
