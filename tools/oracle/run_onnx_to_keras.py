#!/usr/bin/env python3
"""Write ONNX models as Keras files, and have Keras predict what onnxruntime does.

    run_onnx_to_keras.py [--ecconvert PATH] [--only NAME...] [--jobs N] [--keep DIR]
    run_onnx_to_keras.py --models MODEL.onnx CASE.npz [MODEL.onnx CASE.npz...]

Takes a dozen models of make_onnx_models.py, or any other model with inputs in_0, in_1, ... in an
.npz file (zoo/make.py writes both).  Checks for each:
    full.h5, full.keras    load in Keras 3, the .h5 in tf-keras too, without custom objects, and
                           predict what onnxruntime does with the source
    slim.h5, slim.keras    --prune 0.5 --criterion l2 on weights alone: the same, with slim.onnx of
                           the same options as the truth
Inputs are scaled up until outputs depend on them by far more than is allowed to differ; a model whose
outputs are constant all the same fails, since it shows nothing.  Inputs that the binary says to be channels last are transposed for Keras.  The largest difference must
be at most 1e-4 of the largest output.  A table comes last, then 'N passed, N failed'; the exit status
is 1 when any failed.
"""
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

from compare import numbered, run, session
from run_keras_oracle import FRAMEWORKS, load_all
from run_oracle import CACHE, LIMIT_S, arguments, finish_making, parse, start_making

SLIM = ("--prune", "0.5", "--criterion", "l2", "--repair", "none")
TOLERANCE = 1e-4
# Other inputs must change an output by this part of it.
SPREAD = 100 * TOLERANCE
SMALL = [
    "c_resnet_bottleneck",  # sums
    "c_preact_resnet",      # normalizations that aren't folded
    "c_densenet",           # concatenation
    "c_inception",          # branches
    "c_depthwise",          # depthwise convolutions
    "c_groupconv",          # convolutions in groups
    "c_shufflenet",         # halves, and channels shuffled by reshaping
    "c_ghost_slice",        # a part of the channels
    "c_split_equal",        # several results
    "c_vgg_flatten",        # channels, rows and columns in one axis before a product
    "c_flatten_nhwc",       # the same in the order of Keras
    "c_group_norm21",       # normalization by groups
    "c_instance_norm",      # and by channels
]


def telling(runtime, inputs):
    """Inputs, scaled up where signals die on their way, and their outputs, which depend on them."""
    spread = 0.0
    for scale in (1, 4, 16, 64, 256):
        given = [x * np.asarray(scale, x.dtype) for x in inputs]
        found = run(runtime, given)
        # What bounds activations, as MobileNetV2 does, tells even pictures apart.
        for others in ([-x for x in given], [np.full_like(x, scale) for x in given]):
            spread = min(float(np.abs(a - b).max() / max(np.abs(a).max(), 1e-30))
                         for a, b in zip(found, run(runtime, others)))
            if spread >= SPREAD:
                return given, found
    raise ValueError(f"outputs change by {spread:.1e} with the inputs, so that they show nothing")


