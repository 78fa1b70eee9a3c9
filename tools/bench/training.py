#!/usr/bin/env python3
"""Time training of all layers of a slim ResNet50 by ECBenchmark and by PyTorch, in turn.

    swift build -c release --product ECBenchmark
    tools/bench/training.py --benchmark .build/release/ECBenchmark

Needs the packages of requirements-torch.txt. The network is ResNet50 with half the
channels inside its units; batches of 16 images of 224 pixels; SGD with momentum. Times are those of the
best step of all rounds; of PyTorch's two image layouts the faster one counts. The ratio is our images/s
by PyTorch's, above 1 we are faster; the exit status is 1 where a ratio is below 1.
"""
import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ZOO = Path(__file__).resolve().parents[1] / "oracle/zoo"
MODELS = {"frozen": False, "batch": True}


def network():
    import torch
    sys.path.insert(0, str(ZOO))
    from make import torchvision_module
    resnet = torchvision_module().models.resnet
    torch.manual_seed(1)
    return resnet.ResNet(resnet.Bottleneck, [3, 4, 6, 3], width_per_group=32, num_classes=10)


def export(path):
    import torch
    if os.path.exists(path):
        return
    torch.onnx.export(
        network().eval(), (torch.randn(1, 3, 224, 224),), path, dynamo=False,
        do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE, opset_version=17,
        input_names=["x"], dynamic_axes={"x": {0: "batch"}})


def peer(batch, steps, threads, uses_batch, channels_last):
    """Print PyTorch's times as ECBenchmark prints its own."""
    import torch
    torch.set_num_threads(threads)
    model = network().train(bool(uses_batch))
    x, labels = torch.randn(batch, 3, 224, 224), torch.arange(batch) % 10
    if channels_last:
        model, x = (value.to(memory_format=torch.channels_last) for value in (model, x))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    times = []
    for _ in range(steps):
        start = time.process_time(), time.perf_counter()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
        times.append((time.process_time() - start[0], time.perf_counter() - start[1]))
    cpu, wall = (min(column) for column in zip(*times[1:]))
    print(json.dumps({"cpu": cpu, "wall": wall}))


def last_line(command, threads):
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(output.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--benchmark", help="the built ECBenchmark")
    parser.add_argument("--python", default=sys.executable, help="a Python with torch")
    parser.add_argument("--model", default=".build-bench/slim_resnet50.onnx")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--statistics", nargs="+", default=list(MODELS), choices=MODELS,
                        help="of batch normalizations: stored, or those of the batch")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--peer", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        threads, uses_batch, last = (int(text) for text in options.peer)
        return peer(options.batch, options.steps, threads, uses_batch, last)
    os.makedirs(os.path.dirname(options.model) or ".", exist_ok=True)
    export(options.model)
    sizes = ["--batch", str(options.batch), "--steps", str(options.steps)]
    print("| statistics | threads | ours, images/s | PyTorch, images/s | ratio | CPU s, ours | "
          "CPU s, PyTorch |")
    print("|---|---|---|---|---|---|---|")
    slower = 0
    for name in options.statistics:
        uses_batch = MODELS[name]
        for threads in options.threads:
            command = [options.benchmark, options.model, *sizes, "--threads", str(threads)]
            command += ["--batch-statistics"] * uses_batch
            own, peers = [], []
            for _ in range(options.rounds):
                own.append(last_line(command, threads))
                peers += [last_line(
                    [options.python, __file__, *sizes, "--peer", str(threads),
                     str(int(uses_batch)), str(last)], threads) for last in (0, 1)]
            ours, best = (min(runs, key=lambda run: run["wall"]) for runs in (own, peers))
            slower += ours["wall"] > best["wall"]
            print(f"| {name} | {threads} | {options.batch / ours['wall']:.1f} | "
                  f"{options.batch / best['wall']:.1f} | {best['wall'] / ours['wall']:.2f} | "
                  f"{ours['cpu']:.2f} | {best['cpu']:.2f} |", flush=True)
    return int(slower > 0)


if __name__ == "__main__":
    sys.exit(main())
