#!/usr/bin/env python3
"""Run compare.py on small folders laid out like the data sets of the paper's comparison.

    check_compare.py --ecconvert PATH

A network with random weights is compared on generated pictures: class folders as TF Flowers has
them, with a folder of clutter as Caltech-101 has it, numbered pictures with MATLAB's tables as
Flowers-102 has them, and train/val/test folders. Checks that results are there, that a second call runs
nothing again, and that a stopped one goes on. Takes seconds.
"""
import argparse
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from scipy.io import savemat

SIDE = 16
COMPARE = pathlib.Path(__file__).with_name("compare.py")
PHOTO = pathlib.Path(__file__).resolve().parents[2] / "fixtures/images/colour.jpg"
CRITERIA = ["random", "centrality"]


def write_png(path, pixels):
    """Write uint8 [height, width, 3] as PNG."""
    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_pictures(folder, count, seed=0):
    """Stripes of three directions under noise, one class folder each."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    for label, phase in {"across": y, "along": x, "slanting": x + y}.items():
        for k in range(count):
            wave = np.sin(phase * 1.5 + rng.uniform(0, 6))[..., None] * rng.uniform(0.3, 1, 3)
            noisy = 127 + 90 * wave + rng.normal(0, 20, (SIDE, SIDE, 3))
            write_png(folder / label / f"{k}.png", noisy.clip(0, 255).astype(np.uint8))


def write_numbered(folder, count):
    """One photograph under many numbers, with labels and splits in tables beside."""
    (folder / "jpg").mkdir(parents=True)
    numbers = np.arange(1, count + 1)
    for number in numbers:
        shutil.copy(PHOTO, folder / f"jpg/image_{number:05}.jpg")
    savemat(folder / "imagelabels.mat", {"labels": 1 + numbers[None] % 2})
    part = count // 3
    savemat(folder / "setid.mat", {
        "trnid": numbers[None, :part], "valid": numbers[None, part:2 * part],
        "tstid": numbers[None, 2 * part:]})


def write_network(path):
    """Two convolutions and a classifier."""
    rng = np.random.default_rng(1)

    def weights(name, *shape):
        scale = (2 / np.prod(shape[1:])) ** 0.5
        return numpy_helper.from_array((scale * rng.normal(size=shape)).astype(np.float32), name)

    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "w1"], ["a"], kernel_shape=[3, 3], pads=[1] * 4),
         helper.make_node("Relu", ["a"], ["b"]),
         helper.make_node("Conv", ["b", "w2"], ["c"], kernel_shape=[3, 3], strides=[2, 2]),
         helper.make_node("Relu", ["c"], ["d"]),
         helper.make_node("GlobalAveragePool", ["d"], ["e"]),
         helper.make_node("Flatten", ["e"], ["f"]),
         helper.make_node("Gemm", ["f", "w3"], ["scores"], transB=1)],
        "striped",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 5])],
        [weights("w1", 16, 3, 3, 3), weights("w2", 24, 16, 3, 3), weights("w3", 5, 24)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


class Check:
    def __init__(self, folder, ecconvert):
        self.folder = folder
        self.ecconvert = ecconvert
        self.network = folder / "striped.onnx"
        write_network(self.network)

    def compare(self, data, output, *options):
        """The lines that compare.py prints for its runs."""
        done = subprocess.run(
            [sys.executable, COMPARE, data, "--model", self.network, "-o", output, "--ratios", "0.5",
             "--criteria", *CRITERIA, "--repairs", "merge", "--seeds", "1", "--preprocess", "unit",
             "--ecconvert", self.ecconvert, *options], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{data.name}: exit {done.returncode}\n{done.stderr}")
        return [line for line in done.stdout.splitlines() if line.startswith("[")]

    def layout(self, name):
        """One layout: all runs are made and have their row."""
        output = self.folder / f"results-{name}"
        runs = self.compare(self.folder / name, output)
        table = (output / "README.md").read_text()
        missing = [c for c in CRITERIA if f"\n| {c} | " not in table]
        if len(runs) != 1 + len(CRITERIA) or missing:
            sys.exit(f"{name}: {len(runs)} runs, no rows for {missing}\n{table}")
        print(f"{name}: {runs[-1]}")
        return output

    def resumes(self, name, output):
        """Nothing is run twice, and a line that was cut off is run again."""
        if again := self.compare(self.folder / name, output):
            sys.exit(f"{name}: runs were repeated: {again}")
        results = output / "results.jsonl"
        whole = results.read_text()
        results.write_text(whole[:-20])
        if len(self.compare(self.folder / name, output)) != 1:
            sys.exit(f"{name}: a run that was cut off isn't made again")
        if len(results.read_text().splitlines()) != len(whole.splitlines()):
            sys.exit(f"{name}: the results aren't whole again")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ecconvert", type=pathlib.Path, required=True)
    ecconvert = parser.parse_args().ecconvert.resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        check = Check(folder, ecconvert)
        write_pictures(folder / "flower_photos", 15)
        check.resumes("flower_photos", check.layout("flower_photos"))
        write_pictures(folder / "101_ObjectCategories", 15, seed=1)
        write_png(folder / "101_ObjectCategories/BACKGROUND_Google/0.png",
                  np.zeros((SIDE, SIDE, 3), np.uint8))
        check.layout("101_ObjectCategories")
        write_numbered(folder / "flowers-102", 24)
        check.layout("flowers-102")
        for seed, split in enumerate(["train", "val", "test"]):
            write_pictures(folder / "own_split" / split, 8, seed)
        check.layout("own_split")


if __name__ == "__main__":
    main()
