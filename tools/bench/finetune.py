#!/usr/bin/env python3
"""Compare `ecconvert finetune` on 1,000 images with onnxruntime's feature extraction alone.

    finetune.py MODEL.onnx [--images N] [--rounds N] [--threads N] [--ecconvert PATH] [--work DIR]

Needs onnx, onnxruntime, numpy and pillow.  MODEL.onnx is a classifier for 224 x 224 images, such as
ResNet50.  The images are drawn once, saved as JPEG of 256 x 256, and laid out in ten class folders.
The reference is a Python process that decodes and resizes the same files with Pillow, in threads, one
batch ahead of the network, and runs up to the classifier's input; starting Python, loading the
model and a first batch aren't counted, and the fastest of several batch sizes is taken.  Of ecconvert
the whole process counts: reading, decoding, features, training, verification, writing.  Both have
the same number of threads and run in turn; medians are compared.  The network on arrays that are
decoded already is timed too, for comparison.
Exit status 1 where ecconvert needs more than 1.1 times the reference's wall time.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SIZE, CLASSES, BATCHES = 224, 10, (1, 4, 8, 16, 32)


def draw(folder, count):
    """Smooth coloured noise of a hue for each class, as JPEG files."""
    from PIL import Image
    for k in range(count):
        path = folder / f"class{k % CLASSES}" / f"{k:05d}.jpg"
        if path.exists():
            continue
        rng = np.random.default_rng(k)
        small = rng.uniform(0, 255, (14, 14, 3)) * 0.5 + 60 * (1 + np.sin(k % CLASSES + np.arange(3)))
        image = Image.fromarray(small.clip(0, 255).astype(np.uint8)).resize((256, 256), Image.BICUBIC)
        noisy = np.asarray(image) + rng.normal(0, 10, (256, 256, 3))
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=92)


def features_model(path, target):
    """The model cut at the input of its last Gemm, MatMul or 1x1 Conv."""
    import onnx
    model = onnx.load(str(path))
    node = [n for n in model.graph.node if n.op_type in ("Gemm", "MatMul", "Conv")][-1]
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(node.input[0]))
    onnx.save(model, str(target))


class Features:
    """The reference: features of image files by Pillow and onnxruntime."""

    def __init__(self, path, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0]
        self.pool = ThreadPoolExecutor(threads)

    def image(self, path):
        from PIL import Image
        picture = Image.open(path).convert("RGB").resize((SIZE, SIZE), Image.BILINEAR)
        array = np.asarray(picture, np.float32)[..., ::-1] - (103.939, 116.779, 123.68)
        array = array.astype(np.float32)
        return array.transpose(2, 0, 1) if self.input.shape[1] == 3 else array

    def run(self, images):
        return self.session.run(None, {self.input.name: images})[0]

    def batch_size(self, path):
        """The batch size that needs the least time for an image."""
        def seconds(batch):
            images = np.stack([self.image(path)] * batch)
            self.run(images)
            times = []
            for _ in range(3):
                start = time.monotonic()
                self.run(images)
                times.append(time.monotonic() - start)
            return min(times) / batch
        return min(BATCHES, key=seconds)

    def all(self, paths, batch):
        """Features of all images; the next batch is decoded while the network runs."""
        parts = [paths[k:k + batch] for k in range(0, len(paths), batch)]
        waiting = [self.pool.submit(self.image, path) for path in parts[0]]
        features = []
        for k in range(len(parts)):
            images = np.stack([future.result() for future in waiting])
            if k + 1 < len(parts):
                waiting = [self.pool.submit(self.image, path) for path in parts[k + 1]]
            features.append(self.run(images))
        return np.concatenate(features)


def reference(model, folder, threads):
    """Print the seconds of the reference, with decoding and without."""
    features = Features(model, threads)
    paths = sorted(folder.glob("*/*.jpg"))
    batch = features.batch_size(paths[0])
    start = time.monotonic()
    features.all(paths, batch)
    whole = time.monotonic() - start
    images = np.stack([features.image(path) for path in paths[:batch]])
    start = time.monotonic()
    for _ in range(0, len(paths), batch):
        features.run(images)
    print(json.dumps({"whole": whole, "network": time.monotonic() - start, "batch": batch}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--ecconvert", type=Path, default=ROOT / ".build/release/ecconvert")
    parser.add_argument("--work", type=Path, default=ROOT / ".build-bench")
    parser.add_argument("--reference", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.reference:
        return reference(given.model, given.reference, given.threads)
    given.work.mkdir(parents=True, exist_ok=True)
    folder = given.work / f"images-{given.images}"
    draw(folder, given.images)
    features = given.work / "features.onnx"
    features_model(given.model, features)
    command = [str(given.ecconvert), "finetune", str(given.model), "--data", str(folder), "-o",
               str(given.work / "tuned.onnx"), "--force", "-q", "--threads", str(given.threads)]
    ours, peers = [], []
    for _ in range(given.rounds):
        output = subprocess.run(
            [sys.executable, __file__, features, "--reference", folder, "--threads",
             str(given.threads)], check=True, capture_output=True, text=True).stdout
        peers.append(json.loads(output.splitlines()[-1]))
        start = time.monotonic()
        subprocess.run(command, check=True)
        ours.append(time.monotonic() - start)
    own = statistics.median(ours)
    whole, network = (statistics.median(run[key] for run in peers) for key in ("whole", "network"))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    print(f"{given.images} images, {given.threads} threads: ecconvert finetune {own:.1f} s; "
          f"Pillow and onnxruntime {whole:.1f} s (batches of {peers[-1]['batch']}), ratio "
          f"{own / whole:.2f} (allowed 1.10); onnxruntime on decoded arrays {network:.1f} s, ratio "
          f"{own / network:.2f}; largest process {peak:.0f} MB")
    return int(own > 1.1 * whole)


if __name__ == "__main__":
    sys.exit(main())
