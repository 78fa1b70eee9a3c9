#!/usr/bin/env python3
"""Make full-size Keras models with reference outputs.

    make_fullsize_models.py OUTDIR [--legacy] [--only NAME...]

Writes OUTDIR/NAME.h5 and OUTDIR/NAME.npz (in_0, out_0, in_names, out_names; batch 2) for
networks of keras.applications at 224x224 with 1000 classes.  Weights are drawn from a generator seeded
by the model's name and BatchNormalization statistics are calibrated, both by make_keras_models.py.
With --legacy the files come from tf_keras (Keras 2), else from Keras 3.
"""
import argparse
import json
import os
import sys

import make_keras_models as small

MODELS = {
    "VGG16": {"batch": 2},
    "ResNet50": {"batch": 2},
    "EfficientNetB0": {"batch": 2, "scale": "byte"},
    "MobileNetV2": {"batch": 2},
    "MobileNetV3Large": {"batch": 2, "scale": "byte"},
    "DenseNet121": {"batch": 2},
}


def build(name):
    """The function that builds an application by its name."""
    def f():
        return getattr(small.A, name)(weights=None, input_shape=(224, 224, 3), classes=1000)
    return f


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("outdir")
    ap.add_argument("--legacy", action="store_true", help="use tf_keras (Keras 2)")
    ap.add_argument("--only", nargs="+", choices=list(MODELS), default=list(MODELS))
    a = ap.parse_args()
    assert a.legacy == small.LEGACY
    os.makedirs(a.outdir, exist_ok=True)
    records = [small.make(n, build(n), MODELS[n], a.outdir, ["h5"]) for n in a.only]
    with open(os.path.join(a.outdir, "MANIFEST.json"), "w") as fh:
        json.dump(records, fh, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