class Files:
    """The files of one model."""

    def __init__(self, binary, source, case, folder):
        self.binary, self.source, self.folder = binary, source, folder
        with np.load(case) as stored:
            self.inputs = numbered(stored, "in")
        self.jobs, self.rows = [], []

    def write(self, name, *options):
        """Runs the main job; the words of its warnings, or None if it failed."""
        done = subprocess.run(
            [self.binary, self.source, "-o", name, "-f", "--calibration", "none", *options],
            capture_output=True, text=True, timeout=LIMIT_S, cwd=self.folder)
        if done.returncode == 0:
            return done.stderr
        words = " | ".join(done.stderr.strip().splitlines()[-4:])
        self.rows.append((name, None, f"exit {done.returncode}: {words}"))
        return None

    def truth(self, model, words, name):
        """A case of what onnxruntime gives for a model, with inputs as the Keras file takes them."""
        runtime = session(str(model))
        moved = set(re.findall(r"the input '(.*)' takes images channels last", words))
        inputs, outputs = telling(runtime, self.inputs)
        given = [np.moveaxis(x, 1, -1) if spec.name in moved else x
                 for spec, x in zip(runtime.get_inputs(), inputs)]
        path = self.folder / f"{name}.npz"
        np.savez(path, **{f"in_{k}": x for k, x in enumerate(given)},
                 **{f"out_{k}": y for k, y in enumerate(outputs)})
        return path

    def make(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for kind, options in (("full", ()), ("slim", SLIM)):
            model = self.source
            if kind == "slim":
                model = self.folder / "slim.onnx"
                if self.write(model.name, *options) is None:
                    continue
            for name in (f"{kind}.h5", f"{kind}.keras"):
                words = self.write(name, *options)
                if words is None:
                    continue
                case = self.truth(model, words, name)
                for framework in FRAMEWORKS:
                    if framework == "keras3" or name.endswith(".h5"):
                        self.jobs.append((framework, self.folder / name, case))


def make_files(*given):
    files = Files(*given)
    try:
        files.make()
    except Exception as e:
        files.rows.append(("run", None, f"{type(e).__name__}: {str(e).splitlines()[0]}"))
    return files


def models(a):
    """(name, model, case) of what is to be checked."""
    if a.models:
        paths = [pathlib.Path(p).resolve() for p in a.models]
        return [(f"{m.parent.name}/{m.stem}", m, c) for m, c in zip(paths[::2], paths[1::2])]
    running = start_making(CACHE / "onnx", "make_onnx_models.py")
    if running:
        finish_making(running)
    folder = CACHE / "onnx"
    return [(n, folder / f"{n}.onnx", folder / f"{n}.npz") for n in a.only or SMALL]


def check_loads(files):
    """Has each framework load its files, all in one process."""
    for framework, words in FRAMEWORKS.items():
        jobs = [(f, m, c) for f in files for w, m, c in f.jobs if w == framework]
        results = load_all(framework, [(m, c) for _, m, c in jobs])
        for (owner, model, _), result in zip(jobs, results):
            owner.rows.append((f"{model.name} {words}", result["difference"], result["error"]))


def table(named):
    """One line a model with the largest differences; the numbers of checks that passed and failed."""
    passed = failed = 0
    columns = [f"{k}.{e} {w}" for k in ("full", "slim")
               for e, w in (("h5", "Keras 3"), ("h5", "tf-keras"), ("keras", "Keras 3"))]
    lines = []
    for name, files in named:
        cells = {}
        for check, found, message in files.rows:
            good = found is not None and found <= TOLERANCE
            passed, failed = passed + good, failed + (not good)
            cells[check] = "FAIL" if found is None else f"{found:.1e}" + ("" if good else " FAIL")
            if not good:
                print(f"FAIL {name} [{check}]: {message or f'differs by {found:.2e}'}")
        lines.append([name] + [cells.get(c, "-") for c in columns])
    width = max(len(line[0]) for line in lines)
    for line in [[""] + columns] + lines:
        print(f"{line[0]:{width}}  " + "  ".join(f"{c:18}" for c in line[1:]).rstrip())
    print(f"{passed} passed, {failed} failed")
    return failed


def main():
    ap = arguments(__doc__.splitlines()[0])
    ap.add_argument("--models", nargs="+", metavar="MODEL CASE")
    a = parse(ap)
    if a.models and len(a.models) % 2:
        ap.error("--models takes pairs of a model and a case")
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(a.keep).resolve() if a.keep else pathlib.Path(temporary)
        work = models(a)
        with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
            files = list(pool.map(
                lambda w: make_files(a.ecconvert.resolve(), *w[1:], root / w[0]), work))
        check_loads(files)
    return 1 if table([(w[0], f) for w, f in zip(work, files)]) else 0


if __name__ == "__main__":
    sys.exit(main())
