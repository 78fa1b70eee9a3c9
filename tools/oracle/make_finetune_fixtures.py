#!/usr/bin/env python3
"""Write the data that the tests of fine-tuning read.

    make_finetune_fixtures.py OUTDIR       normally fixtures/finetune

Needs TensorFlow (for JPEG and PNG) and scipy. Writes
    shapes/CLASS/*.png     three classes of drawn figures, in folders
    split/                 the same in train, val and test
    flowers/               the same laid out as Oxford Flowers-102
    table.csv, table.tsv   the same as tables
    arrays.npz, packed.npz the same as arrays, stored and compressed
    trouble/               two good classes with files that can't be decoded, CMYK and 16 bits
    objective.json         losses, gradients and minima of softmax regression, by scipy
"""
import json
import os
import shutil
import sys

import numpy as np
import scipy.io
import scipy.optimize
import tensorflow as tf

out = sys.argv[1]
SIZE = 20
CLASSES = ["circle", "cross", "square"]
PER_CLASS = 10


def figure(name, rng):
    """A figure on a noisy ground, [SIZE, SIZE, 3]."""
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2 - rng.uniform(-2, 2, (2, 1, 1))
    r = rng.uniform(4, 7)
    inside = {
        "circle": np.hypot(x, y) < r,
        "cross": (np.abs(x) < r / 3) | (np.abs(y) < r / 3),
        "square": (np.abs(x) < r) & (np.abs(y) < r) & ~((np.abs(x) < r - 2) & (np.abs(y) < r - 2)),
    }[name]
    colour = rng.uniform(120, 255, 3)
    image = np.where(inside[..., None], colour, rng.uniform(0, 60, 3))
    return (image + rng.normal(0, 8, image.shape)).clip(0, 255).astype(np.uint8)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def png(image):
    return tf.io.encode_png(image).numpy()


def jpeg(image):
    return tf.io.encode_jpeg(image, quality=95).numpy()


def images():
    rng = np.random.default_rng(7)
    return [(name, k, figure(name, rng)) for name in CLASSES for k in range(PER_CLASS)]


def layouts():
    rows = ["path,label,split"]
    flowers, ids = [], {"trnid": [], "valid": [], "tstid": []}
    x, y = [], []
    for name, k, image in images():
        path = f"shapes/{name}/{k}.png"
        write(f"{out}/{path}", png(image))
        split = "train" if k < 6 else "val" if k < 8 else "test"
        write(f"{out}/split/{split}/{name}/{k}.png", png(image))
        rows.append(f'"{path}",{name},{split}')
        flowers.append(CLASSES.index(name) + 1)
        write(f"{out}/flowers/jpg/image_{len(flowers):05d}.jpg", jpeg(image))
        ids[{"train": "trnid", "val": "valid", "test": "tstid"}[split]].append(len(flowers))
        x.append(image)
        y.append(CLASSES.index(name))
    scipy.io.savemat(f"{out}/flowers/imagelabels.mat", {"labels": np.array([flowers], np.uint8)})
    scipy.io.savemat(
        f"{out}/flowers/setid.mat", {k: np.array([v], np.uint16) for k, v in ids.items()})
    write(f"{out}/table.csv", ("\n".join(rows) + "\n").encode())
    plain = [",".join(row.replace('"', "").split(",")[:2]) for row in rows[1:]]
    write(f"{out}/table.tsv", ("\n".join(row.replace(",", "\t") for row in plain) + "\n").encode())
    arrays = {"x": np.array(x, np.uint8), "y": np.array(y, np.int64)}
    np.savez(f"{out}/arrays.npz", **arrays)
    np.savez_compressed(f"{out}/packed.npz", **arrays)


def trouble():
    images = os.path.join(os.path.dirname(os.path.abspath(out)), "images")
    for name in CLASSES[:2]:
        shutil.copytree(f"{out}/shapes/{name}", f"{out}/trouble/{name}", dirs_exist_ok=True)
    for source in ["broken-short.jpg", "broken-text.jpg", "cmyk.jpg", "deep.png"]:
        shutil.copy(f"{images}/{source}", f"{out}/trouble/cross/{source}")


def objective():
    rng = np.random.default_rng(3)
    n, d, c = 40, 5, 3
    rows = rng.normal(0, 1, (n, d))
    labels = np.argmax(rows[:, :c] + rng.normal(0, 1, (n, c)), 1)
    weights = rng.uniform(0.5, 2, n)
    scores = rng.normal(0, 2, (n, c))
    start = rng.normal(0, 1, c * (d + 1))

    def softmax(z):
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def value(p, decay, share, temperature):
        w, b = p[: c * d].reshape(c, d), p[c * d:]
        z = rows @ w.T + b
        hard = -np.log(softmax(z)[np.arange(n), labels])
        soft = -(softmax(scores / temperature) * np.log(softmax(z / temperature))).sum(1)
        each = (1 - share) * hard + share * temperature**2 * soft
        return (weights * each).sum() / weights.sum() + decay / 2 * (w**2).sum()

    def gradient(p, *args):
        # Central differences; nothing but the formula above is trusted.
        step = np.eye(len(p)) * 1e-5
        return np.array([(value(p + s, *args) - value(p - s, *args)) / 2e-5 for s in step])

    cases = []
    for decay, share, temperature in [(0.01, 0, 1), (0.1, 0, 1), (0.02, 0.6, 3)]:
        args = (decay, share, temperature)
        found = scipy.optimize.minimize(
            value, np.zeros_like(start), args, method="L-BFGS-B", jac=gradient,
            options={"ftol": 1e-16, "gtol": 1e-9, "maxiter": 2000})
        cases.append({
            "decay": decay, "share": share, "temperature": temperature,
            "loss": value(start, *args), "gradient": gradient(start, *args).tolist(),
            "minimum": found.x.tolist(), "least": found.fun})
    write(f"{out}/objective.json", json.dumps({
        "rows": rows.ravel().tolist(), "width": d, "classes": c, "labels": labels.tolist(),
        "weights": weights.tolist(), "teacher": scores.ravel().tolist(),
        "start": start.tolist(), "cases": cases}).encode())


layouts()
trouble()
objective()
