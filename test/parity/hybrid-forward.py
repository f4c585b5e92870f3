"""Hybrid Forward (Song et al. 2021): two lines of features that change networks at every cut, as in the author's prototype
(hybrid.py of lsongx/dali-cls: swap, then one stage of each net), one head for all as in the paper's figure."""
import torch
import torch.nn.functional as F
from common import cross_entropy, main


def adapted(case, values, cut, net, x, size):
    """1x1 convolution, then interpolation; nothing where the run has no adapter."""
    name = f"adapter.{cut}.to_{net}"
    if f"{name}.weight" not in values:
        return x
    x = F.conv2d(x, values[f"{name}.weight"], values[f"{name}.bias"])
    corners = case.mistake("corners aligned")
    return F.interpolate(x, size, mode="bilinear", align_corners=corners)


def hybrid_losses(case, net, images, labels, modes, crossings):
    """Losses of the line that began in the student and of the one that began in the teacher."""
    cuts, sizes = case.told["cuts"], case.told["sizes"]
    nets = {"student": net, "teacher": case.teacher}
    norms = [n["name"] for n in case.teacher.graph["nodes"] if n["op"]["kind"] == "batchNorm"]
    batch = "train_nostats" if case.options["teacherNorms"] == "batch" else "frozen"
    all_modes = {"student": modes, "teacher": {name: batch for name in norms}}
    statistics = case.mistake("statistics of every path")
    lines = {"student": images, "teacher": images}
    began = {"student": 0, "teacher": 1}
    for k, ends in enumerate(cuts):
        if k > 0 and crossings[k - 1]:
            lines = {
                own: adapted(case, net.values, k, own, lines[other], sizes[k - 1][own])
                for own, other in (("student", "teacher"), ("teacher", "student"))
            }
            began = {"student": began["teacher"], "teacher": began["student"]}
        for name, one in nets.items():
            start = cuts[k - 1][name] if k > 0 else None
            tracked = name == "student" and statistics
            with torch.set_grad_enabled(not (name == "teacher" and case.mistake("no gradient through the teacher"))):
                out, _ = one.run(lines[name], all_modes[name], start=start, to=ends[name], statistics=tracked)
            lines[name] = out
    lines["teacher"] = adapted(case, net.values, len(cuts), "student", lines["teacher"], sizes[-1]["student"])
    losses = [None, None]
    for name, line in lines.items():
        scores, _ = net.run(line, modes, start=cuts[-1]["student"], statistics=False)
        losses[began[name]] = cross_entropy(scores, labels)
    return losses


def train(case):
    o = case.options
    net = case.network()
    optimizer = case.optimizer(net)
    stages = len(case.told["cuts"])
    smoothed, losses = None, []
    for step, micro in enumerate(case.batches()):
        optimizer.zero_grad(set_to_none=True)
        (images, labels, _), = micro
        modes = case.phase(step)["batchNorm"]
        alpha = o["alpha"]
        if o["balance"] == "schedule":
            alpha = [piece["alpha"] for piece in o["schedule"] if piece["from"] <= step / case.steps][-1]
        planned = o["balance"] in ("fixed", "schedule")
        if planned and alpha == 1:
            parts, factors = [], []
        else:
            crossings = [True] * (stages - 1)
            if o["routes"] == "random":
                crossings = [value < o["swap"] for value in case.noise["swaps"][len(losses)].tolist()]
            parts = hybrid_losses(case, net, images, labels, modes, crossings)
        student = cross_entropy(net.run(images, modes)[0], labels)
        if parts:
            now = [*parts, student]
            if not case.mistake("weights carry gradients"):
                now = [value.detach() for value in now]
            if o["balance"] == "ema":
                keep = o["smoothing"]
                now = [keep * old + (1 - keep) * new for old, new in zip(smoothed, now)] if smoothed else now
                smoothed = [value.detach() for value in now]
            matched = [(0.5 * now[2] / now[i]).clamp(0, o["largest"]) for i in (0, 1)]
            factors = [1 - alpha] * 2 if planned else matched
        loss = student + sum(factor * part for factor, part in zip(factors, parts))
        loss.backward()
        for name in case.phase(step)["trained"]:
            if net.values[name].grad is None:  # an adapter that nobody crossed: decay and momentum still act
                net.values[name].grad = torch.zeros_like(net.values[name])
        case.set_rates(optimizer, step)
        optimizer.step()
        losses.append(loss.item())
    return case.result(losses, net.values)


main(train)
