# Writes improved-ddpm.json: terms of Improved DDPM's bound, and their gradients in what a network answers, by PyTorch's autograd in float64.
# Run with torch 2.15.0; the file names the version that wrote it. Formulas: Nichol & Dhariwal 2021, Eqs. 4, 15 and 16; Ho et al. 2020, Eqs. 7 and 13.
import json
import math
from pathlib import Path

import torch

STEPS = 40
TIMES = [1, 1, 2, 7, 40]
SHAPE = (len(TIMES), 1, 3, 3)
LAMBDA = 1e-3

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)


def alpha_bar(t):
    return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2


# Index t - 1 for t = 1..T.
betas = torch.tensor([min(0.999, 1 - alpha_bar((i + 1) / STEPS) / alpha_bar(i / STEPS)) for i in range(STEPS)])
alphas_bar = torch.cumprod(1 - betas, 0)
previous = torch.cat([torch.ones(1), alphas_bar[:-1]])
posterior = betas * (1 - previous) / (1 - alphas_bar)
log_posterior = torch.cat([posterior[1:2], posterior[1:]]).log()
coefficient_x0 = betas * previous.sqrt() / (1 - alphas_bar)
coefficient_xt = (1 - previous) * (1 - betas).sqrt() / (1 - alphas_bar)

index = torch.tensor(TIMES) - 1


def at(values):
    return values[index].reshape(-1, 1, 1, 1)


def normal_kl(mean1, log1, mean2, log2):
    return 0.5 * (-1 + log2 - log1 + (log1 - log2).exp() + (mean1 - mean2) ** 2 * (-log2).exp())


def cdf(u):
    return 0.5 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (u + 0.044715 * u**3)))


def pixel_nll(x, mean, log_variance):
    inverse = (-0.5 * log_variance).exp()
    upper, lower = cdf((x - mean + 1 / 255) * inverse), cdf((x - mean - 1 / 255) * inverse)
    probability = torch.where(x < -0.999, upper, torch.where(x > 0.999, 1 - lower, upper - lower))
    return -probability.clamp(min=1e-12).log()


def point_nll(x, mean, log_variance):
    return 0.5 * ((x - mean) ** 2 * (-log_variance).exp() + log_variance + math.log(2 * math.pi))


LOG_VARIANCES = {
    "learned": lambda raw: (raw + 1) / 2 * at(betas.log()) + (1 - (raw + 1) / 2) * at(log_posterior),
    "beta": lambda raw: at(betas.log()).expand_as(raw),
    "posterior": lambda raw: at(log_posterior).expand_as(raw),
}


def term(x, noisy, eps, log_variance, nll):
    """L_(t-1), or L_0 at t = 1, of each sample in nats per dimension; noisy is x_t."""
    predicted = (noisy - at((1 - alphas_bar).sqrt()) * eps) / at(alphas_bar.sqrt())
    model = at(coefficient_x0) * predicted + at(coefficient_xt) * noisy
    truth = at(coefficient_x0) * x + at(coefficient_xt) * noisy
    kl = normal_kl(truth, at(posterior.clamp(min=1e-300).log()), model, log_variance)
    first = (index == 0).reshape(-1, 1, 1, 1)
    return torch.where(first, nll(x, model, log_variance), kl).flatten(1).mean(1)


def losses(x, z, answer, nll):
    noisy = at(alphas_bar.sqrt()) * x + at((1 - alphas_bar).sqrt()) * z
    eps, raw = answer[:, :1], answer[:, 1:]
    vlb = {name: STEPS * term(x, noisy, eps, of(raw), nll) for name, of in LOG_VARIANCES.items()}
    simple = ((eps - z) ** 2).flatten(1).mean(1)
    frozen = STEPS * term(x, noisy, eps.detach(), LOG_VARIANCES["learned"](raw), nll)
    hybrid = (simple + LAMBDA * frozen) / 2
    return {"vlb": vlb["learned"], "vlb-beta": vlb["beta"], "vlb-posterior": vlb["posterior"], "hybrid": hybrid}


if __name__ == "__main__":
    x = torch.randint(0, 256, SHAPE) / 127.5 - 1
    # Black and white, whose bins are open, at the time that decides on them.
    x[0, 0, 0], x[1, 0, 1] = -1, 1
    z = torch.randn(SHAPE)
    # Near the noise, as a trained network's answers are, but for one pixel whose bin has no probability left.
    eps = z + 0.3 * torch.randn(SHAPE)
    eps[1, 0, 2, 2] += 60
    answer = torch.cat([eps, 0.8 * torch.randn(SHAPE)], 1)
    cases = {}
    for kind, nll in {"images": pixel_nll, "points": point_nll}.items():
        cases[kind] = {}
        for name in ["vlb", "vlb-beta", "vlb-posterior", "hybrid"]:
            given = answer.clone().requires_grad_()
            loss = losses(x, z, given, nll)[name]
            loss.sum().backward()
            cases[kind][name] = {"loss": loss.tolist(), "gradient": given.grad.flatten().tolist()}
    golden = {
        "torch": torch.__version__,
        "steps": STEPS,
        "times": TIMES,
        "shape": SHAPE,
        "x": x.flatten().tolist(),
        "z": z.flatten().tolist(),
        "answer": answer.flatten().tolist(),
        "cases": cases,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")
