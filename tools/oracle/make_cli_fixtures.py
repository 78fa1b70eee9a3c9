#!/usr/bin/env python3
"""Make the small Keras files of fixtures/cli, which the tests of whole commands read.

    make_cli_fixtures.py [OUTDIR]

cnn.h5 is a classifier that prunes well, mlp.h5 has no images, lambda.h5 and custom.h5 have layers
that can't be carried, weights.h5 has weights only, truncated.h5 is the first half of cnn.h5.
cnn.keras and cnn.weights.h5 hold the same model, cnn.json and mlp.json are architectures; the other
archives are cnn.keras, broken.
"""
import os
import pathlib
import sys
import tempfile
import zipfile

import h5py
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


def repacked(path, target, change, method=zipfile.ZIP_STORED):
    """Packs an archive again, with the entries that `change` makes of its entries."""
    with zipfile.ZipFile(path) as source:
        entries = change({name: source.read(name) for name in source.namelist()})
    with zipfile.ZipFile(target, "w", method) as file:
        for name, data in entries.items():
            file.writestr(zipfile.ZipInfo(name), data, method)


def break_archives(out):
    """Writes the broken forms of cnn.keras."""
    whole = out / "cnn.keras"
    data = whole.read_bytes()
    (out / "truncated.keras").write_bytes(data[:len(data) // 2])
    def without(name):
        return lambda entries: {n: d for n, d in entries.items() if n != name}
    repacked(whole, out / "outside.keras", lambda e: {"../config.json": e["config.json"]})
    repacked(whole, out / "no_weights.keras", without("model.weights.h5"))
    repacked(whole, out / "no_config.keras", without("config.json"))
    repacked(whole, out / "bad_config.keras", lambda e: {
        **e, "config.json": b'{"class_name": "Functional", "config": {"layers": [}}',
        "model.weights.h5": e["model.weights.h5"]})
    repacked(whole, out / "cut_weights.keras", lambda e: {
        **e, "model.weights.h5": e["model.weights.h5"][:9000]})
    repacked(whole, out / "deflated.keras", lambda e: e, zipfile.ZIP_DEFLATED)
    repacked(whole, out / "saved_model.keras", lambda e: {"model/saved_model.pb": b"x"})
    # Claims 3 GB for the weights.
    packed = bytearray((out / "deflated.keras").read_bytes())
    at = packed.rindex(b"PK\x01\x02")
    packed[at + 24:at + 28] = (3_000_000_000).to_bytes(4, "little")
    (out / "bomb.keras").write_bytes(packed)


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
        models.make("cnn", cnn, {}, work, ["keras", "weights"])
        for name in ["cnn.keras", "cnn.weights.h5"]:
            (out / name).write_bytes(pathlib.Path(work, name).read_bytes())
        with zipfile.ZipFile(out / "cnn.keras") as file:
            (out / "cnn.json").write_bytes(file.read("config.json"))
        with h5py.File(out / "mlp.h5") as file:
            (out / "mlp.json").write_text(file.attrs["model_config"])
    break_archives(out)
    whole = (out / "cnn.h5").read_bytes()
    (out / "truncated.h5").write_bytes(whole[:len(whole) // 2])
    for path in sorted(out.iterdir()):
        size = os.path.getsize(path)
        print(f"{path.name:14} {size:7} bytes")
        if size > 60_000:
            sys.exit(f"error: {path} is too large")


if __name__ == "__main__":
    main()
