# The networks of the problem's folder in PyTorch: diffusers' U-Net, or the perceptron of models/mlp.ts.
import json

import torch
from diffusers import UNet2DModel
from safetensors.torch import load_file
from torch import nn

activations = {"silu": nn.functional.silu, "softplus": nn.functional.softplus, "tanh": torch.tanh}


class Mlp(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.act = activations[config["act_fn"]]
        features = config["in_features"]
        seen = features * (1 + 2 * len(config["frequencies"])) + 9 * config["noise_conditional"]
        widths = [seen, *config["hidden"]]
        self.hidden = nn.ModuleList([nn.Linear(a, b) for a, b in zip(widths, widths[1:])])
        self.out = nn.Linear(widths[-1], features)
        self.register_buffer("waves", torch.tensor([2.0, 4.0, 8.0, 16.0]), persistent=False)

    def forward(self, x, noise):
        waves = [wave(w * x) for w in self.config["frequencies"] for wave in (torch.sin, torch.cos)]
        told = [self.told(noise)] if self.config["noise_conditional"] else []
        h = torch.cat([x, *waves, *told], 1)
        for i, layer in enumerate(self.hidden):
            out = self.act(layer(h))
            h = h + out if i > 0 and h.shape == out.shape else out
        return self.out(h)

    def told(self, noise):
        column = (noise * self.config.get("noise_scale", 1)).reshape(-1, 1)
        angles = column * self.waves
        return torch.cat([column, angles.sin(), angles.cos()], 1)


class Unet(nn.Module):
    def __init__(self, folder):
        super().__init__()
        self.unet = UNet2DModel.from_pretrained(folder)

    def forward(self, x, noise):
        return self.unet(x, noise).sample


def open_network(folder):
    if (folder / "unet").exists():
        return Unet(folder / "unet")
    network = Mlp(json.loads((folder / "mlp" / "config.json").read_text()))
    network.load_state_dict(load_file(folder / "mlp" / "diffusion_pytorch_model.safetensors"))
    return network
