"""Runs optimizers of torch in float64 on given gradients. Reads cases as JSON from stdin, writes results as JSON.

A case: optimizer, rates and decays by group, schedule, steps, parameters (init, group, frozen steps), clip,
accumulate, and either `gradients[step][micro batch][name]` or a quadratic 1/2 sum h (w - c)^2.
"""
import json
import math
import sys

import torch
from torch.optim import lr_scheduler as schedulers

torch.set_default_dtype(torch.float64)


def make_optimizer(case, values):
    groups = []
    for name, group in case["groups"].items():
        params = [values[p["name"]] for p in case["parameters"] if p["group"] == name]
        groups.append({"params": params, "lr": group["rate"], "weight_decay": group["weightDecay"]})
    o = case["optimizer"]
    if o["name"] == "sgd":
        return torch.optim.SGD(groups, lr=1, momentum=o["momentum"], nesterov=o["nesterov"])
    kind = torch.optim.Adam if o["name"] == "adam" else torch.optim.AdamW
    return kind(groups, lr=1, betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])


def warm(optimizer, steps, after):
    """torch's own way to a warm-up: LinearLR, then the rest."""
    if steps == 0:
        return after
    rise = schedulers.LinearLR(optimizer, start_factor=1 / steps, total_iters=max(1, steps - 1))
    return schedulers.SequentialLR(optimizer, [rise, after], milestones=[steps])


def make_scheduler(optimizer, s, total):
    w = round(s["warmup"] * total)
    if s["name"] == "constant":
        return warm(optimizer, w, schedulers.LambdaLR(optimizer, lambda _: 1))
    if s["name"] == "cosine":
        return warm(optimizer, w, schedulers.CosineAnnealingLR(optimizer, total - w))
    if s["name"] == "step":
        milestones = [round(at * total) - w for at in s["at"]]
        return warm(optimizer, w, schedulers.MultiStepLR(optimizer, milestones, gamma=s["factor"]))
    if s["name"] == "one-cycle":
        rates = [g["lr"] for g in optimizer.param_groups]
        return schedulers.OneCycleLR(
            optimizer, rates, total_steps=total, pct_start=s["cutFraction"], cycle_momentum=False
        )

    # ULMFiT, equation 3, as printed
    def slanted(t):
        cut = math.floor(total * s["cutFraction"])
        p = t / cut if t < cut else 1 - (t - cut) / (cut * (1 / s["cutFraction"] - 1))
        return (1 + p * (s["ratio"] - 1)) / s["ratio"]

    return schedulers.LambdaLR(optimizer, slanted)


def run(case):
    values = {}
    for p in case["parameters"]:
        values[p["name"]] = torch.tensor(p["init"]).requires_grad_()
    optimizer = make_optimizer(case, values)
    scheduler = make_scheduler(optimizer, case["schedule"], case["steps"])
    rates, weights, norms = [], [], []
    for step in range(case["steps"]):
        optimizer.zero_grad(set_to_none=True)
        for p in case["parameters"]:
            value = values[p["name"]]
            if p["frozen"][0] <= step < p["frozen"][1]:
                continue
            if "quadratic" in case:
                q = case["quadratic"][p["name"]]
                grad = torch.tensor(q["h"]) * (value.detach() - torch.tensor(q["c"]))
            else:
                micro = case["gradients"][step]
                grad = sum(torch.tensor(g[p["name"]]) for g in micro) / len(micro)
            value.grad = grad
        if case["clip"] is not None:
            norms.append(float(torch.nn.utils.clip_grad_norm_(list(values.values()), case["clip"])))
        rates.append([g["lr"] for g in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
        weights.append({name: value.tolist() for name, value in values.items()})
    return {"rates": rates, "weights": weights, "norms": norms}


json.dump([run(case) for case in json.load(sys.stdin)], sys.stdout)
