#!/usr/bin/env python3
"""Check the label-free repair from outside: numpy refits the pruned model's layers by itself.

    repair_check.py [MODEL.onnx...] [--ecconvert PATH] [--repair merge|sequential] [--samples N]
                    [--ridge L] [--rtol R] [--keep DIR]

Without models, those of make_onnx_models.py that have sums, gates, concatenations and a flatten.

At most POSITIONS positions of a layer are looked at in each batch by ecconvert; so many samples are taken
that no layer has more.

Our binary prunes each model twice by one plan, once without a repair and once with it, on the same
random samples.  Here the model without a repair is run in onnxruntime beside the whole one, and each
Conv (one group), Gemm and MatMul that reads less than it did, or something else, is refitted in
float64: in execution order on what the pruned model gives so far (sequential), or all of them on the
whole model's statistics (merge).  The outputs of the two repaired models must agree, and so must
the errors of layers that the report states.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper

from channel_masks import KEPT, Masker, attributes, quiet_session
from compare import difference
from run_oracle import CACHE, finish_making, start_making

POSITIONS = 20_000
USUAL = ("c_vgg_flatten", "c_resnet_bottleneck", "c_mbconv_se", "c_densenet", "c_gemm_forms")


def intermediate(model, names, feed):
    """Some tensors of a model, by name."""
    m = onnx.ModelProto()
    m.CopyFrom(model)
    del m.graph.output[:]
    m.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names)
    return dict(zip(names, quiet_session(m, optimise=False).run(names, feed)))


def samples(array, axis, repeats):
    """[samples, channels]; a flattened picture gives one sample per pixel."""
    a = np.moveaxis(np.asarray(array, np.float64), axis, -1)
    a = a.reshape(-1, a.shape[-1])
    if repeats == 1:
        return a
    return a.reshape(len(a), -1, repeats).transpose(0, 2, 1).reshape(-1, a.shape[1] // repeats)


class Consumer:
    """A node with weights [out, in, taps] and a bias, read from and written to a model."""

    def __init__(self, model, node):
        self.model, self.node = model, node
        self.tensors = {t.name: t for t in model.graph.initializer}
        w = numpy_helper.to_array(self.tensors[node.input[1]]).astype(np.float64)
        self.transposed = node.op_type == "MatMul" or (
            node.op_type == "Gemm" and not attributes(node).get("transB"))
        if self.transposed:
            w = w.T
        self.shape = w.shape
        self.weights = w.reshape(w.shape[0], w.shape[1], -1)
        self.axis = 1 if node.op_type == "Conv" else -1

    @property
    def bias(self):
        if len(self.node.input) > 2 and self.node.input[2]:
            return numpy_helper.to_array(self.tensors[self.node.input[2]]).astype(np.float64)
        return np.zeros(self.shape[0])

    def write(self, weights, bias):
        w = weights.reshape((self.shape[0], weights.shape[1]) + self.shape[2:])
        w = (w.T if self.transposed else w).astype(np.float32)
        name = self.node.input[1]
        self.tensors[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(w), name))
        bias = bias.astype(np.float32)
        if len(self.node.input) > 2 and self.node.input[2]:
            name = self.node.input[2]
            self.tensors[name].CopyFrom(numpy_helper.from_array(bias, name))
        else:
            name = self.node.output[0] + "/numpy_bias"
            self.model.graph.initializer.append(numpy_helper.from_array(bias, name))
            del self.node.input[2:]
            self.node.input.append(name)


def consumers(model):
    constants = {t.name for t in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type in ("Conv", "Gemm", "MatMul") and node.input[1] in constants:
            if attributes(node).get("group", 1) == 1:
                yield node


def fit(w, keep, x, z, ridge):
    """New weights [out, kept, taps], the change of the bias, and the errors before and after."""
    mx, mz = x.mean(0), z.mean(0)
    cross = (x - mx).T @ (z - mz) / len(x)
    szz = np.cov(z.T, bias=True).reshape(z.shape[1], -1)
    sxx = np.cov(x.T, bias=True).reshape(x.shape[1], -1)
    lifted = np.zeros_like(cross)
    lifted[keep] = szz
    scaled = szz + ridge * np.trace(szz) / len(szz) * np.eye(len(szz))
    delta = np.linalg.solve(scaled, (cross - lifted).T).T
    new = w[:, keep] + np.einsum("oit,ij->ojt", w, delta)
    shift = mx - delta @ mz
    shift[keep] -= mz
    bias = np.einsum("oit,i->o", w, shift)

    def error(v, counts_means):
        total = 0
        for t in range(w.shape[2]):
            a, b = w[:, :, t], v[:, :, t]
            total += np.trace(a @ sxx @ a.T) - 2 * np.trace(a @ cross @ b.T) + np.trace(b @ szz @ b.T)
            if counts_means:
                total += ((a @ mx - b @ mz) ** 2).sum()
        return total
    power = sum(np.trace(w[:, :, t] @ sxx @ w[:, :, t].T) for t in range(w.shape[2]))
    errors = (error(w[:, keep], True) / power, error(new, False) / power) if power > 0 else None
    return new, bias, errors


def repaired(full, bare, entries, feed, ridge, sequential):
    """The bare model with refitted consumers, and the errors by output name."""
    one = {k: v[:1] for k, v in feed.items()}
    masker = Masker(full, entries, one)
    slim = onnx.ModelProto()
    slim.CopyFrom(bare)
    own = {n.output[0]: n for n in consumers(slim)}
    wide = list(consumers(full))
    truth = intermediate(full, sorted({n.input[0] for n in wide} - set(feed)), feed) | feed
    outputs = {}
    for node in wide:
        keep_out = np.arange(len(Consumer(full, node).bias))
        for e in entries:
            if e["name"] == node.output[0]:
                keep_out = np.array(e["keep"])
        theirs = Consumer(full, node)
        target = own.get(node.output[0])
        if target is None:
            continue
        mine = Consumer(slim, target)
        axis = theirs.axis
        flags = masker.state(node.input[0])
        index = [0] * flags.ndim
        index[axis] = slice(None)
        keep = np.flatnonzero(flags[tuple(index)] == KEPT)
        # Behind a flatten of [c, h, w] each channel has several positions.
        repeats = flattened(full, node, masker)
        x = samples(truth[node.input[0]], axis, repeats)
        if sequential:
            z = truth[node.input[0]] if node.input[0] in feed else intermediate(
                slim, [target.input[0]], feed)[target.input[0]]
            z = samples(z, axis, repeats)
        w = theirs.weights[keep_out]
        if repeats > 1:
            w = w.reshape(len(w), -1, repeats)
            keep = keep[::repeats] // repeats
        if not sequential:
            z = x[:, keep]
            if len(keep) == w.shape[1]:
                continue
        new, bias, errors = fit(w, keep, x, z, ridge)
        if repeats > 1:
            new = new.reshape(len(new), -1, 1)
        mine.write(new, mine.bias + bias)
        outputs[node.output[0]] = errors
    return slim, outputs


def flattened(full, node, masker):
    """How many neighbours of the node's input are one channel of a channels-first picture."""
    for n in full.graph.node:
        if n.output[0] == node.input[0] and n.op_type in ("Flatten", "Reshape"):
            shape = masker.shape(n.input[0])
            return int(np.prod(shape[2:])) if len(shape) > 2 else 1
    return 1


