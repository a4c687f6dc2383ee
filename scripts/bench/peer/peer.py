# One of PyTorch's contestants: solves the same problem as often as each line of standard input says, and answers with a line of JSON.
# Usage: peer.py <folder> <threads> <who> <work>; the folder holds the model, problem.safetensors and settings.json.
import json
import resource
import sys
import time
from pathlib import Path

import torch

from contestants import contestants

folder, threads, who, work = sys.argv[1:]
torch.set_num_threads(int(threads))
solve = contestants[who][work](Path(folder))


def processor():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def sampled(values):
    """A thousand of the numbers at most, evenly spread."""
    values = values.flatten()
    return values[:: -(-len(values) // 1000)].tolist()


for line in sys.stdin:
    repeats = int(line)
    used, began = processor(), time.perf_counter()
    for _ in range(repeats):
        values = solve()
    wall, cpu = time.perf_counter() - began, processor() - used
    timing = {"wall": 1000 * wall / repeats, "cpu": 1000 * cpu / repeats}
    print(json.dumps({**timing, "values": sampled(values)}), flush=True)
