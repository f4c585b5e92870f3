"""FitNets (Romero et al. 2015): the hint alone up to the guided layer, then labels and soft targets; or both at once."""
import torch
import torch.nn.functional as F
from common import cross_entropy, main


def hint_loss(case, net, own, source):
    regressed = F.conv2d(own, net.values["regressor.weight"], net.values["regressor.bias"])
    if source.shape[2:] != regressed.shape[2:]:
        source = F.interpolate(source, regressed.shape[2:], mode="bilinear", align_corners=False)
    if case.options["hintLoss"] == "mean":
        return F.mse_loss(regressed, source)
    return (regressed - source).square().sum() / (2 if not case.mistake("without the half") else 1) / len(own)


def soft_targets(case, logits, scores, step, first):
    options = case.options
    t = options["temperature"]
    span = case.steps - first
    share = (step - first) / (span - 1) if span > 1 else 0
    strength = options["lambda"] + (options["lambdaEnd"] - options["lambda"]) * share
    if case.mistake("lambda constant"):
        strength = options["lambda"]
    loss = -(F.softmax(scores / t, 1) * F.log_softmax(logits / t, 1)).sum(1).mean()
    if case.mistake("temperature squared"):
        loss = loss * t * t
    return strength * loss


def train(case):
    options, told = case.options, case.told
    net = case.network()
    if options["start"] == "random":
        for node in net.graph["nodes"]:
            if node["op"]["kind"] == "batchNorm":
                node["op"]["momentum"] = 0.1
    head_factor = 1 if options["start"] == "random" else 10
    optimizers = {}
    losses = []
    for step, micro in enumerate(case.batches()):
        ((images, labels, _),) = micro
        phase = case.phase(step)
        names = phase["trained"]
        if phase["name"] == "hint" and case.mistake("hint trains all"):
            names = [n for n, v in net.values.items() if v.requires_grad]
        if phase["name"] not in optimizers:
            optimizers[phase["name"]] = case.optimizer(net, names, rate=lambda name: case.rate(name, head_factor))
            # slots go with what stops training; what goes on keeps its momentum
            if phase["name"] == "fine-tune" and "hint" in optimizers:
                before = optimizers["hint"]
                for name in names:
                    value = net.values[name]
                    if value in before.state:
                        optimizers["fine-tune"].state[value] = before.state[value]
        optimizer = optimizers[phase["name"]]
        optimizer.zero_grad(set_to_none=True)
        hooked = {told["guided"]}
        logits, own = net.run(images, phase["batchNorm"], hooks=hooked)
        teacher_layers = {told["hint"]} | ({told["scores"]} if options["softTargets"] else set())
        with torch.no_grad():
            source = case.teacher.run(images, hooks=teacher_layers)[1]
        if phase["name"] == "hint":
            loss = hint_loss(case, net, own[told["guided"]], source[told["hint"]])
            if case.mistake("hint trains all"):
                loss = loss + cross_entropy(logits, labels)
        else:
            loss = cross_entropy(logits, labels)
            if options["training"] == "joint":
                hint = hint_loss(case, net, own[told["guided"]], source[told["hint"]])
                loss = loss + options["hintWeight"] * hint
            if options["softTargets"]:
                loss = loss + soft_targets(case, logits, source[told["scores"]], step, phase["from"])
        loss.backward()
        case.set_rates(optimizer, step, start=phase["from"], total=phase["to"] - phase["from"])
        optimizer.step()
        losses.append(loss.item())
    return case.result(losses, net.values)


main(train)