def check(path, repair, a, folder):
    run = lambda *words: subprocess.run(
        [a.ecconvert, *map(str, words), "--quiet", "--force"], check=True)
    full, bare, mended = (folder / f"{n}.onnx" for n in ("full", "bare", "mended"))
    plan, report = folder / "plan.json", folder / "report.json"
    run(path, "-o", full)
    model = onnx.load(str(full))
    rng = np.random.default_rng(0)
    feed = {}
    for i in model.graph.input:
        dims = [d.dim_value for d in i.type.tensor_type.shape.dim]
        pixels = int(np.prod(dims[2:])) if len(dims) > 2 else 1
        count = max(1, min(a.samples, POSITIONS // pixels))
        feed[i.name] = rng.standard_normal([count] + dims[1:]).astype(np.float32)
    np.save(folder / "x.npy", next(iter(feed.values())))
    run(full, "-o", bare, "--prune", "0.5", "--criterion", "l2", "--round-to", "1", "--repair", "none",
        "--calibration", "none", "--save-plan", plan, "--report", folder / "bare.json")
    run(full, "-o", mended, "--plan", plan, "--repair", repair, "--calibration", folder / "x.npy",
        "--ridge", a.ridge, "--report", report)
    entries = json.loads((folder / "bare.json").read_text())["pruning"]["tensors"]
    expected, errors = repaired(
        model, onnx.load(str(bare)), entries, feed, a.ridge, repair == "sequential")
    ours = quiet_session(str(mended)).run(None, feed)
    theirs = quiet_session(expected).run(None, feed)
    plain = quiet_session(str(bare)).run(None, feed)
    whole = quiet_session(str(full)).run(None, feed)
    worst, effect = 0.0, 0.0
    for o, t, p in zip(ours, theirs, plain):
        worst = max(worst, difference(t, o)[0] / max(difference(t, o)[1], 1e-30))
        effect = max(effect, difference(t, p)[0] / max(difference(t, p)[1], 1e-30))
    lost = [float(((w - r) ** 2).sum() / max(((w - w.mean(0)) ** 2).sum(), 1e-30))
            for w, r in ((whole[0], plain[0]), (whole[0], ours[0]))]
    stated = {e["layer"]: e for e in json.loads(report.read_text())["pruning"]["reconstruction"]}
    layers, off = 0, 0.0
    for node in model.graph.node:
        found, known = stated.get(node.name or node.output[0]), errors.get(node.output[0])
        if not found or not known:
            continue
        layers += 1
        for key, value in zip(("before", "after"), known):
            off = max(off, abs(found[key] - value) / max(value, 1e-3))
    ok = worst <= a.rtol and effect > a.rtol and off < 0.01 and len(errors) > 0
    print(f"{'ok  ' if ok else 'FAIL'} {pathlib.Path(path).stem} {repair}: outputs differ by {worst:.1e} of the "
          f"largest (the repair itself moves them by {effect:.1e}); {len(errors)} layers refitted, "
          f"{layers} stated errors off by {off:.1e} at most; output error {lost[0]:.3f} -> {lost[1]:.3f}")
    return ok


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("models", nargs="*")
    ap.add_argument("--ecconvert", default=".build/release/ecconvert")
    ap.add_argument("--repair", choices=("merge", "sequential"), help="default: both")
    ap.add_argument("--samples", type=int, default=48)
    ap.add_argument("--ridge", type=float, default=0.03)
    ap.add_argument("--rtol", type=float, default=1e-3)
    ap.add_argument("--keep", help="a folder for everything that is written")
    a = ap.parse_args()
    if not a.models:
        running = start_making(CACHE / "onnx", "make_onnx_models.py")
        if running:
            finish_making(running)
        a.models = [CACHE / "onnx" / f"{name}.onnx" for name in USUAL]
    fine = True
    for path in a.models:
        for repair in [a.repair] if a.repair else ["merge", "sequential"]:
            with tempfile.TemporaryDirectory() as temporary:
                folder = pathlib.Path(temporary)
                if a.keep:
                    folder = pathlib.Path(a.keep) / pathlib.Path(path).stem / repair
                    folder.mkdir(parents=True, exist_ok=True)
                fine &= check(path, repair, a, folder)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
