#!/usr/bin/env python3
"""Time convolutions by their channel counts, in onnxruntime and in ecconvert's executor (oneDNN).

    channels.py [--ecconvert PATH] [--counts N...] [--runs N]

Each network is a chain of eight equal convolutions with Relu, on 28 x 28 pixels, one thread: 1x1 and
3x3 with as many channels in as out, and depthwise 3x3. Printed is the least CPU time of a layer, in
microseconds. All counts take turns. Where a count costs as much as the next multiple, rounding up to that
is free.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
from onnx import helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COUNTS = [20, 24, 28, 30, 31, 32, 33, 36, 40, 44, 48, 56, 60, 63, 64, 65, 68, 72, 80, 96, 100, 104, 112,
          120, 124, 127, 128, 129, 132, 136, 144]
DEPTH = 8


def chain(kind, channels, path):
    """Writes the network of one kind and count."""
    size, groups = (1, 1) if kind == "1x1" else (3, channels if kind == "depthwise" else 1)
    random = np.random.default_rng(channels)
    nodes, weights, value = [], [], "x"
    for k in range(DEPTH):
        shape = (channels, channels // groups, size, size)
        kernel = (random.standard_normal(shape) / np.sqrt(shape[1] * size * size)).astype("f4")
        weights.append(numpy_helper.from_array(kernel, f"w{k}"))
        nodes.append(helper.make_node("Conv", [value, f"w{k}"], [f"c{k}"], group=groups,
                                      pads=[size // 2] * 4))
        nodes.append(helper.make_node("Relu", [f"c{k}"], [f"r{k}"]))
        value = f"r{k}"
    image = [1, channels, 28, 28]
    graph = helper.make_graph(
        nodes, "chain", [helper.make_tensor_value_info("x", 1, image)],
        [helper.make_tensor_value_info(value, 1, image)], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return image


class Runtime:
    def __init__(self, path, image):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options)
        self.feed = {"x": np.random.default_rng(0).standard_normal(image).astype("f4")}

    def run(self):
        before = time.process_time()
        self.session.run(None, self.feed)
        return time.process_time() - before


class Executor:
    """The process that 'ecconvert bench' starts."""

    def __init__(self, path, image, binary):
        words = [binary, "bench-worker", path, "1", "0", "-1", "1", ",".join(map(str, image))]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready"):
            sys.exit(f"error: {line}")

    def run(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline().split()[1])


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--ecconvert", default=ROOT / ".build/release/ecconvert")
    ap.add_argument("--counts", nargs="+", type=int, default=COUNTS)
    ap.add_argument("--runs", type=int, default=30)
    a = ap.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    engines = ["onnxruntime", "ecconvert"]
    columns = [(kind, engine) for kind in ("1x1", "3x3", "depthwise") for engine in engines]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("1x1", "3x3", "depthwise"):
            runners = {}
            for count in a.counts:
                path = pathlib.Path(folder) / f"{kind}-{count}.onnx"
                image = chain(kind, count, path)
                runners[count, "onnxruntime"] = Runtime(path, image)
                runners[count, "ecconvert"] = Executor(path, image, a.ecconvert)
            times = {key: [] for key in runners}
            for _ in range(a.runs):
                for key, runner in runners.items():
                    times[key].append(runner.run())
            for (count, engine), spent in times.items():
                found[count, kind, engine] = min(spent) / DEPTH * 1e6
            for (count, engine), runner in runners.items():
                if engine == "ecconvert":
                    runner.process.stdin.close()
                    runner.process.wait()
    print("| channels | " + " | ".join(f"{kind} {engine}" for kind, engine in columns) + " |")
    print("|" + "---|" * (len(columns) + 1))
    for count in a.counts:
        print(f"| {count} | " + " | ".join(f"{found[count, k, e]:.1f}" for k, e in columns) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
