#!/usr/bin/env python3
"""Make full-size Keras models with reference outputs.

    make_fullsize_models.py OUTDIR [--legacy] [--only NAME...]

Writes OUTDIR/NAME.h5 and OUTDIR/NAME.npz (in_0, out_0, in_names, out_names; batch 2) for
networks of keras.applications with 1000 classes, at the size of pictures that each was made for, and for
one that was fitted to other classes: preprocessing, a frozen network as one layer, a new classifier.
Weights are drawn from a generator seeded by the model's name and BatchNormalization statistics are
calibrated, both by make_keras_models.py.  With --legacy the files come from tf_keras (Keras 2), else from
Keras 3.
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
    "InceptionV3": {"batch": 2},
    "Xception": {"batch": 2},
    "NASNetMobile": {"batch": 2},
    "Transfer": {"batch": 2, "scale": "byte"},
}
PIXELS = {"InceptionV3": 299, "Xception": 299}


def transfer():
    """A frozen MobileNetV2 as one layer between its preprocessing and a classifier for five classes."""
    shape = (224, 224, 3)
    base = small.A.MobileNetV2(weights=None, include_top=False, input_shape=shape)
    base.trainable = False
    pictures = small.L.Input(shape)
    x = small.L.Rescaling(1 / 127.5, offset=-1)(small.L.RandomFlip("horizontal")(pictures))
    x = small.L.GlobalAveragePooling2D()(base(x, training=False))
    x = small.L.Dense(5, activation="softmax")(small.L.Dropout(0.2)(x))
    return small.Model(pictures, x, name="transfer")


def build(name):
    """The function that builds a model by its name."""
    if name == "Transfer":
        return transfer
    pixels = PIXELS.get(name, 224)

    def f():
        return getattr(small.A, name)(weights=None, input_shape=(pixels, pixels, 3), classes=1000)
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
