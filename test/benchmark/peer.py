"""PyTorch's side of `npm run bench`: reads the name of a bench a line, answers with its milliseconds a line."""

import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

STAGES = [(3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3), (5, 1, 6, 112, 3), (5, 2, 6, 192, 4)]


class SameConv(nn.Conv2d):
    """TensorFlow's "same" padding; a plain convolution where it is symmetric."""

    def forward(self, x):
        k, s = self.kernel_size[0], self.stride[0]
        total = max(0, (-(-x.shape[-1] // s) - 1) * s + k - x.shape[-1])
        if total % 2 == 0:
            return F.conv2d(x, self.weight, None, s, total // 2, 1, self.groups)
        before, after = total // 2, total - total // 2
        return F.conv2d(F.pad(x, (before, after, before, after)), self.weight, None, s, 0, 1, self.groups)


def unit(cin, cout, k, s=1, groups=1, act=True):
    layers = [SameConv(cin, cout, k, s, groups=groups, bias=False), nn.BatchNorm2d(cout, 1e-3)]
    return nn.Sequential(*layers, *([nn.ReLU6(inplace=True)] if act else []))


class Block(nn.Module):
    def __init__(self, cin, cout, k, s, expand):
        super().__init__()
        mid = cin * expand
        self.body = nn.Sequential(
            *([unit(cin, mid, 1)] if expand > 1 else []), unit(mid, mid, k, s, mid), unit(mid, cout, 1, act=False)
        )
        self.skip = s == 1 and cin == cout

    def forward(self, x):
        return self.body(x) + x if self.skip else self.body(x)


class Network(nn.Module):
    """EfficientNet-Lite0 cut after stage 6, ten classes."""

    def __init__(self):
        super().__init__()
        blocks, width = [unit(3, 32, 3, 2)], 32
        for k, s, expand, out, repeats in STAGES:
            for i in range(repeats):
                blocks.append(Block(width, out, k, s if i == 0 else 1, expand))
                width = out
        self.backbone = nn.Sequential(*blocks)
        self.head = nn.Linear(width, 10)

    def features(self, x):
        return self.backbone((x - 127) / 128).mean((2, 3))

    def forward(self, x):
        return self.head(self.features(x))


torch.manual_seed(0)
images = torch.rand(20, 3, 96, 96) * 255
labels = torch.arange(20) % 10


def step_bench(memory_format):
    model = Network().eval().to(memory_format=memory_format)
    x = images.to(memory_format=memory_format)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, weight_decay=1e-4)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def probe_bench(cached, epochs=10, batches=5):
    """100 images, batch 20, the head alone by Adam: 50 steps."""
    model = Network().eval()
    data = [images + i for i in range(batches)]

    def probe():
        optimizer = torch.optim.AdamW(model.head.parameters(), 3e-3, weight_decay=1e-4)
        with torch.no_grad():
            known = [model.features(x) for x in data] if cached else None
        for _ in range(epochs):
            for i, x in enumerate(data):
                with torch.no_grad():
                    f = known[i] if cached else model.features(x)
                optimizer.zero_grad(set_to_none=True)
                loss = F.cross_entropy(model.head(f), labels)
                loss.backward()
                optimizer.step()
                loss.item()

    return probe


makers = {
    "step": lambda: step_bench(torch.contiguous_format),
    "step-channels-last": lambda: step_bench(torch.channels_last),
    "probe": lambda: probe_bench(False),
    "probe-cached": lambda: probe_bench(True),
}
made = {}
print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads", flush=True)
for line in sys.stdin:
    name = line.strip()
    if name not in made:
        made[name] = makers[name]()
    began = time.perf_counter()
    made[name]()
    print((time.perf_counter() - began) * 1000, flush=True)
