# Writes unet2d/*.safetensors: weights, outputs, losses and gradients of small diffusers UNet2DModel networks.
# Run with torch 2.15.0, diffusers 0.42.1 and safetensors 0.8.0, on the CPU; each golden file's config names the versions that wrote it.
import json
import math
import tempfile
import zlib
from pathlib import Path
from shutil import copyfile

import diffusers
import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).with_suffix("")

# Two channels at least in every group: alone in its group, a channel's bias before the norm has no gradient but rounding.
SMALL = {
    "sample_size": [8, 12],
    "in_channels": 1,
    "out_channels": 1,
    "layers_per_block": 1,
    "block_out_channels": [4, 8],
    "down_block_types": ["DownBlock2D", "AttnDownBlock2D"],
    "up_block_types": ["AttnUpBlock2D", "UpBlock2D"],
    "norm_num_groups": 2,
    "attention_head_dim": 4,
}

# Each: what differs from SMALL, and the inputs besides the images.
VARIANTS = {
    "tiny": (
        {"sample_size": 28, "block_out_channels": [16, 32], "norm_num_groups": 8, "attention_head_dim": 8},
        {"timestep": [10.0, 731.5]},
    ),
    "google": (
        {
            "sample_size": [16, 12],
            "block_out_channels": [4, 8, 8],
            "down_block_types": ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D"],
            "up_block_types": ["UpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
            "downsample_padding": 0,
            "flip_sin_to_cos": False,
            "freq_shift": 1,
            "norm_eps": 1e-6,
            "attention_head_dim": None,
        },
        {"timestep": [0.0, 999.0]},
    ),
    "class-conditional": ({"num_class_embeds": 10}, {"timestep": [10.0, 731.5], "class_labels": [3.0, 9.0]}),
    "scale-shift": ({"resnet_time_scale_shift": "scale_shift"}, {"timestep": [10.0, 731.5]}),
    "fourier": ({"time_embedding_type": "fourier"}, {"timestep": [0.25, 12.5]}),
    "gelu": (
        {"in_channels": 3, "out_channels": 3, "layers_per_block": 2, "act_fn": "gelu", "add_attention": False},
        {"timestep": [10.0, 731.5]},
    ),
    "mid-options": (
        {
            "center_input_sample": True,
            "time_embedding_dim": 12,
            "act_fn": "mish",
            "mid_block_scale_factor": math.sqrt(2),
            "attn_norm_num_groups": 4,
        },
        {"timestep": [10.0, 731.5]},
    ),
    "no-mid": ({"in_channels": 3, "act_fn": "relu", "mid_block_type": None}, {"timestep": [10.0, 731.5]}),
}


def perturb(model):
    """Moves biases and norm weights off their initial values, so that a forgotten one shows."""
    for parameter in model.parameters():
        if parameter.requires_grad and parameter.ndim == 1:
            parameter.data += 0.2 * torch.randn_like(parameter)


def save_weights(model, path):
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        copyfile(Path(folder) / "diffusion_pytorch_model.safetensors", path)


def random_images(model):
    """A sample and a target, two images each."""
    config = model.config
    size = config.sample_size
    height, width = size if isinstance(size, (list, tuple)) else (size, size)
    return (torch.randn(2, channels, height, width) for channels in (config.in_channels, config.out_channels))


def evaluate(model, sample, target, inputs):
    """The golden tensors: inputs, output, mean squared error and its gradient by every trained parameter."""
    labels = inputs.get("class_labels")
    output = model(sample, inputs["timestep"], None if labels is None else labels.long()).sample
    loss = torch.nn.functional.mse_loss(output, target)
    loss.backward()
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    return {
        "sample": sample,
        "target": target,
        **inputs,
        "output": output.detach(),
        "loss": loss.detach(),
        **{f"grad.{name}": parameter.grad for name, parameter in trained.items()},
    }


def write(name, changes, inputs):
    torch.manual_seed(zlib.crc32(name.encode()))
    model = diffusers.UNet2DModel(**SMALL | changes)
    perturb(model)
    sample, target = random_images(model)
    golden = evaluate(model, sample, target, {key: torch.tensor(value) for key, value in inputs.items()})
    save_weights(model, FOLDER / f"{name}.weights.safetensors")
    # One key only: the order of several is not the same in every run, and so neither would the file be.
    config = json.loads(model.to_json_string()) | {"_torch_version": torch.__version__}
    save_file(golden, FOLDER / f"{name}.golden.safetensors", metadata={"config": json.dumps(config)})


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    for variant, (changes, inputs) in VARIANTS.items():
        write(variant, changes, inputs)
