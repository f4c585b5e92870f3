"""AdaFilter as strategies.md 7.2 reconstructs it: there is no official code to follow. The network is the tiny ResNet of
networks.ts, written out here; cells are PyTorch's own."""
import torch
import torch.nn.functional as F
from common import cross_entropy, main


class Net:
    """One batch through both filter banks."""

    def __init__(self, case, values, step):
        self.case, self.v, self.o, self.step = case, values, case.options, step
        self.mode = case.train.get("batchNorm", "train")
        self.state = None

    def cell(self, z):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = [self.v[f"gates.cell.{name}"] for name in names]
        zeros = z.new_zeros(z.shape[0], weights[1].shape[1])
        if self.case.mistake("the state is not handed on"):
            self.state = None
        if self.o["cell"] == "gru":
            self.state = torch.gru_cell(z, zeros if self.state is None else self.state, *weights)
            return self.state
        self.state = torch.lstm_cell(z, (zeros, zeros) if self.state is None else self.state, *weights)
        return self.state[0]

    def gates(self, name, x):
        at = f"gates.{name}"
        h = self.cell(F.relu(F.linear(x.mean((2, 3)), self.v[f"{at}.in.weight"])))
        logits = F.linear(h, self.v[f"{at}.out.weight"], self.v[f"{at}.out.bias"])
        if self.o["estimator"] == "gumbel":
            noise = self.case.noise[f"gumbel.{name}"][self.step]
            lead = logits + noise[:, :, 1] - noise[:, :, 0]
            soft, hard = torch.sigmoid(lead / self.o["temperature"]), (lead > 0).to(x.dtype)
        else:
            soft, hard = torch.sigmoid(logits), (logits > 0).to(x.dtype)
        if self.case.mistake("the gate's slope is 1 by the logit"):
            soft = logits if self.o["estimator"] == "threshold" else lead
        g = (hard - soft).detach() + soft
        if self.case.mistake("gates the other way round"):
            g = 1 - g
        return g.roll(-1, 0) if self.o["gates"] == "shuffled" else g

    def norm(self, name, x, taken=None, frozen=False):
        """`taken` [n, c]: the images that chose this branch, for the statistics of option (a)."""
        own = f"frozen.{name}" if frozen and not self.case.mistake("one norm for both banks") else name
        source, mode = self.v, self.mode
        if frozen and f"{own}.weight" not in self.v:
            source, own, mode = self.case.w0, name, "frozen"
        gamma, beta = source[f"{own}.weight"], source[f"{own}.bias"]
        mean, variance = source[f"{own}.running_mean"], source[f"{own}.running_var"]
        if mode != "train":
            return F.batch_norm(x, mean, variance, gamma, beta, False, 0.1, 1e-5)
        if self.o["statistics"] == "all" or taken is None or self.case.mistake("statistics over all images"):
            return F.batch_norm(x, mean, variance, gamma, beta, True, 0.1, 1e-5)
        means, variances = [], []
        for c in range(x.shape[1]):
            chosen = x[taken[:, c] > 0.5, c]
            if len(chosen) == 0:
                means.append(mean[c])
                variances.append(variance[c])
                continue
            means.append(chosen.mean())
            variances.append(chosen.var(unbiased=False))
            with torch.no_grad():
                mean[c] += 0.1 * (chosen.mean() - mean[c])
                variance[c] += 0.1 * (chosen.var(unbiased=True) - variance[c])
        m, s = torch.stack(means).reshape(1, -1, 1, 1), torch.stack(variances).reshape(1, -1, 1, 1)
        return (x - m) / torch.sqrt(s + 1e-5) * gamma.reshape(1, -1, 1, 1) + beta.reshape(1, -1, 1, 1)

    def gated(self, conv, norm, x, stride):
        g = self.gates(conv, x)
        u = F.conv2d(x, self.v[f"{conv}.weight"], None, stride, 1)
        v = F.conv2d(x, self.case.w0[f"{conv}.weight"], None, stride, 1)
        wide = g[:, :, None, None]
        if not self.o["gatedNorm"]:
            return self.norm(norm, wide * u + (1 - wide) * v)
        tuned = self.norm(norm, u, g.detach())
        return wide * tuned + (1 - wide) * self.norm(norm, v, 1 - g.detach(), frozen=True)

    def plain(self, conv, norm, x, stride, padding):
        """Stem and shortcuts: not gated, frozen."""
        x = F.conv2d(x, self.v[f"{conv}.weight"], None, stride, padding)
        v = self.v
        stats = v[f"{norm}.running_mean"], v[f"{norm}.running_var"]
        return F.batch_norm(x, *stats, v[f"{norm}.weight"], v[f"{norm}.bias"], False, 0.1, 1e-5)

    def __call__(self, x):
        x = F.relu(self.plain("conv1", "bn1", (x - 127.5) / 127.5, 1, 1))
        for stage in (1, 2):
            for i in (0, 1):
                at = f"layer{stage}.{i}"
                stride = 2 if stage == 2 and i == 0 else 1
                shortcut = x if stride == 1 else self.plain(f"{at}.downsample.0", f"{at}.downsample.1", x, 2, 0)
                y = F.relu(self.gated(f"{at}.conv1", f"{at}.bn1", x, stride))
                x = F.relu(self.gated(f"{at}.conv2", f"{at}.bn2", y, 1) + shortcut)
        return F.linear(x.mean((2, 3)), self.v["head.weight"], self.v["head.bias"])


def train(case):
    own, o = case.network(), case.train["optimizer"]
    gate_rate = o["rate"] if case.mistake("one rate for both") else case.options.get("gateRate", o["rate"])
    base = lambda name: gate_rate if name.startswith("gates.") else case.rate(name)
    optimizer = case.optimizer(own, rate=base)
    losses = []
    for step, micro in enumerate(case.batches()):
        ((images, labels, _),) = micro
        optimizer.zero_grad(set_to_none=True)
        loss = cross_entropy(Net(case, own.values, step)(images), labels)
        loss.backward()
        for value in own.values.values():  # what no image chose has a gradient of 0, and decays
            if value.requires_grad and value.grad is None:
                value.grad = torch.zeros_like(value)
        case.set_rates(optimizer, step)
        optimizer.step()
        losses.append(loss.item())
    return case.result(losses, own.values)


main(train)
