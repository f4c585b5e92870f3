"""The L2-SP family (Li et al. 2018): S pulled towards w0, N towards 0, kernels only, no weight decay; SGD.

In the loss, as in network_base.py of holyseven/TransferLearningClassification at 1426356 (modes 0, 1, 4, 41, 5, 6, 7),
or as a proximal step after the update.
"""
import torch
from common import cross_entropy, main


def acts(case, p):
    return not p["buffer"] and (p["role"] == "kernel" or case.mistake("biases and scales too"))


def alpha(case):
    return case.options["alpha"] * (2 if case.mistake("twice as strong") else 1)


def distance(case, net, name):
    w0 = 0 if case.mistake("towards zero") else case.w0[name]
    return net.values[name] - (0 if case.options["variant"] == "l2" else w0)


def filters(d):
    """A row for all that feeds one output channel (dimension 0)."""
    return d.flatten(1) if d.dim() > 1 else d[:, None]


def omega(case, name, d):
    variant = case.options["variant"]
    weight = filters(case.measured.get("fisher." + name, torch.ones_like(d))) if variant.endswith("fisher") else 1
    d = filters(d)
    if variant == "l1-sp":
        return (torch.sqrt(d.square() + 1e-16) if case.options["smoothed"] else d.abs()).sum()
    if variant.startswith("group"):
        return d.shape[1] ** 0.5 * torch.sqrt((weight * d.square()).sum(1) + 1e-16).sum()
    return 0.5 * (weight * d.square()).sum()


def penalty(case, net):
    total = 0.0
    for p in filter(lambda p: acts(case, p), case.graph["parameters"]):
        if p["pretrained"]:
            total = total + alpha(case) * omega(case, p["name"], distance(case, net, p["name"]))
        else:
            total = total + case.options["beta"] / 2 * net.values[p["name"]].square().sum()
    return total


@torch.no_grad()
def project(case, net, before, rates):
    """S: filters, or for L1 single weights, shortened by rate alpha sqrt(size) (strategies.md 1.2). N: pulled."""
    for p in filter(lambda p: acts(case, p), case.graph["parameters"]):
        name, value = p["name"], net.values[p["name"]]
        if not p["pretrained"]:
            value -= rates[name] * case.options["beta"] * before[name]
            continue
        d = distance(case, net, name)
        rows = d.reshape(-1, 1) if case.options["variant"] == "l1-sp" else filters(d)
        reach = rates[name] * alpha(case) * rows.shape[1] ** 0.5
        shrunk = rows * (1 - reach / rows.norm(dim=1, keepdim=True).clamp_min(1e-300)).clamp_min(0)
        value += shrunk.reshape(d.shape) - d


def train(case):
    net = case.network()
    optimizer = case.optimizer(net, decay=lambda name: 0)
    names = [name for name, value in net.values.items() if value.requires_grad]
    proximal = case.options["form"] == "proximal"
    losses = []
    for step, micro in enumerate(case.batches()):
        optimizer.zero_grad(set_to_none=True)
        (images, labels, _), = micro
        logits, _ = net.run(images, case.phase(step)["batchNorm"])
        loss = cross_entropy(logits, labels) + (0 if proximal else penalty(case, net))
        loss.backward()
        case.set_rates(optimizer, step)
        before = {name: net.values[name].detach().clone() for name in names}
        optimizer.step()
        if proximal:
            project(case, net, before, dict(zip(names, (group["lr"] for group in optimizer.param_groups))))
        losses.append(loss.item())
    return case.result(losses, net.values)


main(train)
