# The same training step and evaluation by PyTorch and diffusers, one line of JSON per command on standard input.
# Usage: peer.py <folder> <threads>; the folder holds unet/, problem.safetensors and settings.json.
import json
import resource
import sys
import time
from pathlib import Path

import torch
from diffusers import UNet2DModel
from safetensors.torch import load_file

folder = Path(sys.argv[1])
torch.set_num_threads(int(sys.argv[2]))
unet = UNet2DModel.from_pretrained(folder / "unet")
problem = load_file(folder / "problem.safetensors")
settings = json.loads((folder / "settings.json").read_text())
parameters = list(unet.parameters())
average = [parameter.detach().clone() for parameter in parameters]
optimizer = torch.optim.AdamW(
    parameters,
    lr=settings["learningRate"],
    betas=tuple(settings["betas"]),
    eps=settings["epsilon"],
    weight_decay=settings["weightDecay"],
)


def column(name):
    return problem[name].reshape(-1, 1, 1, 1)


def network(noisy):
    return unet(column("c_in") * noisy, problem["c_noise"]).sample


def step():
    noisy = problem["x"] + column("sigma") * problem["z"]
    score = column("s_skip") * noisy + column("s_out") * network(noisy)
    squares = (score + problem["z"] / column("sigma")).square().flatten(1).mean(1)
    loss = (problem["weight"] * squares).mean() / 2
    optimizer.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(parameters, settings["clipNorm"])
    optimizer.step()
    torch._foreach_lerp_(average, [parameter.detach() for parameter in parameters], 1 - settings["emaDecay"])
    return {"loss": loss.item(), "norm": norm.item()}


def evaluation():
    with torch.no_grad():
        denoised = column("c_skip") * problem["x"] + column("c_out") * network(problem["x"])
    return {"denoised": denoised.flatten()[:1000].tolist()}


def processor():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


works = {"step": step, "evaluation": evaluation}
print(json.dumps({"torch": torch.__version__}), flush=True)
for line in sys.stdin:
    used, began = processor(), time.perf_counter()
    answer = works[line.strip()]()
    wall, cpu = time.perf_counter() - began, processor() - used
    print(json.dumps({"wall": 1000 * wall, "cpu": 1000 * cpu, **answer}), flush=True)
