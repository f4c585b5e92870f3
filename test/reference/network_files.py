"""Safetensors without the package, for Debian's Python: what the parity tests read and write."""

import json
import struct

import numpy as np
import torch

NAMES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4"}
CODES = {np.dtype(code): name for name, code in NAMES.items()}


def save(path, tensors):
    """name -> tensor or array, in their own types."""
    header, parts, offset = {}, [], 0
    for name, value in tensors.items():
        array = np.ascontiguousarray(value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value)
        data = array.tobytes()
        shape = list(value.shape)
        header[name] = {"dtype": CODES[array.dtype], "shape": shape, "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def load(path):
    """name -> tensor."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    out = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        kind = np.dtype(NAMES[entry["dtype"]])
        array = np.frombuffer(data, kind, (end - start) // kind.itemsize, 8 + length + start)
        out[name] = torch.from_numpy(array.reshape(entry["shape"]).copy())
    return out
