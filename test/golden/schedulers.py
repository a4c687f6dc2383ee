# Writes schedulers/: a small pipeline as diffusers saves it, and what DDPMScheduler and DDIMScheduler draw with it from given noise.
# Run with torch 2.15.0, diffusers 0.42.1 and safetensors 0.8.0, on the CPU; the golden file's metadata name the versions that wrote it.
import json
from pathlib import Path
from shutil import rmtree

import diffusers
import torch
from diffusers.schedulers import scheduling_ddpm
from safetensors.torch import save_file

FOLDER = Path(__file__).with_suffix("")
STEPS = 50

NETWORK = {
    "sample_size": 8,
    "in_channels": 1,
    "out_channels": 1,
    "layers_per_block": 1,
    "block_out_channels": [8, 8],
    "down_block_types": ["DownBlock2D", "AttnDownBlock2D"],
    "up_block_types": ["AttnUpBlock2D", "UpBlock2D"],
    "norm_num_groups": 4,
    "attention_head_dim": 4,
}

# The betas of a chain of 50 that forgets the data as far as DDPM's of 1000 does.
COMMON = {"num_train_timesteps": STEPS, "beta_start": 0.002, "beta_end": 0.4, "clip_sample": False}
DDPM = {"_class_name": "DDPMScheduler"} | COMMON
DDIM = {"_class_name": "DDIMScheduler"} | COMMON

# Each: the scheduler, how many steps, and eta.
CASES = {
    "ddpm fixed_small": (DDPM, 50, 0),
    "ddpm fixed_large": (DDPM | {"variance_type": "fixed_large"}, 50, 0),
    "ddpm fixed_small respaced": (DDPM, 10, 0),
    "ddpm fixed_large respaced": (DDPM | {"variance_type": "fixed_large"}, 10, 0),
    # 7 does not divide 50.
    "ddpm trailing": (DDPM | {"timestep_spacing": "trailing"}, 7, 0),
    "ddpm linspace": (DDPM | {"timestep_spacing": "linspace"}, 7, 0),
    "ddpm leading": (DDPM, 7, 0),
    "ddim eta 0": (DDIM, 10, 0),
    "ddim eta 1": (DDIM, 10, 1),
    "ddim eta 0 set_alpha_to_one false": (DDIM | {"set_alpha_to_one": False}, 10, 0),
    "ddim eta 1 set_alpha_to_one false": (DDIM | {"set_alpha_to_one": False}, 10, 1),
    "ddim trailing": (DDIM | {"timestep_spacing": "trailing"}, 10, 0),
    "ddim v_prediction": (DDIM | {"prediction_type": "v_prediction"}, 10, 0),
    "ddim sample": (DDIM | {"prediction_type": "sample"}, 10, 0),
    "ddpm squaredcos_cap_v2": (DDPM | {"beta_schedule": "squaredcos_cap_v2"}, 10, 0),
    "ddpm clip_sample": (DDPM | {"clip_sample": True}, 10, 0),
    "ddim clip_sample": (DDIM | {"clip_sample": True}, 10, 0),
    "ddim scaled_linear": (DDIM | {"beta_schedule": "scaled_linear"}, 10, 0.5),
}


def train(unet, config, steps=400, batch=64):
    """Learns to tell noise from data that are noise of half its size: a network that knows nothing draws images in the hundreds."""
    scheduler = open_scheduler(config)
    optimizer = torch.optim.Adam(unet.parameters(), 1e-2)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 1e-2 * (1 - step / steps)
        data, noise = torch.randn(batch, 1, 8, 8) / 2, torch.randn(batch, 1, 8, 8)
        t = torch.randint(STEPS, (batch,))
        loss = torch.nn.functional.mse_loss(unet(scheduler.add_noise(data, noise, t), t).sample, noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"loss {loss.item():.3f}")


def open_scheduler(config):
    return getattr(diffusers, config["_class_name"]).from_config(config)


def take(scheduler, output, t, x, eta, noise):
    """One step with this noise; DDPMScheduler draws its own, so its generator is replaced."""
    if isinstance(scheduler, diffusers.DDIMScheduler):
        # Where the image is clipped the noise follows from it, as it does at langevin; elsewhere it changes nothing.
        options = {"use_clipped_model_output": True, "variance_noise": noise if eta > 0 else None}
        return scheduler.step(output, t, x, eta=eta, **options).prev_sample
    scheduling_ddpm.randn_tensor = lambda *_, **__: noise
    return scheduler.step(output, t, x).prev_sample


@torch.no_grad()
def draw(unet, config, steps, eta, start, noises):
    """x_t after every step, [steps, N, C, H, W]."""
    scheduler = open_scheduler(config)
    scheduler.set_timesteps(steps)
    x, path = start, []
    for t, noise in zip(scheduler.timesteps, noises):
        x = take(scheduler, unet(x, t).sample, t, x, eta, noise)
        path.append(x)
    return torch.stack(path)


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    torch.manual_seed(7)
    rmtree(FOLDER, ignore_errors=True)
    unet = diffusers.UNet2DModel(**NETWORK)
    train(unet, DDPM)
    diffusers.DDPMPipeline(unet, open_scheduler(DDPM)).save_pretrained(FOLDER / "pipeline")
    start, noises = torch.randn(2, 1, 8, 8), torch.randn(STEPS, 2, 1, 8, 8)
    paths = {name: draw(unet, *case, start, noises) for name, case in CASES.items()}
    cases = {name: {"scheduler": config, "steps": steps, "eta": eta} for name, (config, steps, eta) in CASES.items()}
    # One key only: the order of several is not the same in every run, and so neither would the file be.
    versions = {"torch": torch.__version__, "diffusers": diffusers.__version__}
    save_file(
        {"start": start, "noises": noises, **paths},
        FOLDER / "schedulers.golden.safetensors",
        metadata={"cases": json.dumps({"versions": versions, "cases": cases})},
    )
