"""Three small families of image classifiers, in PyTorch: plain, residual, and mobile with gates.

All take images [n, 1, 28, 28] in 0..1, pool globally before the classifier, and keep a batch
normalisation behind every convolution.
"""
from torch import nn
from torch.nn import functional as F


def convolution(inputs, outputs, size=3, stride=1, groups=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs))


class Plain(nn.Module):
    """Like VGG: pairs of convolutions with pooling between them."""

    def __init__(self, widths=(16, 32, 64)):
        super().__init__()
        layers, inputs = [], 1
        for k, width in enumerate(widths):
            if k > 0:
                layers.append(nn.MaxPool2d(2))
            for _ in range(2):
                layers += [convolution(inputs, width), nn.ReLU()]
                inputs = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(inputs, 10)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = convolution(inputs, outputs, 3, stride)
        self.second = convolution(outputs, outputs)
        self.shortcut = (
            nn.Identity() if stride == 1 and inputs == outputs
            else convolution(inputs, outputs, 1, stride))

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


class Residual(nn.Module):
    """ResNet-14: a stem and three stages of two blocks."""

    def __init__(self, widths=(16, 32, 64)):
        super().__init__()
        self.stem = convolution(1, widths[0])
        blocks, inputs = [], widths[0]
        for stage, width in enumerate(widths):
            for k in range(2):
                blocks.append(ResidualBlock(inputs, width, 2 if stage > 0 and k == 0 else 1))
                inputs = width
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(inputs, 10)

    def forward(self, x):
        return self.classifier(self.blocks(F.relu(self.stem(x))).mean((2, 3)))


class Gate(nn.Module):
    """Squeeze and excitation."""

    def __init__(self, channels, reduced):
        super().__init__()
        self.reduce = nn.Conv2d(channels, reduced, 1)
        self.expand = nn.Conv2d(reduced, channels, 1)

    def forward(self, x):
        gate = self.expand(F.relu(self.reduce(x.mean((2, 3), keepdim=True))))
        return x * gate.sigmoid()


class MobileBlock(nn.Module):
    """MBConv: expansion by four, depthwise convolution, gate, projection."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        wide = 4 * inputs
        self.body = nn.Sequential(
            convolution(inputs, wide, 1), nn.SiLU(),
            convolution(wide, wide, 3, stride, groups=wide), nn.SiLU(),
            Gate(wide, max(4, inputs // 4)),
            convolution(wide, outputs, 1))
        self.is_residual = stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.body(x)
        return x + y if self.is_residual else y


class Mobile(nn.Module):
    """Like EfficientNet: a stem of stride two, mobile blocks, then a wide 1 x 1 convolution."""

    def __init__(self, widths=(16, 24, 40), features=96):
        super().__init__()
        layers, inputs = [convolution(1, widths[0], stride=2), nn.SiLU()], widths[0]
        for stage, width in enumerate(widths):
            for k in range(2):
                layers.append(MobileBlock(inputs, width, 2 if stage > 0 and k == 0 else 1))
                inputs = width
        layers += [convolution(inputs, features, 1), nn.SiLU()]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(features, 10)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


FAMILIES = {"vgg": Plain, "resnet14": Residual, "mbconv": Mobile}
