"""TransTailor with masks on the whole network: nothing is cut, so that cutting itself is put to the test.

Algorithm 1 of Liu et al. 2021 for a ResNet of basic blocks: the filters of each block's first convolution, a factor
after its batch norm, equation 5 over the whole loader, global pruning by multiply-adds, fixed scale while tuning.
"""
import math

import torch
from common import cross_entropy, main, make_optimizer


def blocks(net):
    names = [n["name"] for n in net.graph["nodes"] if n["name"].endswith(".conv1")]
    return [n[: -len(".conv1")] for n in names if n.startswith("layer")]


def sides(net):
    """Rows of the output of each convolution, by its name."""
    found = {}
    x = torch.zeros(1, 3, *net.graph["inputShape"][:2])
    net.run(x, transform=lambda name, y: found.__setitem__(name, y.shape[-1]) if y.dim() == 4 else None)
    return found


def multiply_adds(net, kept):
    """Of convolutions and the classifier, when only some filters of each block are left."""
    total, side = 0, sides(net)
    for node in net.graph["nodes"]:
        if node["op"]["kind"] not in ("conv2d", "dense"):
            continue
        shape = list(net.values[node["parameters"]["kernel"]].shape)
        block, _, layer = node["name"].rpartition(".")
        if block in kept:
            axis = {"conv1": 0, "conv2": 1}.get(layer)
            if axis is not None:
                shape[axis] = len(kept[block])
        area = side[node["name"]] ** 2 if node["op"]["kind"] == "conv2d" else 1
        total += math.prod(shape) * area
    return total


def train(case):
    net, o = case.network(), case.options
    names = blocks(net)
    alpha = {b: f"transtailor.{b}.conv1.alpha" for b in names}
    scale = {b: f"transtailor.{b}.conv1.scale" for b in names}
    kept = {b: list(range(len(net.values[alpha[b]]))) for b in names}
    widths = {b: len(kept[b]) for b in names}
    original = multiply_adds(net, kept)
    norms = {(f"{b}.conv1" if case.mistake("factor before the norm") else f"{b}.bn1"): b for b in names}

    def factors(acting):
        def multiply(name, y):
            if name not in norms:
                return None
            b = norms[name]
            factor = net.values[scale[b]] * (net.values[alpha[b]] if acting else 1)
            if case.mistake("scale left out") and not acting:
                factor = torch.ones_like(factor)
            mask = torch.zeros_like(factor)
            mask[kept[b]] = 1
            return y * (factor * mask).reshape(1, -1, 1, 1)

        return multiply

    def importance():
        images, labels = case.split("train")
        size, beta = case.train["batchSize"], {b: torch.zeros(widths[b]) for b in names}
        for at in range(0, len(labels), size):
            if case.mistake("the last batch only") and at + size < len(labels):
                continue
            x, y = images[at : at + size], labels[at : at + size]
            logits, _ = net.run(x, transform=factors(True))
            gradients = torch.autograd.grad(cross_entropy(logits, y), [net.values[alpha[b]] for b in names])
            for b, g in zip(names, gradients):
                product = g if case.mistake("gradient alone") else g * net.values[alpha[b]].detach()
                weighed = product * len(y) / len(labels)
                beta[b] += weighed.abs() if o["accumulate"] == "sum-of-abs" else weighed
        return {b: v.abs() for b, v in beta.items()}

    def prune(beta):
        before = multiply_adds(net, kept)
        order = sorted((beta[b][i].item(), n, i) for n, b in enumerate(names) for i in kept[b])
        for _, n, i in order:
            if before - multiply_adds(net, kept) >= o["budget"] * original:
                break
            b = names[n]
            if len(kept[b]) > max(1, math.ceil(o["keep"] * widths[b])):
                kept[b].remove(i)

    def transform(beta):
        for b in names:
            own = beta[b]
            s = {
                "alpha": net.values[alpha[b]].detach(),
                "beta": own,
                "beta-norm": (own / own[kept[b]].mean()).clamp(0.1, 10),
                "none": torch.ones_like(own),
            }[o["scaleMode"]]
            net.values[scale[b]] = net.values[scale[b]] * s

    losses, standing, optimizer = [], None, None
    for step, ((images, labels, _),) in enumerate(case.batches()):
        phase = case.phase(step)
        if phase is not standing:
            standing = phase
            acting = "factors" in phase["name"]
            if acting and phase["name"] != "round 1: factors":
                for b in names:
                    with torch.no_grad():
                        net.values[alpha[b]].fill_(1)
            if "tuning" in phase["name"]:
                beta = importance()
                prune(beta)
                transform(beta)
            spec = {**case.train["optimizer"], "name": "sgd", "momentum": 0.9, "nesterov": False}
            trained = phase["trained"]
            if case.mistake("filters train with the factors") and acting:
                trained = trained + [n for n in standing_all(case) if n not in trained]
            parameters = {n: net.values[n] for n in trained}
            groups = [
                {
                    "params": [value],
                    "base": o["factorRate"] if n.startswith("transtailor") else case.rate(n),
                    "weight_decay": 0 if n.startswith("transtailor") else case.train["optimizer"]["weightDecay"],
                }
                for n, value in parameters.items()
            ]
            optimizer = make_optimizer(spec if acting else case.train["optimizer"], groups)
        for value in net.values.values():
            value.grad = None
        logits, _ = net.run(images, phase["batchNorm"], transform=factors(acting))
        loss = cross_entropy(logits, labels)
        loss.backward()
        case.set_rates(optimizer, step, start=phase["from"], total=phase["to"] - phase["from"])
        optimizer.step()
        losses.append(loss.item())
    return case.result(losses, net.values, {"kept": kept, "multiplyAdds": multiply_adds(net, kept)})


def standing_all(case):
    """Everything that the last phase trains."""
    return case.phases[-1]["trained"]


main(train)
