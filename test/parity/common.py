"""What the parity scripts share: reads a run that support.ts recorded and runs its network in float64.

A script defines `train(case)`, which repeats the run in its own way and returns `case.result(losses, values)`, and ends
with `main(train)`. Everything is in PyTorch's layouts: images NCHW, kernels OIHW, dense [out, in].
"""
import json
import math
import pathlib
import struct
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

DTYPES = {"F64": ("d", 8), "F32": ("f", 4), "I32": ("i", 4), "I64": ("q", 8)}


def read_safetensors(path):
    """Tensors by name in float64; the format is 8 bytes of length, a JSON header, values (little endian)."""
    content = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        letter, size = DTYPES[entry["dtype"]]
        start, end = entry["data_offsets"]
        values = struct.unpack(f"<{(end - start) // size}{letter}", content[8 + length + start : 8 + length + end])
        tensors[name] = torch.tensor(values, dtype=torch.float64).reshape(entry["shape"])
    return tensors


def pads(size, kernel, stride, dilation, padding):
    """Rows before and after; `same` is TensorFlow's: the odd one at the end."""
    if padding == "valid":
        return 0, 0
    reach = (kernel - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def padded(x, op, kernel, value=0.0):
    padding = op["padding"]
    dilation = op.get("dilations") or [1, 1]
    if isinstance(padding, list):
        top, bottom, left, right = padding
    else:
        top, bottom = pads(x.shape[2], kernel[0], op["strides"][0], dilation[0], padding)
        left, right = pads(x.shape[3], kernel[1], op["strides"][1], dilation[1], padding)
    return F.pad(x, (left, right, top, bottom), value=value)


def avg_pool(x, op):
    """Mean over what lies inside: padding does not count."""
    ones = torch.ones_like(x[:1, :1])
    total = F.avg_pool2d(padded(x, op, op["size"]), op["size"], op["strides"], divisor_override=1)
    return total / F.avg_pool2d(padded(ones, op, op["size"]), op["size"], op["strides"], divisor_override=1)


ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": F.relu,
    "relu6": F.relu6,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "swish": F.silu,
    "elu": F.elu,
    "softmax": lambda x: F.softmax(x, 1),
}


def channels_last(x):
    return x.permute(0, 2, 3, 1) if x.dim() == 4 else x


