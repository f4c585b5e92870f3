"""Values, first and second derivatives of the back end's ops in float64 PyTorch.

Reads {"cases": [{"op", "attributes", "inputs": [{"shape", "values"}], "weights", "directions"}]} on stdin and writes
[{"value", "first": [...], "second": [...]}]: first = d/dx sum(value * weights), second = d/dx sum(first * directions).
"""

import json
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def same(size, window, stride):
    total = max(0, (-(-size // stride) - 1) * stride + window - size)
    return total // 2, total - total // 2


def pads(padding, size, window, strides):
    if padding == "valid":
        return 0, 0, 0, 0
    if padding == "same":
        return (*same(size[0], window[0], strides[0]), *same(size[1], window[1], strides[1]))
    return tuple(padding)


def channels_first(x):
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def padded(x, a, window, value=0.0):
    t, b, l, r = pads(a["padding"], x.shape[1:3], window, a["strides"])
    return F.pad(channels_first(x), (l, r, t, b), value=value)


def conv2d(a, x, w, b=None):
    return channels_last(F.conv2d(padded(x, a, w.shape[:2]), w.permute(3, 2, 0, 1), b, tuple(a["strides"])))


def depthwise(a, x, w, b=None):
    kh, kw, c, m = w.shape
    kernel = w.permute(2, 3, 0, 1).reshape(c * m, 1, kh, kw)
    return channels_last(F.conv2d(padded(x, a, w.shape[:2]), kernel, b, tuple(a["strides"]), groups=c))


def follow(z, kind):
    return {"linear": lambda v: v, "relu": F.relu, "relu6": F.relu6}[kind](z)


def batch_norm_train(a, x, gamma, beta):
    axes = tuple(range(x.dim() - 1))
    mean = x.mean(axes)
    variance = x.var(axes, unbiased=False)
    y = follow((x - mean) / torch.sqrt(variance + a["epsilon"]) * gamma + beta, a["activation"])
    return torch.cat([y.reshape(-1), mean, variance])


def batch_norm_eval(a, x, gamma, beta, mean, variance):
    return follow((x - mean) / torch.sqrt(variance + a["epsilon"]) * gamma + beta, a["activation"])


def avg_pool(a, x):
    size, strides = tuple(a["size"]), tuple(a["strides"])
    total = F.avg_pool2d(padded(x, a, size), size, strides) * (size[0] * size[1])
    count = F.avg_pool2d(padded(torch.ones_like(x), a, size), size, strides) * (size[0] * size[1])
    return channels_last(total / count)


OPS = {
    "conv2d": conv2d,
    "depthwiseConv2d": depthwise,
    "dense": lambda a, x, w, b: x @ w + b,
    "matMul": lambda a, x, y: (x.mT if a["ta"] else x) @ (y.mT if a["tb"] else y),
    "biasAdd": lambda a, x, b: x + b,
    "batchNormTrain": batch_norm_train,
    "batchNormEval": batch_norm_eval,
    "relu": lambda a, x: F.relu(x),
    "relu6": lambda a, x: F.relu6(x),
    "sigmoid": lambda a, x: torch.sigmoid(x),
    "tanh": lambda a, x: torch.tanh(x),
    "swish": lambda a, x: F.silu(x),
    "elu": lambda a, x: F.elu(x),
    "leakyRelu": lambda a, x: F.leaky_relu(x, a["alpha"]),
    "softmax": lambda a, x: torch.softmax(x, -1),
    "logSoftmax": lambda a, x: torch.log_softmax(x, -1),
    "softmaxCrossEntropy": lambda a, x: F.cross_entropy(x, torch.tensor(a["labels"])),
    "logSumExp": lambda a, x: torch.logsumexp(x, -1),
    "maxPool": lambda a, x: channels_last(
        F.max_pool2d(padded(x, a, a["size"], -float("inf")), tuple(a["size"]), tuple(a["strides"]))
    ),
    "avgPool": avg_pool,
    "globalAveragePool": lambda a, x: x.mean((1, 2)),
    "zeroPad": lambda a, x: channels_last(F.pad(channels_first(x), (a["pad"][2], a["pad"][3], a["pad"][0], a["pad"][1]))),
    "resizeBilinear": lambda a, x: channels_last(
        F.interpolate(channels_first(x), tuple(a["size"]), mode="bilinear", align_corners=False)
    ),
    "add": lambda a, x, y: x + y,
    "multiply": lambda a, x, y: x * y,
    "concat": lambda a, *parts: torch.cat(parts, a["axis"]),
    "reshape": lambda a, x: x.reshape(a["shape"]),
    "flatten": lambda a, x: x.flatten(1),
    "exp": lambda a, x: torch.exp(x),
    "log": lambda a, x: torch.log(x),
    "sqrt": lambda a, x: torch.sqrt(x),
    "rsqrt": lambda a, x: torch.rsqrt(x),
    "square": lambda a, x: x * x,
    "abs": lambda a, x: x.abs(),
    "sum": lambda a, x: x.sum(tuple(a["axes"]), keepdim=a["keep"]),
    "mean": lambda a, x: x.mean(tuple(a["axes"]), keepdim=a["keep"]),
    "mix": lambda a, x, y, g: (lambda s: x * (1 - s) + y * s)(
        g.reshape(g.shape[0], *[1] * (x.dim() - 2), g.shape[1])
    ),
    "gather": lambda a, x: x[torch.tensor(a["indices"])],
    "mapDistance": lambda a, x, y: ((x - y) ** 2).mean((1, 2)),
    "channels.sum": lambda a, x: x.sum((0, 1, 2)),
    "channels.dot": lambda a, x, y: (x * y).sum((0, 1, 2)),
    "channels.scale": lambda a, x, s: x * s,
    # tfjs's own functions, of which strategies build their losses
    "tf.sub": lambda a, x, y: x - y,
    "tf.div": lambda a, x, y: x / y,
    "tf.pow": lambda a, x: x ** a["power"],
    "tf.maximum": lambda a, x, y: torch.maximum(x, y),
    "tf.minimum": lambda a, x, y: torch.minimum(x, y),
    "tf.max": lambda a, x: x.amax(a["axis"]),
    "tf.where": lambda a, x, y: torch.where(x > y, x * x, y),
    "tf.clip": lambda a, x: x.clamp(a["low"], a["high"]),
    "tf.squaredDifference": lambda a, x, y: (x - y) ** 2,
    "tf.transpose": lambda a, x: x.permute(a["perm"]),
    "tf.slice": lambda a, x: x[1:3, 2:5],
    "tf.stack": lambda a, x, y: torch.stack([x, y], 1),
    "tf.unstack": lambda a, x: x[:, 0] * x[:, 1],
    "tf.split": lambda a, x: x[:, :2] * x[:, 2:],
    "tf.tile": lambda a, x: x.repeat(a["reps"]),
    "tf.reverse": lambda a, x: x.flip(a["axis"]),
    "tf.gather": lambda a, x: x.index_select(a["axis"], torch.tensor(a["indices"])),
    "tf.addN": lambda a, x, y: x + y + x,
    "tf.softplus": lambda a, x: F.softplus(x),
    "tf.softmax": lambda a, x: torch.softmax(x, -1),
    "tf.sigmoid": lambda a, x: torch.sigmoid(x),
    "tf.tanh": lambda a, x: torch.tanh(x),
    "tf.exp": lambda a, x: torch.exp(x),
    "tf.sqrt": lambda a, x: torch.sqrt(x),
    "tf.log": lambda a, x: torch.log(x),
    "tf.norm": lambda a, x: x.norm(),
}


def tensor(spec):
    return torch.tensor(spec["values"], dtype=torch.float64).reshape(spec["shape"])


def run(case):
    inputs = [tensor(i).requires_grad_() for i in case["inputs"]]
    value = OPS[case["op"]](case["attributes"], *inputs)
    weights = torch.tensor(case["weights"]).reshape(-1)
    first = torch.autograd.grad((value.reshape(-1) * weights).sum(), inputs, create_graph=True)
    total = sum((g.reshape(-1) * torch.tensor(d)).sum() for g, d in zip(first, case["directions"]))
    if total.requires_grad:
        second = torch.autograd.grad(total, inputs, allow_unused=True)
    else:
        second = [None] * len(inputs)
    flat = lambda t: (torch.zeros(t.shape) + t.detach()).reshape(-1).tolist()
    return {
        "value": flat(value),
        "first": [flat(g) for g in first],
        "second": [flat(g) if g is not None else [0.0] * x.numel() for g, x in zip(second, inputs)],
    }


print(json.dumps([run(case) for case in json.load(sys.stdin)["cases"]]))
