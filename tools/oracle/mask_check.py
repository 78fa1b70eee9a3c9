#!/usr/bin/env python3
"""Check from outside that a pruned model equals the original with its removed channels masked.

    mask_check.py FULL.onnx SLIM.onnx REPORT.json [--samples N] [--batch B] [--rtol R]
                  [--inputs X.npz] [--size S] [--save MASKED.onnx]

FULL is what the same command writes without pruning.  REPORT's `pruning.tensors` names the tensors
of FULL that lost channels.  Every place of FULL where an operator mixes channels (Conv that is not
depthwise, Gemm, MatMul, ...) gets a 0/1 mask (and the fill, where the report has one) on what it
reads; then masked FULL and SLIM run on the same inputs.  Also checked: SLIM passes onnx.checker,
the names and shapes at the edge are unchanged, every `keep` is sorted and in range, and no
element-wise operator meets a removed with a kept channel.  Exit status 0 when all of it holds.
"""
import argparse
import json
import sys

import numpy as np
import onnx

from channel_masks import Masker, quiet_session
from compare import difference, dtype_of, numbered


def edge(values):
    def dims(v):
        return [d.dim_value if d.HasField("dim_value") else d.dim_param or "?"
                for d in v.type.tensor_type.shape.dim]
    return [(v.name, v.type.tensor_type.elem_type, dims(v)) for v in values]


def real_inputs(model):
    weights = {t.name for t in model.graph.initializer}
    return [i for i in model.graph.input if i.name not in weights]


def parameters(model):
    floats = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
    tensors = list(model.graph.initializer) + [
        a.t for n in model.graph.node if n.op_type == "Constant" for a in n.attribute
        if a.name == "value"]
    return sum(int(np.prod(t.dims)) for t in tensors if t.data_type in floats)


def random_feed(session, batch, size, rng, case):
    """Random numbers for every input; whole numbers may be extents, so they come from the case."""
    if any(v.dtype.kind != "f" for v in case.values()):
        return {k: rng.standard_normal(v.shape).astype(v.dtype) if v.dtype.kind == "f" else v
                for k, v in case.items()}
    feed = {}
    for i in session.get_inputs():
        shape = [d if isinstance(d, int) and d > 0 else (batch if k == 0 else size)
                 for k, d in enumerate(i.shape)]
        dtype = dtype_of(i)
        feed[i.name] = (rng.standard_normal(shape).astype(dtype) if dtype.kind == "f"
                        else rng.integers(0, 2, shape).astype(dtype))
    return feed


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("full")
    ap.add_argument("slim")
    ap.add_argument("report")
    ap.add_argument("--samples", type=int, default=1, help="random inputs for each batch size")
    ap.add_argument("--batch", type=int, default=2, help="besides batch 1")
    ap.add_argument("--rtol", type=float, default=1e-4, help="of an output's largest magnitude")
    ap.add_argument("--inputs", help="an .npz with in_0, in_1, ... used as well")
    ap.add_argument("--size", type=int, default=64, help="extent of dynamic axes besides batch")
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--save", help="write the masked model here")
    a = ap.parse_args()

    full, slim = onnx.load(a.full), onnx.load(a.slim)
    with open(a.report) as fh:
        entries = (json.load(fh).get("pruning") or {}).get("tensors") or []
    problems = []
    try:
        onnx.checker.check_model(a.slim, full_check=True)
    except Exception as e:
        problems.append(f"onnx.checker: {str(e).strip().splitlines()[0]}")
    for what, x, y in (("inputs", edge(real_inputs(full)), edge(real_inputs(slim))),
                       ("outputs", edge(full.graph.output), edge(slim.graph.output))):
        if x != y:
            problems.append(f"{what} changed: {x} became {y}")

    rng = np.random.default_rng(a.seed)
    whole, slim_run = quiet_session(a.full), quiet_session(a.slim)
    case = {}
    if a.inputs:
        with np.load(a.inputs) as stored:
            case = {i.name: v.astype(dtype_of(i))
                    for i, v in zip(whole.get_inputs(), numbered(stored, "in"))}
    masker = Masker(full, entries, random_feed(whole, 1, a.size, rng, case))
    problems += masker.problems
    masked = masker.masked_model()
    if a.save:
        onnx.save(masked, a.save)
    masked_run = quiet_session(masked)

    feeds = [random_feed(whole, b, a.size, rng, case) for b in sorted({1, a.batch})
             for _ in range(a.samples)]
    if case:
        feeds.append(case)
    worst, effect, absolute, largest = 0.0, 0.0, 0.0, 0.0
    for feed in feeds:
        try:
            results = [s.run(None, feed) for s in (masked_run, slim_run, whole)]
            for expected, found, untouched in zip(*results):
                d, m = difference(expected, found)
                worst = max(worst, d / max(m, 1e-30))
                absolute, largest = max(absolute, d), max(largest, m)
                effect = max(effect, difference(expected, untouched)[0] / max(m, 1e-30))
        except Exception as e:
            problems.append(f"run: {str(e).strip().splitlines()[0]}")
            worst = float("inf")
    p, q = parameters(full), parameters(slim)
    for note in dict.fromkeys(masker.notes):
        print("note:", note)
    for problem in dict.fromkeys(problems):
        print("problem:", problem)
    ok = not problems and worst <= a.rtol
    print(f"{'ok  ' if ok else 'FAIL'} {a.slim}: difference {absolute:.3g} of {largest:.3g} "
          f"({worst:.2e} relative, allowed {a.rtol:g}); masking itself changes {effect:.2e}; "
          f"{len(entries)} tensors, {len(masker.edits)} masked reads; "
          f"parameters {p} -> {q} ({100 * q / max(p, 1):.1f}%)")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
