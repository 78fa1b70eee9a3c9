#!/usr/bin/env python3
"""Check paired batch normalization from outside: channels have the moments of the whole network.

    pairing_check.py [MODEL.onnx...] [--ecconvert PATH] [--samples N]

Without models, some of make_onnx_models.py.  Each is pruned with `--repair merge --batchnorm paired`, and
run in onnxruntime beside the whole one on the samples it was mended on: every batch
normalization, and every convolution without one behind it, gives each kept channel the mean and the
deviation that it had.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx

from channel_masks import quiet_session
from repair_check import intermediate
from run_oracle import CACHE, finish_making, start_making

USUAL = ("c_vgg_flatten", "c_resnet_bottleneck", "c_mbconv_se", "c_densenet")
TOLERANCE = 2e-3  # of a channel's deviation


def mended(model):
    """The nodes whose results are paired: name of the result, and of what is called by its channels."""
    readers = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node.op_type)
    for node in model.graph.node:
        if node.op_type == "BatchNormalization":
            yield node.output[0], node.input[0]
        elif node.op_type == "Conv" and "BatchNormalization" not in readers.get(node.output[0], []):
            yield node.output[0], node.output[0]


def pruned(ecconvert, source, folder, samples):
    """The whole and the slim model, and what each tensor keeps."""
    np.save(folder / "samples.npy", samples)
    common = [ecconvert, source, "--quiet", "--force", "-o"]
    subprocess.run([*common, folder / "whole.onnx"], check=True)
    subprocess.run(
        [*common, folder / "slim.onnx", "--prune", "0.5", "--round-to", "1", "--repair", "merge",
         "--batchnorm", "paired", "--calibration", folder / "samples.npy",
         "--report", folder / "report.json"], check=True)
    report = json.loads((folder / "report.json").read_text())
    keep = {t["name"]: t["keep"] for t in report["pruning"]["tensors"]}
    return onnx.load(folder / "whole.onnx"), onnx.load(folder / "slim.onnx"), keep


def check(ecconvert, source, folder, count):
    """The largest difference of a channel's moments, in its deviations, and how many were looked at."""
    entry = quiet_session(onnx.load(source)).get_inputs()[0]
    shape = [count] + [n if isinstance(n, int) else 32 for n in entry.shape[1:]]
    samples = np.random.default_rng(5).normal(size=shape).astype(np.float32)
    whole, slim, keep = pruned(ecconvert, source, folder, samples)
    there = {name for node in slim.graph.node for name in node.output}
    results = {name: channels for name, channels in mended(whole) if name in there}
    before = intermediate(whole, list(results), {entry.name: samples})
    after = intermediate(slim, list(results), {entry.name: samples})
    worst = channels = 0
    for name, called in results.items():
        a, b = before[name], after[name]
        if a.ndim != 4 or a.shape[2] * a.shape[3] == 1:
            continue
        if called in keep:
            a = a[:, keep[called]]
        if a.shape != b.shape:
            continue  # what depthwise convolutions make isn't in the report
        axes = (0, 2, 3)
        a, b = a.astype(np.float64), b.astype(np.float64)
        deviation = a.std(axes)
        seen = deviation > 1e-6
        moved = np.maximum(abs(a.mean(axes) - b.mean(axes)), abs(deviation - b.std(axes)))
        seen &= b.std(axes) > 0
        worst = max(worst, (moved[seen] / deviation[seen]).max(initial=0))
        channels += int(seen.sum())
    return worst, channels


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", type=pathlib.Path)
    parser.add_argument("--ecconvert", type=pathlib.Path, default=".build/release/ecconvert")
    parser.add_argument("--samples", type=int, default=32)
    arguments = parser.parse_args()
    if not arguments.models:
        running = start_making(CACHE / "onnx", "make_onnx_models.py")
        if running:
            finish_making(running)
        arguments.models = [CACHE / "onnx" / f"{name}.onnx" for name in USUAL]
    ecconvert = arguments.ecconvert.resolve()
    bad = 0
    for source in arguments.models:
        with tempfile.TemporaryDirectory() as folder:
            worst, channels = check(ecconvert, source.resolve(), pathlib.Path(folder), arguments.samples)
        good = worst < TOLERANCE and channels > 0
        bad += not good
        print(f"{'ok' if good else 'BAD':4} {source.name}: {channels} channels to {worst:.1e}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
