#!/usr/bin/env python3
"""Load Keras files in Keras 3 and in tf-keras, and compare with stored inputs and outputs.

    keras_check.py MODEL CASE.npz [--rtol R]
    keras_check.py --pairs FILE [--rtol R]      FILE holds 'MODEL CASE' lines; one process for all

MODEL.h5 must load in both, MODEL.keras in Keras 3; neither gets custom objects. CASE is as in
compare.py. An input of four axes that doesn't fit as it is stands channels first in CASE and is
transposed. An output passes when its largest absolute difference is at most R times the largest
magnitude of the expected output (default 1e-4). One line is printed for each pair and loader; the
exit status is 1 when any fails.
"""
import argparse
import os
import sys
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np

from compare import numbered

warnings.filterwarnings("ignore")


def loaders(path):
    """The Keras modules that must load a file."""
    import keras
    if not path.endswith(".h5"):
        return [("keras 3", keras)]
    import tf_keras
    return [("keras 3", keras), ("tf-keras", tf_keras)]


def fits(array, shape):
    return len(shape) == array.ndim and all(
        want is None or want == have for want, have in zip(shape[1:], array.shape[1:]))


def fed(array, shape):
    """An input as the model wants it."""
    if array.ndim == 4 and not fits(array, shape):
        array = array.transpose(0, 2, 3, 1)
    if not fits(array, shape):
        raise ValueError(f"the model takes {shape}, the case has {array.shape}")
    return array


def check(path, case_path, library, rtol):
    case = np.load(case_path)
    model = library.models.load_model(path, compile=False)
    inputs = [fed(x, tuple(t.shape)) for x, t in zip(numbered(case, "in"), model.inputs)]
    expected = numbered(case, "out")
    found = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    if len(found) != len(expected):
        raise ValueError(f"{len(found)} outputs, expected {len(expected)}")
    worst = 0.0
    for have, want in zip(found, expected):
        have, want = np.asarray(have, np.float64), np.asarray(want, np.float64)
        if have.shape != want.shape:
            raise ValueError(f"shape {have.shape}, expected {want.shape}")
        scale = np.abs(want).max() or 1.0
        worst = max(worst, float(np.abs(have - want).max() / scale))
    if not worst <= rtol:
        raise ValueError(f"off by {worst:.2e} of the largest output")
    return worst


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("files", nargs="*", metavar="MODEL CASE")
    ap.add_argument("--pairs")
    ap.add_argument("--rtol", type=float, default=1e-4)
    a = ap.parse_args()
    if a.pairs:
        with open(a.pairs) as lines:
            pairs = [line.split() for line in lines]
    else:
        pairs = [a.files]
    failed = 0
    for path, case in pairs:
        for name, library in loaders(path):
            try:
                print(f"ok    {path} in {name}: {check(path, case, library, a.rtol):.2e}")
            except Exception as error:  # the loaders raise all sorts
                failed += 1
                print(f"FAIL  {path} in {name}: {str(error).strip().splitlines()[0][:300]}")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
