"""The packaged linear probe by PyTorch, Pillow and scikit-learn, on the shipped split of drawings.

Run once, and again when the packaged network or drawings change:
/usr/bin/python3 test/reference/probe.py | npx prettier --parser json > test/reference/probe.json
"""
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.preprocessing import StandardScaler

import network_files as files
import network_models as models

MEDIA = Path(__file__).parents[2] / "media" / "packaged"
L2 = 0.1

net = models.EfficientNetLite0(10, 6)
weights = files.load(MEDIA / "network" / "efficientnet-lite0.safetensors")
net.load_state_dict({name: value.double() for name, value in weights.items()}, strict=False)
net.double().eval()


def read(split):
    folders = sorted((MEDIA / "drawings" / split).iterdir())
    images, labels = [], []
    for label, folder in enumerate(folders):
        for path in sorted(folder.glob("*.png")):
            image = Image.open(path).convert("RGBA")
            page = Image.new("RGBA", image.size, "white")
            page.alpha_composite(image)
            images.append(np.asarray(page.convert("RGB")))
            labels.append(label)
    return np.stack(images), np.array(labels)


def features(images):
    x = (torch.from_numpy(images.astype(np.float64)).permute(0, 3, 1, 2) - 127) / 128
    with torch.no_grad():
        return torch.cat([net(part).mean((2, 3)) for part in x.split(32)]).numpy()


images, labels = read("train")
train = np.concatenate([features(images), features(images[:, :, ::-1].copy())])
both = np.concatenate([labels, labels])
scaler = StandardScaler().fit(train)
model = LogisticRegression(C=1 / (L2 * len(both)), max_iter=10_000, tol=1e-10).fit(scaler.transform(train), both)
images, labels = read("test")
p = model.predict_proba(scaler.transform(features(images)))
print(json.dumps({
    "count": len(labels),
    "l2": L2,
    "accuracy": (p.argmax(1) == labels).mean(),
    "balancedAccuracy": balanced_accuracy_score(labels, p.argmax(1)),
    "logLoss": log_loss(labels, p),
}))
