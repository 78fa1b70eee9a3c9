#!/usr/bin/env python3
"""Compare `ecconvert finetune` on 1,000 images with onnxruntime's feature extraction alone.

    finetune.py MODEL.onnx [--images N] [--rounds N] [--threads N] [--ecconvert PATH] [--work DIR]

MODEL.onnx is a classifier for 224 x 224 images, such as ResNet50.  The images are drawn once, saved
as JPEG, and laid out in ten class folders.  onnxruntime gets decoded arrays in batches of 8 and runs
up to the classifier's input; the whole of ecconvert is timed: reading, decoding, features, training,
verification, writing.  Both use the same number of threads and run in turn; medians are compared.
Exit status 1 where ecconvert needs more than 1.1 times onnxruntime's wall time.
"""
import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

ROOT = Path(__file__).resolve().parents[2]
SIZE, CLASSES, BATCH = 224, 10, 8


def draw(folder, count):
    """Smooth coloured noise of a hue for each class, as JPEG files."""
    import tensorflow as tf
    for k in range(count):
        path = folder / f"class{k % CLASSES}" / f"{k:05d}.jpg"
        if path.exists():
            continue
        rng = np.random.default_rng(k)
        small = rng.uniform(0, 1, (14, 14, 3)) + np.sin(k % CLASSES + np.arange(3))
        image = tf.image.resize(small, (256, 256), "bicubic").numpy()
        image = (60 + 80 * image + rng.normal(0, 10, image.shape)).clip(0, 255).astype(np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tf.io.encode_jpeg(image, quality=92).numpy())


def features_model(path, target):
    """The model cut at the input of its last Gemm, MatMul or 1x1 Conv."""
    model = onnx.load(str(path))
    node = [n for n in model.graph.node if n.op_type in ("Gemm", "MatMul", "Conv")][-1]
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(node.input[0]))
    onnx.save(model, str(target))


def onnxruntime_seconds(path, count, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    value = session.get_inputs()[0]
    shape = [BATCH, 3, SIZE, SIZE] if value.shape[1] == 3 else [BATCH, SIZE, SIZE, 3]
    images = np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)
    session.run(None, {value.name: images})
    start = time.monotonic()
    for _ in range(0, count, BATCH):
        session.run(None, {value.name: images})
    return time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--ecconvert", type=Path, default=ROOT / ".build/release/ecconvert")
    parser.add_argument("--work", type=Path, default=ROOT / ".build-bench")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    folder = given.work / f"images-{given.images}"
    draw(folder, given.images)
    features = given.work / "features.onnx"
    features_model(given.model, features)
    command = [str(given.ecconvert), "finetune", str(given.model), "--data", str(folder), "-o",
               str(given.work / "tuned.onnx"), "--force", "-q", "--threads", str(given.threads)]
    ours, reference = [], []
    for _ in range(given.rounds):
        reference.append(onnxruntime_seconds(features, given.images, given.threads))
        start = time.monotonic()
        subprocess.run(command, check=True)
        ours.append(time.monotonic() - start)
    ratio = statistics.median(ours) / statistics.median(reference)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    print(f"{given.images} images, {given.threads} threads: ecconvert finetune "
          f"{statistics.median(ours):.1f} s ({peak:.0f} MB), features by onnxruntime "
          f"{statistics.median(reference):.1f} s, ratio {ratio:.2f} (allowed 1.10)")
    sys.exit(ratio > 1.1)


main()
