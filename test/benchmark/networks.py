"""PyTorch's side of `npm run bench -- native`: `networks.py NETWORK BATCH SIZE FORMAT`, then as serve.ts."""

import resource
import sys
import time

import timm
import torch
import torch.nn.functional as F

NAMES = {"mobilenet_v2": "mobilenetv2_100"}
name, batch, size, layout = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), getattr(torch, sys.argv[4])
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(0)
model = timm.create_model(NAMES.get(name, name), num_classes=10).to(device, memory_format=layout)
x = (torch.rand(batch, 3, size, size) * 255).to(device).to(memory_format=layout)
mean = torch.tensor([123.675, 116.28, 103.53], device=device).view(1, 3, 1, 1)
std = torch.tensor([58.395, 57.12, 57.375], device=device).view(1, 3, 1, 1)
labels = torch.arange(batch, device=device) % 10
resnet = name.startswith("resnet")


def prefix(x):
    x = (x - mean) / std
    if resnet:
        x = model.maxpool(model.act1(model.bn1(model.conv1(x))))
        return model.layer3(model.layer2(model.layer1(x)))
    return model.blocks[:6](model.bn1(model.conv_stem(x)))


def last(x):
    return model.layer4(x) if resnet else model.bn2(model.conv_head(model.blocks[6](x)))


def whole(x):
    return model.forward_head(last(prefix(x)))


lasts = [model.layer4] if resnet else [model.blocks[6], model.conv_head, model.bn2]
head = model.get_classifier()


def sgd(parameters):
    return torch.optim.SGD(parameters, 1e-3, momentum=0.9, weight_decay=1e-4)


optimizers = {
    "all": sgd(model.parameters()),
    "last": sgd([p for m in [*lasts, head] for p in m.parameters()]),
    "head": sgd(head.parameters()),
}


def descend(which, logits):
    optimizer = optimizers[which]
    loss = F.cross_entropy(logits(), labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item()


def forward():
    model.eval()
    with torch.no_grad():
        return whole(x).sum().item()


def step():
    model.train()
    return descend("all", lambda: whole(x))


def frozen(x):
    model.eval()
    with torch.no_grad():
        return prefix(x)


cached = frozen(x)


def train_last(known=None):
    f = frozen(x) if known is None else known
    for m in lasts:
        m.train()
    return descend("last", lambda: model.forward_head(last(f)))


def probe(reuse):
    model.eval()

    def features():
        with torch.no_grad():
            return model.forward_head(last(prefix(x)), pre_logits=True)

    known = [features() for _ in range(2)] if reuse else None
    for _ in range(5):
        for i in range(2):
            f = known[i] if reuse else features()
            descend("head", lambda: head(f))


benches = {
    "forward": forward,
    "step": step,
    "last": train_last,
    "last-cached": lambda: train_last(cached),
    "probe": lambda: probe(False),
    "probe-cached": lambda: probe(True),
}
print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, {device}, {sys.argv[4]}", flush=True)
for line in sys.stdin:
    if line.strip() == "memory":
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
        continue
    began = time.perf_counter()
    benches[line.strip()]()
    print((time.perf_counter() - began) * 1000, flush=True)
