#!/usr/bin/env python3
"""Check that wide dense layers keep the channels that the definition of deflation keeps.

    deflation_check.py [--ecconvert PATH] [--width 1024 2048 4096] [--samples M...] [--share 0.5]
                       [--layers 0 1]

Builds networks like VGG16's classifier (dense W, ReLU, dense W, ReLU, dense 10) with weights and
inputs of a decaying spectrum, has our binary rank channels on M samples, and repeats that in numpy:
activations by onnxruntime, covariance and deflation in float64, straight from the definition.  The
kept sets of both hidden layers must agree, but for channels that the definition itself ranks
within --near of each other.  Prints CPU seconds of ours.  The definition at 4096 takes many minutes.
"""
import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from channel_masks import quiet_session


def spectrum(rng, rows, columns, decay):
    """Random numbers whose singular values fall like k^-decay."""
    rank = min(rows, columns)
    left = np.linalg.qr(rng.standard_normal((rows, rank)))[0]
    right = np.linalg.qr(rng.standard_normal((columns, rank)))[0]
    return (left * np.arange(1, rank + 1) ** -decay) @ right.T * np.sqrt(rows)


def network(path, width, rng):
    depth = 512
    sizes = [(width, depth), (width, width), (10, width)]
    nodes, tensors, x = [], [], "x"
    for k, (out, size) in enumerate(sizes):
        w = (spectrum(rng, out, size, 0.5) if size == depth or out == 10
             else rng.standard_normal((out, size)) * np.sqrt(2 / size))
        tensors.append(numpy_helper.from_array(w.astype(np.float32), f"w{k}"))
        tensors.append(numpy_helper.from_array(
            (0.1 * rng.standard_normal(out)).astype(np.float32), f"b{k}"))
        nodes.append(helper.make_node("Gemm", [x, f"w{k}", f"b{k}"], [f"y{k}"], f"fc{k}", transB=1))
        x = f"y{k}"
        if k < 2:
            nodes.append(helper.make_node("Relu", [x], [f"r{k}"], f"relu{k}"))
            x = f"r{k}"
    graph = helper.make_graph(
        nodes, "dense", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", depth])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["n", 10])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)
    return [numpy_helper.to_array(t).astype(np.float64) for t in tensors[::2]]


def deflated(r, count, steps=5):
    """The definition, in place: the order of choice and how close the best two were each time."""
    n = len(r)
    order, margins = [], []
    v, floor = np.ones(n), 1e-8 * np.trace(r) / n
    free = np.ones(n, bool)
    a = np.empty_like(r)
    for _ in range(count):
        np.abs(r, out=a)
        for _ in range(steps):
            v = a @ v + 1e-12
            v /= np.linalg.norm(v)
        s = np.where(free, v ** 2, -1)
        i = int(s.argmax())
        rest = s.copy()
        rest[i] = -1
        margins.append(1 - rest.max() / s[i])
        order.append(i)
        free[i] = False
        if r[i, i] > floor:
            column = r[:, i].copy()
            np.multiply.outer(column, column / column[i], out=a)
            r -= a
        v = v + 1e-3
        if np.diag(r)[free].max() < floor:
            break
    return order, margins


def check(width, samples, a, folder):
    rng = np.random.default_rng(width)
    path, plan = folder / "dense.onnx", folder / f"plan-{width}-{samples}.json"
    weights = network(str(path), width, rng)
    x = np.maximum(spectrum(rng, samples, 512, 0.3), 0).astype(np.float32)
    np.save(folder / "x.npy", x)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([a.ecconvert, "plan", str(path), "--prune", str(a.share), "--round-to", "1",
                    "--calibration", str(folder / "x.npy"), "-o", str(plan), "--quiet"],
                   check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    groups = json.loads(plan.read_text())["groups"]
    model = onnx.load(str(path))
    model.graph.output.extend(onnx.ValueInfoProto(name=n) for n in ("r0", "r1"))
    activations = quiet_session(model).run(["r0", "r1"], {"x": x})
    fine = True
    for k, (z, w) in enumerate(zip(activations, weights[1:])):
        if k not in a.layers:
            continue
        ours = next(g for g in groups if g["layers"] == [f"fc{k}"])["keep"]
        z = z.astype(np.float64)
        z -= z.mean(0)
        norms = np.linalg.norm(w, axis=0)
        gram = (z.T @ z) * np.outer(norms, norms)
        gram /= np.trace(gram)
        order, margins = deflated(gram, len(ours))
        # What is left when everything is explained is chosen by other rules.
        missing = set(order) - set(ours)
        near = sum(m < a.near for m in margins)
        print(f"{'ok  ' if not missing else 'note' if near else 'FAIL'} width {width}, {samples} samples, "
              f"fc{k}: of {len(order)} channels that the definition chooses, {len(missing)} aren't ours "
              f"({near} choices were within {a.near:g}); {len(ours)} kept; {seconds:.1f} s of CPU in all",
              flush=True)
        fine &= not missing or near > 0 and len(missing) <= max(2, len(order) // 100)
    return fine


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--ecconvert", default=".build/release/ecconvert")
    ap.add_argument("--width", type=int, nargs="+", default=[1024, 2048, 4096])
    ap.add_argument("--samples", type=int, nargs="+", default=[24, 5000])
    ap.add_argument("--share", type=float, default=0.5)
    ap.add_argument("--layers", type=int, nargs="+", default=[0, 1], help="hidden layers compared")
    ap.add_argument("--near", type=float, default=1e-6)
    a = ap.parse_args()
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        for width in a.width:
            for samples in a.samples:
                fine &= check(width, samples, a, pathlib.Path(folder))
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
