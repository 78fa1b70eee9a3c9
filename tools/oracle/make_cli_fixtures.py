#!/usr/bin/env python3
"""Make the small Keras files of fixtures/cli, which the tests of whole commands read.

    make_cli_fixtures.py [OUTDIR]

cnn.h5 is a classifier that prunes well, mlp.h5 has no images, lambda.h5 and custom.h5 have layers
that can't be carried, weights.h5 has weights only, truncated.h5 is the first half of cnn.h5.
"""
import os
import pathlib
import sys
import tempfile

import make_keras_models as models
from make_keras_models import L, Sequential

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def cnn():
    """Three convolutions, a residual sum and a dense head."""
    i = L.Input((16, 16, 3), name="image")
    x = models.conv_bn(i, 8, 3, name="stem")
    y = models.conv_bn(x, 12, 3, name="inner")
    y = models.conv_bn(y, 8, 3, act=None, name="outer")
    x = L.Activation("relu", name="sum_relu")(L.Add(name="sum")([x, y]))
    x = L.GlobalAveragePooling2D(name="pool")(x)
    return models.Model(i, L.Dense(5, activation="softmax", name="head")(x), name="cnn")


def mlp():
    """A classifier without images."""
    return Sequential([L.Input((10,)), L.Dense(16, activation="relu", name="hidden"),
                       L.Dense(3, activation="softmax", name="head")], name="mlp")


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "fixtures/cli")
    out.mkdir(parents=True, exist_ok=True)
    jobs = {"cnn": (cnn, {}), "mlp": (mlp, {}),
            "lambda": models.SMALL["lambda_layer"], "custom": models.SMALL["custom_layer"],
            "weights": (cnn, {"post": "weights_only"})}
    with tempfile.TemporaryDirectory() as work:
        for name, (function, options) in jobs.items():
            models.make(name, function, options, work, ["h5"])
            data = pathlib.Path(work, name + ".h5").read_bytes()
            (out / (name + ".h5")).write_bytes(data)
    whole = (out / "cnn.h5").read_bytes()
    (out / "truncated.h5").write_bytes(whole[:len(whole) // 2])
    for path in sorted(out.glob("*.h5")):
        size = os.path.getsize(path)
        print(f"{path.name:14} {size:7} bytes")
        if size > 60_000:
            sys.exit(f"error: {path} is too large")


if __name__ == "__main__":
    main()