class Network:
    """Interprets a graph of ours. `values` maps names to tensors; buffers are replaced, parameters are leaves."""

    def __init__(self, graph, values):
        self.graph = graph
        self.values = values
        self.info = {p["name"]: p for p in graph["parameters"]}

    def run(self, x, modes=None, start=None, to=None, hooks=(), transform=None, values=None, statistics=True, decide=None):
        """Output and hooked outputs. Pixels 0 to 255 NCHW, or the output of layer `start`.

        modes: batch-norm mode by layer, all frozen when left out; statistics: whether mode `train` moves the buffers.
        transform(layer, output) and decide(layer, logits) replace what a layer gives. values: instead of the own ones.
        """
        values = self.values if values is None else values
        outputs = {} if start is None else {start: x}
        begun = start is None
        last = to or self.graph["output"]
        for node in self.graph["nodes"]:
            name = node["name"]
            if not begun:
                begun = name == start
                continue
            if any(needed not in outputs for needed in node["inputs"]):
                continue  # lies beside the way from `start`
            if node["op"]["kind"] == "input":
                outputs[name] = x
            elif node["op"]["kind"] == "decide" and decide:
                outputs[name] = decide(name, outputs[node["inputs"][0]])
            else:
                mode = (modes or {}).get(name, "frozen")
                outputs[name] = self.layer(node, [outputs[i] for i in node["inputs"]], values, mode, statistics)
            if transform:
                changed = transform(name, outputs[name])
                outputs[name] = outputs[name] if changed is None else changed
            if name == last:
                break
        return outputs[last], {name: outputs[name] for name in hooks}

    def layer(self, node, inputs, values, mode, statistics):
        op, names = node["op"], node["parameters"]
        kind, x = op["kind"], inputs[0]
        w = values[names["kernel"]] if "kernel" in names else None
        bias = values[names["bias"]] if "bias" in names else None
        if kind == "normalize":
            mean, std = (torch.tensor(op[k]).reshape(1, -1, 1, 1) for k in ("mean", "std"))
            return (x - mean) / std
        if kind in ("conv2d", "depthwiseConv2d"):
            groups = x.shape[1] if kind == "depthwiseConv2d" else 1
            dilation = op.get("dilations") or [1, 1]
            return F.conv2d(padded(x, op, w.shape[2:]), w, bias, op["strides"], 0, dilation, groups)
        if kind == "dense":
            return F.linear(x, w, bias)
        if kind == "batchNorm":
            return self.batch_norm(node, x, values, mode, statistics)
        if kind == "activation":
            if op["activation"] == "leakyRelu":
                return F.leaky_relu(x, op.get("alpha", 0.3))
            return ACTIVATIONS[op["activation"]](x)
        if kind == "maxPool":
            return F.max_pool2d(padded(x, op, op["size"], -math.inf), op["size"], op["strides"])
        if kind == "avgPool":
            return avg_pool(x, op)
        if kind == "globalAveragePool":
            return x.mean((2, 3))
        if kind == "zeroPad":
            top, bottom, left, right = op["padding"]
            return F.pad(x, (left, right, top, bottom))
        if kind in ("add", "multiply"):
            for other in inputs[1:]:
                x = x + other if kind == "add" else x * other
            return x
        if kind == "concat":
            return torch.cat(inputs, 1)
        if kind == "flatten":
            return channels_last(x).flatten(1)
        if kind == "reshape":
            shaped = channels_last(x).reshape(x.shape[0], *op["shape"])
            return shaped.permute(0, 3, 1, 2) if shaped.dim() == 4 else shaped
        if kind == "dropout":
            return x
        if kind == "padChannels":
            zeros = x.new_zeros(x.shape[0], op["channels"], *x.shape[2:])
            return torch.cat([x, zeros], 1)
        if kind == "resize":
            return F.interpolate(x, tuple(op["size"]), mode="bilinear", align_corners=False)
        if kind == "hidden":
            return x[:, : op["units"]]
        if kind == "recurrentCell":
            weights = w, values[names["recurrentKernel"]], bias, values[names["recurrentBias"]]
            return recurrent_cell(op, inputs, *weights)
        if kind == "decide":
            if op["form"] == "sign":
                return (x > 0).to(x.dtype)
            pairs = x.reshape(x.shape[0], -1, 2)
            return (pairs[:, :, 1] > pairs[:, :, 0]).to(x.dtype)
        if kind == "mix":
            gates = inputs[2] if "gate" not in op else inputs[2][:, op["gate"]][:, None]
            gates = gates.reshape(*gates.shape, *([1] * (x.dim() - 2)))
            return x * (1 - gates) + inputs[1] * gates
        raise ValueError(f"no layer kind {kind}")

    def batch_norm(self, node, x, values, mode, statistics):
        op, names = node["op"], node["parameters"]
        mean, variance = values[names["mean"]], values[names["variance"]]
        gamma = values[names["gamma"]] if "gamma" in names else None
        beta = values[names["beta"]] if "beta" in names else None
        batch = mode in ("train", "train_nostats")
        if mode != "train" or not statistics:
            mean, variance = mean.clone(), variance.clone()  # F.batch_norm writes into them
        return F.batch_norm(x, mean, variance, gamma, beta, batch, op["momentum"], op["epsilon"])


def recurrent_cell(op, inputs, w_in, w_state, b_in, b_state):
    units, x = op["units"], inputs[0]
    before = inputs[1] if len(inputs) > 1 else x.new_zeros(x.shape[0], units * (2 if op["cell"] == "lstm" else 1))
    if op["cell"] == "gru":
        return torch.gru_cell(x, before, w_in, w_state, b_in, b_state)
    return torch.cat(torch.lstm_cell(x, (before[:, :units], before[:, units:]), w_in, w_state, b_in, b_state), 1)


