"""Full fine-tuning of the packaged demo in PyTorch: what the shipped split is worth, over seeds.

/usr/bin/python3 test/reference/demo.py [SEEDS] prints one JSON line a seed, then the mean. Needs torch, Pillow,
scikit-learn. The recipe is examples' "full": 60 steps of 20 images, AdamW, running statistics, white fill.
"""
import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.metrics import balanced_accuracy_score

import network_files as files
import network_models as models

MEDIA = Path(__file__).parents[2] / "media" / "packaged"
STEPS, BATCH, RATE, HEAD_RATE, DECAY, WARM = 60, 20, 3e-4, 3e-3, 1e-4, 6
torch.set_num_threads(1)


def read(split):
    images, labels = [], []
    for label, folder in enumerate(sorted((MEDIA / "drawings" / split).iterdir())):
        for path in sorted(folder.glob("*.png")):
            image = Image.open(path).convert("RGBA")
            page = Image.new("RGBA", image.size, "white")
            page.alpha_composite(image)
            images.append(np.asarray(page.convert("RGB")))
            labels.append(label)
    return torch.from_numpy(np.stack(images)).float().permute(0, 3, 1, 2), torch.tensor(labels)


def augment(x):
    n = len(x)
    angle = (torch.rand(n) * 2 - 1) * math.radians(15)
    scale = 1 / (0.85 + 0.3 * torch.rand(n))
    flip = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    shift = (torch.rand(n, 2) * 2 - 1) * 0.16
    cos, sin = scale * angle.cos(), scale * angle.sin()
    theta = torch.stack([torch.stack([flip * cos, -sin, shift[:, 0]], 1), torch.stack([flip * sin, cos, shift[:, 1]], 1)], 1)
    grid = F.affine_grid(theta, x.shape, align_corners=False)
    # zeros outside stand for white once the picture is inverted
    return 255 - F.grid_sample(255 - x, grid, align_corners=False)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = models.EfficientNetLite0(10, 6)
        weights = files.load(MEDIA / "network" / "efficientnet-lite0.safetensors")
        self.backbone.load_state_dict({name: value.float() for name, value in weights.items()}, strict=False)
        self.head = torch.nn.Linear(192, 10)
        torch.nn.init.normal_(self.head.weight, std=0.01)
        torch.nn.init.zeros_(self.head.bias)

    def forward(self, x):
        features = self.backbone((x - 127) / 128).mean((2, 3))
        return self.head(F.dropout(features, 0.2, self.training))


def tune(seed, train, test):
    torch.manual_seed(seed)
    net = Net()
    groups = [{"params": net.backbone.parameters(), "lr": RATE}, {"params": net.head.parameters(), "lr": HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=DECAY)
    curve = lambda t: (t + 1) / WARM if t < WARM else (1 + math.cos(math.pi * (t - WARM) / (STEPS - WARM))) / 2
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, curve)
    net.train()
    net.backbone.eval()
    order = torch.cat([torch.randperm(len(train[0])) for _ in range(math.ceil(STEPS * BATCH / len(train[0])))])
    for batch in order.split(BATCH)[:STEPS]:
        loss = F.cross_entropy(net(augment(train[0][batch])), train[1][batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    net.eval()
    with torch.no_grad():
        predicted = torch.cat([net(part).argmax(1) for part in test[0].split(32)])
    return balanced_accuracy_score(test[1], predicted)


train, test = read("train"), read("test")
results = []
for seed in range(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
    results.append(tune(seed, train, test))
    print(json.dumps({"seed": seed, "balancedAccuracy": results[-1]}), flush=True)
spread = np.std(results, ddof=1) if len(results) > 1 else None
print(json.dumps({"seeds": len(results), "mean": np.mean(results), "std": spread}))
