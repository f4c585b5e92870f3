"""Fine-tunes the tiny network of test/unit/train/fixture.ts in float64. Cases as JSON on stdin, results on stdout.

A case: `parameters` (shape, data, role, pretrained, trained; our layouts: HWIO, HWC1, [in, out]), `batches`
[step][micro batch] of NHWC pixels and labels, `batchNorm`, `optimizer`, `schedule` (warm-up share of a cosine),
`l2sp` (alpha, beta, decoupled) or null.
"""
import json
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
EPSILON, MOMENTUM = 1e-5, 0.1


def same(x, kernel, stride):
    """TensorFlow's padding, more at the end than at the start."""
    size = x.shape[2]
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return F.pad(x, (total // 2, total - total // 2) * 2)


class Net:
    def __init__(self, parameters):
        self.values = {}
        for name, p in parameters.items():
            value = torch.tensor(p["data"], dtype=torch.float64).reshape(p["shape"])
            if p["role"] == "kernel" and len(p["shape"]) == 4:
                value = value.permute(2, 3, 0, 1) if ".dw." in name else value.permute(3, 2, 0, 1)
            self.values[name] = value.clone().requires_grad_(p["trained"])

    def conv(self, x, name, stride=1):
        w = self.values[f"{name}.weight"]
        groups = x.shape[1] if ".dw." in name else 1
        return F.conv2d(same(x, w.shape[2], stride), w, stride=stride, groups=groups)

    def norm(self, x, name, mode, trained):
        v = self.values
        batch = mode == "train" and trained[f"{name}.bn.weight"]
        y = F.batch_norm(
            x, v[f"{name}.bn.running_mean"], v[f"{name}.bn.running_var"], v[f"{name}.bn.weight"],
            v[f"{name}.bn.bias"], batch, MOMENTUM, EPSILON,
        )
        return F.relu(y)

    def logits(self, images, mode, trained):
        x = (images.permute(0, 3, 1, 2) - 127.5) / 127.5
        x = self.norm(self.conv(x, "stem.conv"), "stem", mode, trained)
        x = self.norm(self.conv(x, "a.conv", 2), "a", mode, trained)
        x = self.norm(self.conv(x, "b.dw.conv", 2), "b.dw", mode, trained)
        x = self.norm(self.conv(x, "b.pw.conv"), "b.pw", mode, trained)
        x = x + self.norm(self.conv(x, "c.conv"), "c", mode, trained)
        return x.mean((2, 3)) @ self.values["head.weight"] + self.values["head.bias"]

    def in_our_layout(self, parameters):
        result = {}
        for name, value in self.values.items():
            if parameters[name]["role"] == "kernel" and value.dim() == 4:
                value = value.permute(2, 3, 0, 1) if ".dw." in name else value.permute(2, 3, 1, 0)
            result[name] = value.detach().flatten().tolist()
        return result


def make_optimizer(o, groups):
    if o["name"] == "sgd":
        return torch.optim.SGD(groups, lr=1, momentum=o["momentum"], nesterov=o["nesterov"])
    kind = torch.optim.Adam if o["name"] == "adam" else torch.optim.AdamW
    return kind(groups, lr=1, betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])


def run(case):
    info, o, l2sp, steps = case["parameters"], case["optimizer"], case["l2sp"], len(case["batches"])
    net = Net(info)
    trained = {name: p["trained"] for name, p in info.items()}
    learns = [name for name in info if trained[name]]
    start = {name: net.values[name].detach().clone() for name in learns}
    decay = 0 if l2sp else o["weightDecay"]
    groups = [
        {"params": [net.values[n] for n in learns if info[n]["pretrained"] == old], "lr": rate, "weight_decay": decay}
        for old, rate in ((True, o["rate"]), (False, o["headRate"]))
    ]
    optimizer = make_optimizer(o, [g for g in groups if g["params"]])
    warm = round(case["schedule"]["warmup"] * steps)
    rise = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / warm, total_iters=max(1, warm - 1))
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps - warm)
    schedule = torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, fall], milestones=[warm])

    def distance(name):
        """Strength and offset of L2-SP for a kernel."""
        old = info[name]["pretrained"]
        return (l2sp["alpha"], net.values[name] - start[name]) if old else (l2sp["beta"], net.values[name])

    kernels = [n for n in learns if info[n]["role"] == "kernel"]
    losses = []
    for micro in case["batches"]:
        optimizer.zero_grad(set_to_none=True)
        total = 0
        for batch in micro:
            images = torch.tensor(batch["images"], dtype=torch.float64).reshape(batch["shape"])
            loss = F.cross_entropy(net.logits(images, case["batchNorm"], trained), torch.tensor(batch["labels"]))
            if l2sp and not l2sp["decoupled"]:
                loss = loss + sum(s / 2 * d.square().sum() for s, d in map(distance, kernels))
            (loss / len(micro)).backward()
            total += loss.item() / len(micro)
        losses.append(total)
        if o["clipNorm"] is not None:
            torch.nn.utils.clip_grad_norm_([net.values[n] for n in learns], o["clipNorm"])
        pulls = {}
        if l2sp and l2sp["decoupled"]:
            pulls = {n: s * d.detach() for n in kernels for s, d in [distance(n)]}
        rates = {old: g["lr"] for g, old in zip(optimizer.param_groups, (True, False))}
        if not any(info[n]["pretrained"] for n in learns):
            rates = {False: optimizer.param_groups[0]["lr"]}
        optimizer.step()
        with torch.no_grad():
            for n, pull in pulls.items():
                net.values[n] -= rates[info[n]["pretrained"]] * pull
        schedule.step()
    return {"losses": losses, "values": net.in_our_layout(info)}


json.dump([run(case) for case in json.load(sys.stdin)], sys.stdout)