class Case:
    """One recorded run."""

    def __init__(self, folder, told):
        folder = pathlib.Path(folder)
        self.told = told
        data = json.loads((folder / "case.json").read_text())
        self.spec, self.options, self.graph = data["spec"], data["options"], data["graph"]
        self.stages, self.phases, self.items, self.classes = (data[k] for k in ("stages", "phases", "items", "classes"))
        self.steps = data["steps"]
        self._batches = data["batches"]
        self.train = self.spec["train"]
        self.initialize, self.w0, self.noise, self.measured = (
            read_safetensors(folder / f"{name}.safetensors") for name in ("initialize", "w0", "noise", "measured")
        )
        self.pixels = read_safetensors(folder / "pixels.safetensors")["pixels"].permute(0, 3, 1, 2)
        self.labels = torch.tensor([item["label"] for item in self.items])
        self.teacher = None
        if data["teacher"]:
            self.teacher = Network(data["teacher"], read_safetensors(folder / "teacher.safetensors"))

    def mistake(self, name):
        """Whether the test asks for this deliberate mistake."""
        return self.told.get("mistake") == name

    def network(self):
        """The run's network with the values before step 0; what some phase trains are leaves with gradients."""
        trained = {name for phase in self.phases for name in phase["trained"]}
        values = {n: v.clone().requires_grad_(n in trained) for n, v in self.initialize.items()}
        return Network(self.graph, values)

    def batches(self):
        """By step: a list of (images, labels, positions), one for each accumulated batch."""
        for step in self._batches:
            yield [(self.pixels[i], self.labels[i], i) for i in (torch.tensor(items) for items in step)]

    def split(self, name):
        """Images and labels of a split, in order."""
        chosen = torch.tensor([i for i, item in enumerate(self.items) if item["split"] == name])
        return self.pixels[chosen], self.labels[chosen]

    def phase(self, step):
        return next(p for p in self.phases if p["from"] <= step < p["to"])

    def factor(self, step, start=0, total=None):
        """Of the schedule on the base rates: warm-up, then constant or cosine; a curve from `start` over `total`."""
        schedule = self.train["schedule"]
        total, step = total or self.steps, step - start
        warm = math.floor(schedule["warmup"] * total + 0.5)
        if step < warm:
            return (step + 1) / warm
        if schedule["name"] == "constant":
            return 1.0
        if schedule["name"] == "cosine":
            return (1 + math.cos(math.pi * min(1, (step - warm) / max(1, total - warm)))) / 2
        raise ValueError(f"write the schedule {schedule['name']} here first")

    def rate(self, name, head_factor=10):
        """Base rate of a parameter of the network: the head's is ten times the backbone's."""
        optimizer = self.train["optimizer"]
        info = next(p for p in self.graph["parameters"] if p["name"] == name)
        if info["pretrained"]:
            return optimizer["rate"]
        return optimizer.get("headRate", optimizer["rate"] * head_factor)

    def optimizer(self, net, names=None, rate=None, decay=None, spec=None):
        """PyTorch's own optimizer, a group for each parameter; `group["base"]` is its rate before the schedule.

        names: default all that train; rate(name), decay(name): instead of the run file's; spec: another optimizer's.
        """
        o = spec or self.train["optimizer"]
        names = names or [n for n, v in net.values.items() if v.requires_grad]
        groups = []
        for name in names:
            base = rate(name) if rate else self.rate(name)
            own = decay(name) if decay else o["weightDecay"]
            groups.append({"params": [net.values[name]], "base": base, "lr": base, "weight_decay": own})
        return make_optimizer(o, groups)

    def set_rates(self, optimizer, step, **curve):
        factor = self.factor(step, **curve)
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * factor

    def clip(self, net):
        norm = self.train["optimizer"].get("clipNorm")
        if norm is not None:
            torch.nn.utils.clip_grad_norm_([v for v in net.values.values() if v.grad is not None], norm)

    def result(self, losses, values, extra=None):
        flat = {name: v.detach().flatten().tolist() for name, v in values.items()}
        return {"losses": [float(loss) for loss in losses], "values": flat, "extra": extra}


def make_optimizer(o, groups):
    if o["name"] == "sgd":
        return torch.optim.SGD(groups, lr=1, momentum=o["momentum"], nesterov=o["nesterov"])
    kind = torch.optim.Adam if o["name"] == "adam" else torch.optim.AdamW
    return kind(groups, lr=1, betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])


def cross_entropy(logits, labels):
    return F.cross_entropy(logits, labels)


def main(train):
    """Repeats every case of stdin and writes the results to stdout."""
    results = [train(Case(**case)) for case in json.load(sys.stdin)]
    json.dump(results, sys.stdout)
