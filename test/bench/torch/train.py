"""PyTorch's side of `train`: `train.py FOLDER` trains the network of the folder (support/torch_layers.py) on two threads.
Answers {"steps": n} with the mean of n steps.
"""
import json
import os
import sys
import time
from pathlib import Path

# As in models.py.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from torch_layers import Case, loss_of  # noqa: E402

torch.manual_seed(1)
torch.set_num_threads(2)

case = Case(sys.argv[1])
network = case.network()
x, y, weights = case.samples()
optimizer = torch.optim.Adam([parameter for parameter in network.parameters() if parameter.requires_grad], lr=1e-3)


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(network(x), y, weights)
    loss.backward()
    optimizer.step()
    return loss.item()


print(json.dumps({"name": f"PyTorch {torch.__version__}"}), flush=True)
for line in sys.stdin:
    steps = json.loads(line)["steps"]
    start, before = time.perf_counter(), time.process_time()
    for _ in range(steps):
        loss = step()
    ms, cpu = (time.perf_counter() - start) * 1000 / steps, (time.process_time() - before) * 1000 / steps
    print(json.dumps({"ms": ms, "cpuMs": cpu, "loss": loss}), flush=True)
