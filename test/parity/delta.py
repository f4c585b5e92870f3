"""DELTA (Li et al. 2019), attended form: attention by zeroed filters on the pre-trained network, then fine-tuning."""
import numpy as np
import torch
from common import cross_entropy, main


def kernel_of(case, layer):
    return next(p["name"] for p in case.graph["parameters"] if p["layer"] == layer and p["role"] == "kernel")


def differences(case, layer):
    """How much the loss on the training images rises when one filter's kernel is set to zero, everything in eval mode."""
    images, labels = case.split("train")
    name = kernel_of(case, layer)
    net = case.network()
    with torch.no_grad():
        base = cross_entropy(net.run(images)[0], labels)
        found = []
        for j in range(net.values[name].shape[0]):
            kept = net.values[name][j].clone()
            net.values[name][j] = 0
            found.append(cross_entropy(net.run(images)[0], labels) - base)
            net.values[name][j] = kept
    return torch.stack(found)


def weights(case, d):
    if case.options["recipe"] == "paper":
        return torch.softmax(d, 0)
    # train.py of lixingjian/DELTA at 6ba10d2
    js = np.array(d)
    if not case.mistake("not standardised"):
        js = (js - np.mean(js)) / np.std(js)
    return torch.softmax(torch.from_numpy(js) / (1 if case.mistake("temperature left out") else 5), 0)


def train(case):
    layers = case.told["layers"]
    attention = {layer: weights(case, differences(case, layer)) for layer in layers}
    net = case.network()
    optimizer = case.optimizer(net, decay=lambda name: 0)
    release = case.options["recipe"] == "release"
    losses = []
    for step, micro in enumerate(case.batches()):
        optimizer.zero_grad(set_to_none=True)
        (images, labels, _), = micro
        logits, own = net.run(images, case.phase(step)["batchNorm"], hooks=layers)
        with torch.no_grad():
            source = net.run(images, hooks=layers, values=case.w0)[1]
        loss = cross_entropy(logits, labels)
        for layer in layers:
            n, c, h, w = own[layer].shape
            squares = (own[layer] - source[layer]).square().sum((0, 2, 3))
            factor = 0.5 * c / (h * w) if release else 1 / n
            if case.mistake("mean over the batch") and release:
                factor /= n
            loss = loss + case.options["alpha"] * factor * (attention[layer] * squares).sum()
        head = [v for n, v in net.values.items() if n in ("head.weight", "head.bias")]
        loss = loss + case.options["beta"] / 2 * sum(v.square().sum() for v in head)
        loss.backward()
        case.set_rates(optimizer, step)
        optimizer.step()
        losses.append(loss.item())
    return case.result(losses, net.values)


main(train)
