"""SpotTune in the manner of the authors' code (gyhui14/spottune at 0635ecd): agent_net.py, gumbel_softmax.py, the
forward pass of spottune_models.py, main.py's two optimizers; the losses of the global policy and the mix before the
sum from strategies.md 6.1 and 6.2. The network is the tiny ResNet of networks.ts, written out here."""
import torch
import torch.nn.functional as F
from common import cross_entropy, main


class Values:
    """Parameters by name, and batch norm as nn.BatchNorm2d computes it."""

    def __init__(self, case, values, modes):
        self.case, self.values, self.modes = case, values, modes
        self.epsilon = {n["name"]: n["op"]["epsilon"] for n in case.graph["nodes"] if n["op"]["kind"] == "batchNorm"}

    def conv(self, name, x, stride=1, padding=1):
        return F.conv2d(x, self.values[f"{name}.weight"], None, stride, padding)

    def norm(self, name, x, own=None):
        v, prefix = self.values, own or name
        mode = self.modes(prefix)
        stats = [v[f"{prefix}.running_mean"], v[f"{prefix}.running_var"]]
        if mode != "train":
            stats = [s.clone() for s in stats]
        return F.batch_norm(x, *stats, v[f"{prefix}.weight"], v[f"{prefix}.bias"], mode == "train", 0.1, 1e-5)


def agent(net, x, size):
    """agent_net.py: no ReLU after the first batch norm; zeros pad the shortcut."""
    if size != x.shape[-1]:
        x = F.interpolate(x, (size, size), mode="bilinear", align_corners=False)
    x = (x - 127.5) / 127.5
    x = net.norm("policy.bn1", net.conv("policy.conv1", x))
    for i in (1, 2, 3):
        at = f"policy.layer{i}"
        residual = F.avg_pool2d(x, 2)
        residual = torch.cat((residual, residual * 0), 1)
        y = F.relu(net.norm(f"{at}.bn1", net.conv(f"{at}.conv1", x, 2)))
        y = net.norm(f"{at}.bn2", net.conv(f"{at}.conv2", y))
        x = F.relu(residual + y)
    x = F.relu(net.norm("policy.bn2", x)).mean((2, 3))
    return F.linear(x, net.values["policy.linear.weight"], net.values["policy.linear.bias"])


def gumbel_softmax(logits, noise, temperature, soft):
    y = F.softmax((logits + noise) / temperature, dim=-1)
    if soft:
        return y
    hard = torch.zeros_like(y).scatter_(-1, y.max(dim=-1)[1].unsqueeze(-1), 1)
    return (hard - y).detach() + y


def block(net, frozen, at, x, stride, tuned):
    """The residual side; the frozen one has pre-trained kernels and, where they are adapted, norms of its own."""
    source = net if tuned else frozen
    def norm(name, y):
        own = f"frozen.{name}"
        if tuned:
            return net.norm(name, y)
        return net.norm(name, y, own) if f"{own}.weight" in net.values else frozen.norm(name, y)
    y = F.relu(norm(f"{at}.bn1", source.conv(f"{at}.conv1", x, stride)))
    return norm(f"{at}.bn2", source.conv(f"{at}.conv2", y))


def forward(net, frozen, x, policy, after_relu):
    x = (x - 127.5) / 127.5
    x = F.relu(net.norm("bn1", net.conv("conv1", x)))
    t = 0
    for stage in (1, 2):
        for i in (0, 1):
            at = f"layer{stage}.{i}"
            stride = 2 if stage == 2 and i == 0 else 1
            residual = x
            if stride == 2:
                residual = net.norm(f"{at}.downsample.1", net.conv(f"{at}.downsample.0", x, 2, 0))
            mask = policy[:, t].reshape(-1, 1, 1, 1)
            f1, f2 = (block(net, frozen, at, x, stride, tuned) for tuned in (False, True))
            if after_relu:  # spottune_models.py
                x = F.relu(residual + f1) * (1 - mask) + F.relu(residual + f2) * mask
            else:  # the paper's formula
                x = F.relu(residual + (f1 * (1 - mask) + f2 * mask))
            t += 1
    return F.linear(x.mean((2, 3)), net.values["head.weight"], net.values["head.bias"])


def train(case):
    own, o = case.network(), case.options
    phase = case.phases[-1]
    kernel_norms = phase["batchNorm"]
    mode = case.train.get("batchNorm", "train")
    names = [n for n, v in own.values.items() if v.requires_grad]

    def modes(layer):
        if layer.startswith("policy."):
            return "train"
        return mode if layer.startswith("frozen.") else kernel_norms[layer]

    net = Values(case, own.values, modes)
    frozen = Values(case, own.values if case.mistake("the frozen branch trains") else case.w0, lambda layer: "frozen")
    optimizer = case.optimizer(own, [n for n in names if not n.startswith("policy.")])
    spec = {"name": "sgd", "momentum": 0.9, "nesterov": False, "weightDecay": o["policyDecay"]}
    rate = case.train["optimizer"]["rate"] if case.mistake("one rate for both") else o["policyRate"]
    agents = case.optimizer(own, [n for n in names if n.startswith("policy.")], rate=lambda _: rate, spec=spec)
    losses = []
    for step, micro in enumerate(case.batches()):
        ((images, labels, _),) = micro
        optimizer.zero_grad(set_to_none=True)
        agents.zero_grad(set_to_none=True)
        logits = agent(net, images, o.get("policySize") or images.shape[-1])
        temperature = 1 if case.mistake("temperature 1") else o["temperature"]
        noise = case.noise["gumbel"][step]
        action = gumbel_softmax(logits.reshape(len(images), -1, 2), noise, temperature, case.mistake("soft gates"))
        policy = action[:, :, 0 if case.mistake("the first of a pair tunes") else 1]
        if o["policy"] == "shuffled":
            policy = policy.roll(-1, 0)
        after_relu = (o["mix"] == "activation") != case.mistake("branches meet elsewhere")
        loss = cross_entropy(forward(net, frozen, images, policy, after_relu), labels)
        if "k" in o:
            v = policy.mean(0)
            loss = loss + o["lambda1"] * (v.sum() - o["k"]) ** 2 - o["lambda2"] * (v * torch.log(v + 1e-9)).sum()
        loss.backward()
        for one in (optimizer, agents):
            case.set_rates(one, step)
            one.step()
        losses.append(loss.item())
    return case.result(losses, own.values)


main(train)
