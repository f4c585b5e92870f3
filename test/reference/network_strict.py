"""network_strict.py FOLDER '{"model", "classes"}': loads model.safetensors with strict=True and runs pixels.safetensors."""

import json
import sys

import torch

import network_files as files
import network_models as models

torch.set_num_threads(1)
folder, job = sys.argv[1], json.loads(sys.argv[2])
net, mean, std = models.create(job["model"], job["classes"])
net.load_state_dict(files.load(f"{folder}/model.safetensors"), strict=True)
pixels = files.load(f"{folder}/pixels.safetensors")["pixels"].double()
x = ((pixels - torch.tensor(mean).double()) / torch.tensor(std).double()).permute(0, 3, 1, 2)
with torch.no_grad():
    files.save(f"{folder}/logits.safetensors", {"logits": net.double().eval()(x)})
