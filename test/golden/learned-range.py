# Writes learned-range/: a small pipeline with learned variances as diffusers saves it, and what DDPMScheduler draws with it from given noise.
# Run with torch 2.15.0, diffusers 0.42.1 and safetensors 0.8.0, on the CPU; the golden file's metadata name the versions that wrote it.
import json
from pathlib import Path
from shutil import rmtree

import diffusers
import torch
from safetensors.torch import save_file
from schedulers import COMMON, NETWORK, STEPS, draw, open_scheduler

FOLDER = Path(__file__).with_suffix("")

LEARNED = {"_class_name": "DDPMScheduler", "variance_type": "learned_range"} | COMMON | {"clip_sample": True}

# Each: the scheduler and how many steps.
CASES = {
    "learned_range": (LEARNED, 50),
    "learned_range respaced": (LEARNED, 10),
    "learned_range squaredcos_cap_v2": (LEARNED | {"beta_schedule": "squaredcos_cap_v2"}, 10),
}

if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    torch.manual_seed(9)
    rmtree(FOLDER, ignore_errors=True)
    # Images are clipped, so a network that knows nothing will do; its variances are all over the range, and beyond it.
    unet = diffusers.UNet2DModel(**NETWORK | {"out_channels": 2})
    with torch.no_grad():
        unet.conv_out.weight[1] *= 2
    diffusers.DDPMPipeline(unet, open_scheduler(LEARNED)).save_pretrained(FOLDER / "pipeline")
    start, noises = torch.randn(2, 1, 8, 8), torch.randn(STEPS, 2, 1, 8, 8)
    paths = {name: draw(unet, config, steps, 0, start, noises) for name, (config, steps) in CASES.items()}
    cases = {name: {"scheduler": config, "steps": steps} for name, (config, steps) in CASES.items()}
    # One key only: the order of several is not the same in every run, and so neither would the file be.
    versions = {"torch": torch.__version__, "diffusers": diffusers.__version__}
    save_file(
        {"start": start, "noises": noises, **paths},
        FOLDER / "learned-range.golden.safetensors",
        metadata={"cases": json.dumps({"versions": versions, "cases": cases})},
    )
