# Who solves the problem and how: each opens the folder and answers a function that does the work once and returns its numbers.
import json

import torch
from diffusers import DDIMPipeline, DDIMScheduler, DDPMScheduler, UNet2DModel
from diffusers.pipelines.ddim import pipeline_ddim
from diffusers.training_utils import EMAModel
from safetensors.torch import load_file
from torch.nn import functional as F

from networks import open_network


class Problem:
    def __init__(self, folder):
        self.tensors = load_file(folder / "problem.safetensors")
        self.settings = json.loads((folder / "settings.json").read_text())
        self.x, self.z = self.tensors["x"], self.tensors["z"]

    def column(self, name):
        """One number for each sample, to multiply those by."""
        return self.tensors[name].reshape(-1, *[1] * (self.x.dim() - 1))

    def adamw(self, parameters, **more):
        settings = self.settings
        return torch.optim.AdamW(
            parameters,
            lr=settings["learningRate"],
            betas=tuple(settings["betas"]),
            eps=settings["epsilon"],
            weight_decay=settings["weightDecay"],
            **more,
        )


def training(folder, prepare=lambda network: network, **optimizing):
    """A step of denoising score matching with a moving average of the weights."""
    problem = Problem(folder)
    x, z, sigma = problem.x, problem.z, problem.column("sigma")
    network = open_network(folder)
    parameters = list(network.parameters())
    average = [parameter.detach().clone() for parameter in parameters]
    optimizer = problem.adamw(parameters, **optimizing)
    predict = prepare(network)

    def step():
        noisy = x + sigma * z
        predicted = predict(problem.column("c_in") * noisy, problem.tensors["c_noise"])
        score = problem.column("s_skip") * noisy + problem.column("s_out") * predicted
        squares = (score + z / sigma).square().flatten(1).mean(1)
        loss = (problem.tensors["weight"] * squares).mean() / 2
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, problem.settings["clipNorm"])
        optimizer.step()
        weights = [parameter.detach() for parameter in parameters]
        torch._foreach_lerp_(average, weights, 1 - problem.settings["emaDecay"])
        return torch.stack([loss.detach(), norm])

    return step


def evaluating(folder, prepare=lambda network: network):
    """The denoised samples."""
    problem = Problem(folder)
    predict = prepare(open_network(folder))

    @torch.no_grad()
    def evaluate():
        predicted = predict(problem.column("c_in") * problem.x, problem.tensors["c_noise"])
        return problem.column("c_skip") * problem.x + problem.column("c_out") * predicted

    return evaluate


def training_example(folder):
    """The loop of diffusers' examples/unconditional_image_generation, at our settings and half its loss, which is ours."""
    problem = Problem(folder)
    unet = UNet2DModel.from_pretrained(folder / "unet").train()
    scheduler = DDPMScheduler.from_pretrained(folder / "scheduler")
    optimizer = problem.adamw(unet.parameters())
    average = EMAModel(
        unet.parameters(),
        decay=problem.settings["emaDecay"],
        use_ema_warmup=True,
        power=3 / 4,
        model_cls=UNet2DModel,
        model_config=unet.config,
    )
    timesteps = problem.tensors["c_noise"].long()

    def step():
        noisy = scheduler.add_noise(problem.x, problem.z, timesteps)
        loss = F.mse_loss(unet(noisy, timesteps).sample, problem.z) / 2
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(unet.parameters(), problem.settings["clipNorm"])
        optimizer.step()
        optimizer.zero_grad()
        average.step(unet.parameters())
        return torch.stack([loss.detach(), norm])

    return step


def pipeline(folder):
    """A whole run of diffusers' pipeline from the problem's noise to images [N,C,H,W] in [-1, 1]."""
    problem = Problem(folder)
    noise, steps = problem.tensors["noise"], problem.settings["samplingSteps"]
    unet = UNet2DModel.from_pretrained(folder / "unet")
    pipe = DDIMPipeline(unet, DDIMScheduler.from_pretrained(folder / "scheduler"))
    pipe.set_progress_bar_config(disable=True)
    pipeline_ddim.randn_tensor = lambda *_, **__: noise

    def sample():
        images = pipe(
            len(noise), num_inference_steps=steps, use_clipped_model_output=True, output_type="np"
        ).images
        return torch.from_numpy(2 * images - 1).permute(0, 3, 1, 2)

    return sample


contestants = {
    "pytorch": {"step": training, "evaluation": evaluating},
    "torch.compile": {
        "step": lambda folder: training(folder, torch.compile, fused=True),
        "evaluation": lambda folder: evaluating(folder, torch.compile),
    },
    "diffusers": {"step": training_example, "sampling": pipeline},
}
