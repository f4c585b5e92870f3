"""Reference networks in PyTorch: torchvision's own, and EfficientNet-Lite0 and the small CNN written here."""

import torch
import torch.nn.functional as F
import torchvision
from torch import nn

IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def same_conv(conv, x):
    """TensorFlow's 'same': the odd row and column of padding go below and to the right."""

    def pad(size, kernel, stride):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        return total // 2, total - total // 2

    top, bottom = pad(x.shape[2], conv.kernel_size[0], conv.stride[0])
    left, right = pad(x.shape[3], conv.kernel_size[1], conv.stride[1])
    return conv(F.pad(x, [left, right, top, bottom]))


def bn(width):
    return nn.BatchNorm2d(width, eps=1e-3, momentum=0.01)


class Block(nn.Module):
    def __init__(self, inside, width, kernel, stride, expansion):
        super().__init__()
        wide = inside * expansion
        if expansion > 1:
            self._expand_conv = nn.Conv2d(inside, wide, 1, bias=False)
            self._bn0 = bn(wide)
        self._depthwise_conv = nn.Conv2d(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = bn(wide)
        self._project_conv = nn.Conv2d(wide, width, 1, bias=False)
        self._bn2 = bn(width)
        self.expands, self.skips = expansion > 1, stride == 1 and inside == width

    def forward(self, x):
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = F.relu6(self._bn1(same_conv(self._depthwise_conv, y)))
        y = self._bn2(self._project_conv(y))
        return y + x if self.skips else y


class EfficientNetLite0(nn.Module):
    STAGES = [
        (3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3),
        (5, 1, 6, 112, 3), (5, 2, 6, 192, 4), (3, 1, 6, 320, 1),
    ]

    def __init__(self, classes, stages=7):
        super().__init__()
        self._conv_stem, self._bn0 = nn.Conv2d(3, 32, 3, 2, bias=False), bn(32)
        self._blocks, width = nn.ModuleList(), 32
        for kernel, stride, expansion, out, repeats in self.STAGES[:stages]:
            for i in range(repeats):
                self._blocks.append(Block(width, out, kernel, stride if i == 0 else 1, expansion))
                width = out
        self.whole = stages == 7
        if self.whole:
            self._conv_head, self._bn1 = nn.Conv2d(320, 1280, 1, bias=False), bn(1280)
            self._fc = nn.Linear(1280, classes)

    def forward(self, x):
        x = F.relu6(self._bn0(same_conv(self._conv_stem, x)))
        for block in self._blocks:
            x = block(x)
        return self._fc(F.relu6(self._bn1(self._conv_head(x))).mean((2, 3))) if self.whole else x


class SmallCnn(nn.Module):
    def __init__(self, classes):
        super().__init__()
        widths = [3, 32, 64, 128, 128]
        for i in range(1, 5):
            setattr(self, f"conv{i}", nn.Conv2d(widths[i - 1], widths[i], 3, padding=1, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(widths[i]))
        self.fc = nn.Linear(128, classes)

    def forward(self, x):
        for i in range(1, 5):
            x = F.max_pool2d(F.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x))), 2)
        return self.fc(x.mean((2, 3)))


def create(name, classes, stages=7):
    """The network, and what it expects of pixels 0 to 255: mean and deviation by channel."""
    if name == "efficientnet_lite0":
        return EfficientNetLite0(classes, stages), [127.0] * 3, [128.0] * 3
    if name == "small_cnn":
        return SmallCnn(classes), [127.5] * 3, [127.5] * 3
    net = getattr(torchvision.models, name)(weights=None, num_classes=classes)
    # dropout draws from PyTorch's own stream: off, the rest is compared
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    mean, std = IMAGENET
    return net, [m * 255 for m in mean], [s * 255 for s in std]
