"""L2T-ww (Jang et al. 2019): joint step, then the look-ahead on the same batch, unrolled as one graph by autograd.

The product replays each step by a recurrence; here nothing is replayed, so that the two share no derivation.
"""
import torch
import torch.nn.functional as F
from common import cross_entropy, main, make_optimizer

FORMS = {"relu6": F.relu6, "relu": F.relu, "relu-avg": F.relu}


def source_maps(case, images):
    """Outputs of the teacher, frozen and in eval mode."""
    layers = {pair["teacher"]["layer"] for pair in case.told["pairs"]}
    with torch.no_grad():
        return case.teacher.run(images, hooks=layers)[1]


def coefficients(case, values, source):
    """beta lambda w [n, c] by pair, with the option's forms (train_l2t_ww.py of alinlab/L2T-ww at f4dde04)."""
    options = case.options
    found = []
    for pair in case.told["pairs"]:
        pooled = source[pair["teacher"]["layer"]].mean((2, 3))
        name = pair["name"]
        if options["channels"] == "learned":
            what = F.linear(pooled, values[f"channels.{name}.weight"], values[f"channels.{name}.bias"]).softmax(1)
        else:
            what = torch.full_like(pooled, 1 / pooled.shape[1])
        if options["strengths"] == "fixed":
            where = torch.full((len(pooled), 1), float(options["strengthStart"]))
        elif options["strengthForm"] == "constant":
            where = F.softplus(10 * values[f"strength.{name}.bias"]).expand(len(pooled), 1)
        else:
            if options["strengthForm"] == "relu-avg":
                pooled = pooled / pooled.shape[1]
            raw = F.linear(pooled, values[f"strength.{name}.weight"], values[f"strength.{name}.bias"])
            where = FORMS[options["strengthForm"]](raw)
        found.append(options["beta"] * where * what)
    return found


def transfer(case, values, hooks, source, weights):
    total = 0.0
    for pair, weight in zip(case.told["pairs"], weights):
        name = f"regressor.{pair['name']}"
        own = F.conv2d(hooks[pair["student"]["layer"]], values[f"{name}.weight"], values[f"{name}.bias"])
        target = source[pair["teacher"]["layer"]]
        if target.shape[2:] != own.shape[2:]:
            target = F.interpolate(target, own.shape[2:], mode="bilinear", align_corners=False)
        errors = (own - target).square().mean((2, 3))
        if case.mistake("uniform channels"):
            weight = weight.mean(1, keepdim=True).expand_as(weight)
        total = total + (errors * weight).sum(1).mean()
    return total


def outer_gradient(case, net, optimizer, batch, source, weights, phi, modes):
    images, labels = batch
    layers = {pair["student"]["layer"] for pair in case.told["pairs"]}
    fixed = net.values
    theta = {name: value for name, value in fixed.items() if case.is_inner(name)}
    group = {id(g["params"][0]): g for g in optimizer.param_groups}
    groups = {name: group[id(value)] for name, value in theta.items()}
    velocity = {
        name: optimizer.state[value].get("momentum_buffer", torch.zeros_like(value)).clone()
        for name, value in theta.items()
    }
    mu = case.train["optimizer"]["momentum"]
    moves = case.mistake("statistics move")

    def run(values):
        return net.run(images, modes, hooks=layers, values={**fixed, **values}, statistics=moves)

    def step(values, velocity, loss):
        names = list(values)
        slopes = torch.autograd.grad(loss, [values[n] for n in names], create_graph=True, allow_unused=True)
        after, speeds = {}, {}
        for name, slope in zip(names, slopes):
            value, speed = values[name], velocity[name]
            if slope is None:
                if case.options["idle"] == "rest":
                    after[name], speeds[name] = value, speed
                    continue
                slope = torch.zeros_like(value)
            if case.mistake("momentum left out"):
                speed = speed.detach()
            speeds[name] = mu * speed + slope + groups[name]["weight_decay"] * value
            after[name] = value - groups[name]["lr"] * speeds[name]
        return after, speeds

    values = theta
    for _ in range(case.options["transferSteps"]):
        hooks = run(values)[1]
        values, velocity = step(values, velocity, transfer(case, {**fixed, **values}, hooks, source, weights))
    loss = cross_entropy(run(values)[0], labels)
    if case.mistake("first order"):
        slopes = torch.autograd.grad(loss, list(values.values()), allow_unused=True)
        values = {
            name: value - groups[name]["lr"] * (0 if slope is None else slope)
            for (name, value), slope in zip(values.items(), slopes)
        }
    else:
        values, velocity = step(values, velocity, loss)
    outer = cross_entropy(run(values)[0], labels)
    return torch.autograd.grad(outer, phi, allow_unused=True)


def train(case):
    net = case.network()
    owned = {p["name"]: (p.get("owned") or {}).get("group") for p in case.graph["parameters"]}
    buffers = {p["name"] for p in case.graph["parameters"] if p["buffer"]}
    case.is_inner = lambda name: owned[name] != "meta" and name not in buffers
    options = case.options
    momentum = 0.1 if options["start"] == "random" else None
    if momentum:
        for node in net.graph["nodes"]:
            if node["op"]["kind"] == "batchNorm":
                node["op"]["momentum"] = momentum
    head_factor = 1 if options["start"] == "random" else 10
    inner = [name for name in net.values if case.is_inner(name)]
    optimizer = case.optimizer(net, inner, rate=lambda name: case.rate(name, head_factor))
    meta = [name for name in net.values if owned[name] == "meta"]
    phi = [net.values[name] for name in meta]
    base = {"name": options["metaOptimizer"], "momentum": 0.9, "nesterov": False}
    base |= {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "epsilon": 1e-8}
    group = {"params": phi, "lr": options["metaRate"], "weight_decay": options["metaDecay"]}
    meta_optimizer = make_optimizer(base, [group]) if phi else None
    losses = []

    def teach(batch, source, modes):
        weights = coefficients(case, net.values, source)
        found = outer_gradient(case, net, optimizer, batch, source, weights, phi, modes)
        for value, slope in zip(phi, found):
            value.grad = torch.zeros_like(value) if slope is None else slope.detach()
        meta_optimizer.step()

    for step, micro in enumerate(case.batches()):
        ((images, labels, _),) = micro
        modes = case.phase(step)["batchNorm"]
        source = source_maps(case, images)
        case.set_rates(optimizer, step)
        if case.mistake("meta step first"):
            teach((images, labels), source, modes)
        optimizer.zero_grad(set_to_none=True)
        layers = {pair["student"]["layer"] for pair in case.told["pairs"]}
        logits, hooks = net.run(images, modes, hooks=layers)
        with torch.no_grad():
            weights = coefficients(case, net.values, source)
        loss = cross_entropy(logits, labels) + transfer(case, net.values, hooks, source, weights)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if not case.mistake("meta step first") and (step + 1) % options["metaEvery"] == 0:
            teach((images, labels), source, modes)
            if options["rollback"] == "release":
                with torch.no_grad():
                    net.run(images, modes)
    return case.result(losses, net.values)


main(train)
