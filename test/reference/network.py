"""Outputs, gradients and running statistics of a network in float64.

network.py FOLDER '{"model", "size", "batch", "classes", "stages"?, "weights"?}'
Writes weights.safetensors (unless given) and expected.safetensors into FOLDER.
"""

import json
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import network_files as files
import network_models as models

torch.manual_seed(5)
torch.set_num_threads(1)
folder, job = sys.argv[1], json.loads(sys.argv[2])
net, mean, std = models.create(job["model"], job["classes"], job.get("stages", 7))
size, batch = job["size"], job["batch"]
pixels = torch.from_numpy(np.random.default_rng(5).integers(0, 256, (batch, size, size, 3)).astype(np.float32))
# smooth pictures: noise alone leaves deep layers with nothing to tell apart
pixels = F.avg_pool2d(pixels.permute(0, 3, 1, 2), 5, 1, 2, count_include_pad=False)
x = ((pixels.double().permute(0, 2, 3, 1) - torch.tensor(mean).double()) / torch.tensor(std).double()).permute(0, 3, 1, 2)
norms = [(name, m) for name, m in net.named_modules() if isinstance(m, nn.BatchNorm2d)]

if "weights" in job:
    net.load_state_dict(files.load(job["weights"]), strict=False)
else:
    with torch.no_grad():
        for _, m in norms:
            m.weight.uniform_(0.5, 1.5)
            m.bias.uniform_(-0.5, 0.5)
        # running statistics that fit, as a trained network's do
        momenta = [m.momentum for _, m in norms]
        for _, m in norms:
            m.momentum = 1.0
        net.train()(x.float())
        for (_, m), momentum in zip(norms, momenta):
            m.momentum = momentum
            m.running_mean.mul_(0.9)
            m.running_var.mul_(1.1)
    files.save(f"{folder}/weights.safetensors", net.state_dict())

net.double()
initial = {name: value.clone() for name, value in net.state_dict().items()}
labels = torch.arange(batch) % job["classes"]
out = {"pixels": pixels.permute(0, 2, 3, 1).contiguous(), "labels": labels}
with torch.no_grad():
    out["output"] = net.eval()(x)
    if out["output"].dim() == 4:
        out["output"] = out["output"].permute(0, 2, 3, 1).contiguous()


def trains(mode, index):
    """Which batch norms use the batch's statistics; in 'mixed' every second one."""
    return mode == "train" or (mode == "mixed" and index % 2 == 1)


def step(mode, dtype):
    """Loss, gradients by name and moved statistics of one training step."""
    net.to(dtype)
    net.load_state_dict(initial)
    net.zero_grad()
    net.eval()
    for index, (_, m) in enumerate(norms):
        m.train(trains(mode, index))
    y = net(x.to(dtype))
    # a network without classifier: class logits are the means of its first channels
    logits = y.mean((2, 3))[:, : job["classes"]] if y.dim() == 4 else y
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    gradients = {name: parameter.grad.clone() for name, parameter in net.named_parameters()}
    buffers = {
        f"{name}.{kind}": getattr(m, kind).clone()
        for index, (name, m) in enumerate(norms)
        if trains(mode, index)
        for kind in ("running_mean", "running_var")
    }
    return loss, gradients, buffers


for mode in job["modes"]:
    _, rounded, _ = step(mode, torch.float32)
    loss, gradients, buffers = step(mode, torch.float64)
    out[f"{mode}/loss"] = loss.reshape(1)
    # what float32 alone costs: a ReLU whose input is zero but for rounding switches a whole path of the gradient
    difference = sum((gradients[name] - rounded[name]).square().sum() for name in gradients)
    out[f"{mode}/rounding"] = (difference / sum(g.square().sum() for g in gradients.values())).sqrt().reshape(1)
    out.update({f"{mode}/gradient/{name}": g.float() for name, g in gradients.items()})
    out.update({f"{mode}/buffer/{name}": b for name, b in buffers.items()})
files.save(f"{folder}/expected.safetensors", out)
