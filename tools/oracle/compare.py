#!/usr/bin/env python3
"""Compare an ONNX model in onnxruntime with stored inputs and outputs.

    compare.py MODEL.onnx CASE.npz [--rtol R]
    compare.py --pairs FILE [--rtol R]        FILE holds 'MODEL CASE' lines; one process for all

CASE holds in_0, in_1, ... in graph-input order and out_0, out_1, ... in graph-output order (or
in:NAME and out:NAME, stored in those orders).  An output passes when its largest absolute difference is at most R times the largest magnitude of the
expected output (default 1e-4).  One line is printed for each pair; the exit status is 1 when any
fails.
"""
import argparse
import re
import sys

import numpy as np
import onnxruntime as ort


def numbered(case, prefix):
    keys = [k for k in case.files if re.fullmatch(prefix + r"_\d+", k)]
    keys.sort(key=lambda k: int(k.split("_")[1]))
    return [case[k] for k in keys or [k for k in case.files if k.startswith(prefix + ":")]]


def session(model):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def dtype_of(spec):
    name = re.fullmatch(r"tensor\((\w+)\)", spec.type).group(1)
    return np.dtype({"float": "float32", "double": "float64"}.get(name, name))


def fits(array, shape):
    return len(shape) == array.ndim and all(
        not isinstance(d, int) or d == n for d, n in zip(shape, array.shape))


def run(s, arrays):
    """Feeds arrays in graph-input order; a batch-1 model is run once for every sample."""
    specs = s.get_inputs()
    if len(specs) != len(arrays):
        raise ValueError(f"the model has {len(specs)} inputs, the case {len(arrays)}")
    feed = {i.name: a.astype(dtype_of(i)) for i, a in zip(specs, arrays)}
    if all(fits(feed[i.name], i.shape) for i in specs):
        return s.run(None, feed)
    count = len(arrays[0])
    if all(i.shape and i.shape[0] == 1 and len(feed[i.name]) == count for i in specs):
        rows = [s.run(None, {k: v[n:n + 1] for k, v in feed.items()}) for n in range(count)]
        return [np.concatenate(r) for r in zip(*rows)]
    raise ValueError("input shapes " + str([i.shape for i in specs]) + ", expected "
                     + str([list(a.shape) for a in arrays]))


def difference(expected, found):
    """The largest absolute difference and the largest magnitude of what was expected."""
    if expected.shape != found.shape:
        raise ValueError(f"output shape is {list(found.shape)}, expected {list(expected.shape)}")
    if not np.all(np.isfinite(found)):
        return float("inf"), 1.0
    if not expected.size:
        return 0.0, 0.0
    e, f = expected.astype(np.float64), found.astype(np.float64)
    return float(np.abs(e - f).max()), float(np.abs(e).max())


def compare(model, case_path, rtol):
    """Prints the line of one pair and says whether it passed."""
    try:
        with np.load(case_path) as case:
            inputs, expected = numbered(case, "in"), numbered(case, "out")
        found = run(session(model), inputs)
        if not expected or len(found) != len(expected):
            raise ValueError(f"the model has {len(found)} outputs, the case {len(expected)}")
        pairs = [difference(e, f) for e, f in zip(expected, found)]
    except Exception as e:
        print(f"FAIL {model}: {type(e).__name__}: {str(e).strip().splitlines()[0]}", flush=True)
        return False
    worst = max(pairs, key=lambda p: p[0] / max(p[1], 1e-30))
    ok = all(d <= rtol * max(m, 1e-30) for d, m in pairs)
    print(f"{'ok  ' if ok else 'FAIL'} {model}: difference {worst[0]:.3g} of {worst[1]:.3g} "
          f"({worst[0] / max(worst[1], 1e-30):.2e} relative, {len(pairs)} outputs)", flush=True)
    return ok


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("model", nargs="?")
    ap.add_argument("case", nargs="?")
    ap.add_argument("--pairs", metavar="FILE")
    ap.add_argument("--rtol", type=float, default=1e-4)
    a = ap.parse_args()
    if a.pairs:
        with open(a.pairs) as fh:
            pairs = [line.split() for line in fh if line.strip()]
    elif a.model and a.case:
        pairs = [(a.model, a.case)]
    else:
        ap.error("give MODEL and CASE, or --pairs FILE")
    results = [compare(m, c, a.rtol) for m, c in pairs]
    if a.pairs:
        print(f"{sum(results)} of {len(results)} passed")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
