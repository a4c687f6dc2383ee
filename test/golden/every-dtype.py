# Writes every-dtype.safetensors. Run with torch 2.15.0 and safetensors 0.8.0.
import torch
from safetensors.torch import save_file

save_file(
    {
        "z.weight": torch.tensor([[1.5, -2.25], [3.0, 1e-40]]),
        "half": torch.tensor([1.5, -0.0, 6e-8, 65504.0, float("inf")], dtype=torch.float16),
        "brain": torch.tensor([1.5, -3.0, 1e30], dtype=torch.bfloat16),
        "long": torch.tensor([2**53 + 1, -1]),
        "scalar": torch.tensor(7.0, dtype=torch.float64),
        "int": torch.tensor([-5, 6], dtype=torch.int32),
        "mask": torch.tensor([True, False, True]),
        "byte": torch.tensor([255], dtype=torch.uint8),
        "none": torch.zeros(0, 3),
    },
    "every-dtype.safetensors",
    metadata={"format": "pt", "note": "ü"},
)
