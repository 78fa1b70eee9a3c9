#!/usr/bin/env python3
"""Time torchvision's networks in onnxruntime: whole, pruned by ecconvert, pruned by torch-pruning.

    latency.py [--ecconvert PATH] [--python PATH] [--only NAME...] [--round-to N] [--runs N]

Half of the channels are removed with the defaults of ecconvert; torch-pruning removes by L1 norms as
many as leave the same number of multiply-accumulates, as `ecconvert inspect` counts them in both, or as near
as its ratio gets; it rounds channels to multiples of --round-to (its default: not at all). --python is one that has torch, torchvision
and torch_pruning. All three run in turn, one thread, batch 1; times are medians of CPU time, and the last column
is the median of the ratios of neighbouring runs. Ends with 1 where ours is slower by more than 3 %.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NETWORKS = ["vgg16", "resnet50", "efficientnet_b0", "mobilenet_v2", "densenet121"]


def network(name):
    """The network with random weights, and an image."""
    sys.path.insert(0, str(ROOT / "tools/oracle/zoo"))
    from make import network as build
    import torch
    return build("torchvision", name).eval(), torch.randn(1, 3, 224, 224)


def export(model, image, path):
    import torch
    torch.onnx.export(model, (image,), str(path), dynamo=False, opset_version=17)


def peer(name, folder, macs, multiple, binary):
    """Prunes by torch-pruning to a number of multiply-accumulates (runs in the other Python)."""
    import torch_pruning
    low, high, best, path = 0.0, 0.95, None, folder / "peer.onnx"
    for _ in range(12):
        ratio = (low + high) / 2
        model, image = network(name)
        last = model.fc if hasattr(model, "fc") else (
            model.classifier[-1] if hasattr(model.classifier, "__getitem__") else model.classifier)
        torch_pruning.pruner.MetaPruner(
            model, image, importance=torch_pruning.importance.MagnitudeImportance(p=1),
            pruning_ratio=ratio, ignored_layers=[last], round_to=multiple).step()
        export(model, image, path)
        found = inspect(binary, path)
        if best is None or abs(found - macs) < abs(best[0] - macs):
            best = found, path.read_bytes()
        if abs(found / macs - 1) < 0.01:
            break
        low, high = (ratio, high) if found > macs else (low, ratio)
    path.write_bytes(best[1])


def inspect(binary, path):
    done = subprocess.run([binary, "inspect", path, "--json"], capture_output=True, text=True,
                          check=True)
    return json.loads(done.stdout)["macs"]


def measure(paths, runs):
    """CPU seconds of every run of every model, in turn."""
    import numpy as np
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    sessions = [onnxruntime.InferenceSession(str(p), options) for p in paths]
    image = np.random.default_rng(0).standard_normal((1, 3, 224, 224)).astype("f4")
    times = [[] for _ in paths]
    for run in range(runs + 2):
        order = list(enumerate(sessions))
        for k, session in order if run % 2 else reversed(order):
            feed = {session.get_inputs()[0].name: image}
            before = time.process_time()
            session.run(None, feed)
            if run > 1:
                times[k].append(time.process_time() - before)
    return times


def row(a, name, folder):
    call = [a.python, __file__, "--make", name, str(folder)]
    subprocess.run(call, check=True, capture_output=True)
    full, ours, theirs = (folder / f"{n}.onnx" for n in ("full", "ours", "peer"))
    subprocess.run([a.ecconvert, full, "-o", ours, "--prune", "0.5", "--no-verify", "-q"], check=True)
    macs = inspect(a.ecconvert, ours)
    subprocess.run(call + [str(macs), str(a.round_to or 0), str(a.ecconvert)], check=True, capture_output=True)
    counts = [inspect(a.ecconvert, p) for p in (full, ours, theirs)]
    times = measure([full, ours, theirs], a.runs)
    medians = [statistics.median(t) * 1e3 for t in times]
    ratio = statistics.median(x / y for x, y in zip(times[1], times[2]))
    print(f"| {name} | {counts[0] / 1e6:.0f} | {counts[1] / 1e6:.0f} | {counts[2] / 1e6:.0f} | "
          f"{medians[0]:.1f} | {medians[1]:.1f} | {medians[2]:.1f} | "
          f"{medians[1] / medians[0]:.2f} | {ratio:.2f} |", flush=True)
    return ratio


def main():
    if sys.argv[1:2] == ["--make"]:
        name, folder = sys.argv[2], pathlib.Path(sys.argv[3])
        if len(sys.argv) == 4:
            model, image = network(name)
            export(model, image, folder / "full.onnx")
        else:
            peer(name, folder, float(sys.argv[4]), int(sys.argv[5]) or None, sys.argv[6])
        return 0
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--ecconvert", default=ROOT / ".build/release/ecconvert")
    ap.add_argument("--python", default=ROOT / ".venv-bench/bin/python")
    ap.add_argument("--only", nargs="+", default=NETWORKS)
    ap.add_argument("--round-to", type=int, help="of torch-pruning")
    ap.add_argument("--runs", type=int, default=30)
    a = ap.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    print("| network | MMACs | ours | theirs | whole, ms | ours | theirs | ours/whole | ours/theirs |")
    print("|---|---|---|---|---|---|---|---|---|")
    ratios = []
    for name in a.only:
        with tempfile.TemporaryDirectory() as folder:
            ratios.append(row(a, name, pathlib.Path(folder)))
    return 1 if max(ratios) > 1.03 else 0


if __name__ == "__main__":
    sys.exit(main())
