"""The L2-SP family in the loss (Li et al. 2018): S pulled towards w0, N towards 0, kernels only, no weight decay."""
import torch
from common import cross_entropy, main


def group_norms(d, weight):
    """Root of each filter's (weighted) sum of squares; a filter is all that feeds one output channel (dimension 0)."""
    squares = d.square() if weight is None else weight * d.square()
    return torch.sqrt(squares.flatten(1).sum(1) + 1e-16)


def penalty(case, net):
    o = case.options
    total = 0.0
    for p in case.graph["parameters"]:
        if p["role"] != "kernel" and not case.mistake("biases and scales too"):
            continue
        if p["buffer"]:
            continue
        w = net.values[p["name"]]
        if not p["pretrained"]:
            total = total + o.get("beta", 0.01) / 2 * w.square().sum()
            continue
        d = w if case.mistake("towards zero") else w - case.w0[p["name"]]
        weight = case.measured.get("fisher." + p["name"], torch.ones(())) if o["variant"].endswith("fisher") else None
        size = d[0].numel() if d.dim() > 1 else 1
        if o["variant"] == "l2-sp":
            omega = d.square().sum() / (1 if case.mistake("the half left out") else 2)
        elif o["variant"] == "l2-sp-fisher":
            omega = (weight * d.square()).sum() / (1 if case.mistake("the half left out") else 2)
        else:
            root = 1 if case.mistake("the half left out") else size**0.5
            omega = root * group_norms(d if d.dim() > 1 else d[:, None], weight).sum()
        total = total + o.get("alpha", 0.1) * omega
    return total


def train(case):
    net = case.network()
    optimizer = case.optimizer(net, decay=lambda name: 0)
    losses = []
    for step, micro in enumerate(case.batches()):
        optimizer.zero_grad(set_to_none=True)
        (images, labels, _), = micro
        logits, _ = net.run(images, case.phase(step)["batchNorm"])
        loss = cross_entropy(logits, labels) + penalty(case, net)
        loss.backward()
        case.set_rates(optimizer, step)
        optimizer.step()
        losses.append(loss.item())
    return case.result(losses, net.values)


main(train)
