#!/usr/bin/env python3
"""Convert the models of keras.applications in every format, and print how they fared as Markdown.

    check_applications.py --ecconvert PATH --peer-python PYTHON [--only NAME...] [--sets S...]

The large models of make_keras_models.py, written by Keras 3 and by tf-keras, each as .h5, .keras and
.weights.h5 (with --arch architecture.json): onnx.checker, and outputs in ONNX Runtime against those of
Keras, as a part of the largest magnitude. Where a network amplifies rounding beyond 1e-4, tf2onnx
converts the same weights (PYTHON has tf2onnx and tf_keras), and Keras computes in float64 what is exact, for
the images and shifted ones: the root mean square of what we are off must be no more than that of tf2onnx'
file or of Keras itself. Takes about ten minutes and 7 GB of disk, and so isn't part of the checks of every
change.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

from compare import difference, numbered, run, session
from run_oracle import CACHE, finish_making, start_making

TOLERANCE = 1e-4
FORMATS = {"h5": ".h5", "keras": ".keras", "weights": ".weights.h5"}
# Roundings of one network scatter by so much from file to file; a fault would be off by far more.
LUCK = 1.25

TF2ONNX = """
import os, sys
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import tensorflow as tf, tf_keras, tf2onnx
model = tf_keras.models.load_model(sys.argv[1], compile=False)
signature = [tf.TensorSpec(i.shape, i.dtype, name=i.name) for i in model.inputs]
tf2onnx.convert.from_keras(model, input_signature=signature, opset=17, output_path=sys.argv[2])
"""

FLOAT64 = """
import os, sys
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
if sys.argv[1] == "keras2":
    import tf_keras as keras
else:
    import keras
keras.backend.set_floatx("float64")
single = keras.models.load_model(sys.argv[2], compile=False)
exact = type(single).from_config(eval(repr(single.get_config()).replace("'float32'", "'float64'")))
exact.set_weights(single.get_weights())
with np.load(sys.argv[3]) as case:
    images = np.concatenate([np.roll(case["in_0"], (k, 2 * k), (1, 2)) for k in range(6)])
np.savez(sys.argv[4], images=images, single=single.predict(images, verbose=0),
         exact=exact.predict(images.astype("float64"), verbose=0))
"""


def relative(expected, found):
    worst = [difference(e, f) for e, f in zip(expected, found)]
    return max(d / max(m, 1e-30) for d, m in worst)


def python(executable, code, *arguments):
    done = subprocess.run([executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])


class Model:
    """One model of one generation of Keras."""

    def __init__(self, options, generation, folder, name, scratch):
        self.options, self.generation, self.scratch = options, generation, scratch
        self.source = folder / name
        with np.load(f"{self.source}.npz") as case:
            self.inputs, self.expected = numbered(case, "in"), numbered(case, "out")

    def convert(self, source, output, *arguments):
        done = subprocess.run([self.options.ecconvert, source, "-o", output, "--force", *arguments],
                              capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"exit {done.returncode}: {done.stderr.strip().splitlines()[0]}")

    def outputs(self, path):
        return run(session(str(path)), self.inputs)

    @staticmethod
    def offset(exact, found):
        """The root mean square of what outputs are off, as a part of that of the outputs."""
        return float(np.sqrt(((found - exact) ** 2).mean() / (exact ** 2).mean()))

    def cell(self, form):
        """The words of one format, whether it passed, and the result."""
        import onnx
        path, output, arguments = f"{self.source}{FORMATS[form]}", self.scratch / f"{form}.onnx", []
        if form == "weights":
            architecture = self.scratch / "architecture.json"
            architecture.write_bytes(zipfile.ZipFile(f"{self.source}.keras").read("config.json"))
            arguments = ["--arch", architecture]
        try:
            self.convert(path, output, *arguments)
            onnx.checker.check_model(str(output), full_check=True)
            worst = relative(self.expected, self.outputs(output))
        except Exception as e:
            return str(e).splitlines()[0][:100], False, None
        return f"{worst:.1e}", worst <= TOLERANCE, output

    def beside(self, ours):
        """How far from the exact outputs our file, tf2onnx' and Keras are; whether we are no worse."""
        case, other = self.scratch / "exact.npz", self.scratch / "peer.onnx"
        python(sys.executable, FLOAT64, self.generation, f"{self.source}.h5", f"{self.source}.npz", case)
        # What Keras 3 writes, tf_keras can't read; what we write of it, it can.
        legacy = pathlib.Path(f"{self.source}.h5")
        if self.generation == "keras3":
            legacy = self.scratch / "legacy.h5"
            self.convert(f"{self.source}.h5", legacy)
        python(self.options.peer_python, TF2ONNX, legacy, other)
        with np.load(case) as arrays:
            exact, single, images = arrays["exact"], arrays["single"], arrays["images"]
        we, they = (self.offset(exact, run(session(str(p)), [images])[0]) for p in (ours, other))
        keras = self.offset(exact, single)
        words = f"off float64 by {we:.1e}, tf2onnx by {they:.1e}, Keras by {keras:.1e}"
        return words, we <= LUCK * max(they, keras)


def row(options, generation, folder, name):
    """The cells of a model, and whether all passed."""
    with tempfile.TemporaryDirectory() as scratch:
        model = Model(options, generation, folder, name, pathlib.Path(scratch))
        cells = {form: model.cell(form) for form in FORMATS}
        note, passed = "", all(ok for _, ok, _ in cells.values())
        amplified = [path for _, ok, path in cells.values() if not ok]
        if amplified and None not in amplified:
            try:
                note, passed = model.beside(amplified[0])
            except Exception as e:
                note = str(e).splitlines()[0][:200]
    return [words for words, _, _ in cells.values()], note, passed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ecconvert", required=True, type=pathlib.Path)
    parser.add_argument("--peer-python", required=True, help="a Python with tf2onnx and tf_keras")
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--sets", nargs="+", default=["keras3", "keras2"], choices=["keras3", "keras2"])
    options = parser.parse_args()
    options.ecconvert = options.ecconvert.resolve()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in options.sets:
        arguments = ["--large", "--formats", "h5,weights,keras"]
        arguments += ["--legacy"] if name == "keras2" else []
        running = start_making(CACHE / f"{name}-large", "make_keras_models.py", *arguments)
        if running:
            finish_making(running)
    print("| model | dialect | " + " | ".join(FORMATS) + " | verdict |")
    print("|---|---|" + "---|" * (len(FORMATS) + 1))
    passed, count = 0, 0
    for generation in options.sets:
        folder = CACHE / f"{generation}-large"
        for record in json.loads((folder / "MANIFEST.json").read_text()):
            if options.only and record["name"] not in options.only:
                continue
            cells, note, ok = row(options, generation, folder, record["name"])
            passed, count = passed + ok, count + 1
            verdict = "ok" if ok else "FAIL"
            print(f"| {record['name']} | {generation} {record['keras']} | " + " | ".join(cells)
                  + f" | {verdict + (', ' + note if note else '')} |", flush=True)
    print(f"\n{passed} of {count} passed")
    return 0 if count and passed == count else 1


if __name__ == "__main__":
    sys.exit(main())
