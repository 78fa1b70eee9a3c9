#!/usr/bin/env python3
"""Convert and prune a model of 3 GB with external data, and measure the memory that takes.

    check_large.py [--ecconvert PATH] [--gigabytes G] [--folder DIR] [--no-prune]

Makes a chain of wide Gemm and MatMul layers with the same weights every time, streamed to the disk, and checks:
    convert    --no-verify: less than 300 MB of anonymous memory; the file of weights is sound (offsets
               at pages, exact lengths) and every tensor has the bytes of the source; onnx.checker
    verified   the same with verification, whose memory is only reported
    prune      --prune 0.5 --criterion l2 --calibration none: the memory is reported; half of the hidden
               channels are gone, and what is left of the first weights are rows of the source
    signal     SIGTERM while the weights are written: exit 130, nothing is left
It needs 7 GB of disk in DIR (a temporary folder is made there and removed) and a release build.
"""
import argparse
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
from onnx import TensorProto, helper

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "bench"))
from measure import run  # noqa: E402

WIDTH = 8192
EDGE = 64
LIMIT_MB = 300
PAGE = 4096
CHUNK = 1 << 24     # bytes


def make(folder, gigabytes):
    """Writes model.onnx and weights.bin; the memory of one block of weights is all that it takes."""
    hidden = max(1, round(gigabytes * 1e9 / (4 * WIDTH * WIDTH)))
    widths = [EDGE] + [WIDTH] * (hidden + 1) + [EDGE]
    block = np.random.default_rng(0).standard_normal(CHUNK // 4, dtype=np.float32)
    nodes, tensors, value = [], [], "x"
    with open(folder / "weights.bin", "wb") as data:
        for k, (wide, out) in enumerate(zip(widths, widths[1:])):
            tensor = TensorProto(name=f"w{k}", data_type=TensorProto.FLOAT, dims=[out, wide],
                                 data_location=TensorProto.EXTERNAL)
            data.write(bytes(-data.tell() % PAGE))
            length = 4 * out * wide
            for entry in (("location", "weights.bin"), ("offset", data.tell()),
                          ("length", length)):
                tensor.external_data.add(key=entry[0], value=str(entry[1]))
            tensors.append(tensor)
            for start in range(0, length, CHUNK):
                # Other numbers in every block, and other norms in every row.
                scale = (2 / wide) ** 0.5 * (1 + 0.01 * ((start // CHUNK + 5 * k) % 17))
                part = np.roll(block, 7919 * (k + start // CHUNK)) * np.float32(scale)
                data.write(memoryview(part).cast("B")[:length - start])
            last = k == len(widths) - 2
            results = ["y" if last else f"g{k}"]
            if wide == out and k % 2:
                nodes.append(helper.make_node("MatMul", [value, tensor.name], results, f"dense{k}"))
            else:
                nodes.append(helper.make_node(
                    "Gemm", [value, tensor.name], results, f"dense{k}", transB=1))
            if not last:
                nodes.append(helper.make_node("Relu", [f"g{k}"], [f"r{k}"], f"relu{k}"))
            value = f"r{k}"
    model = helper.make_model(
        helper.make_graph(
            nodes, "large",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, EDGE])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, EDGE])], tensors),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(folder / "model.onnx"))
    return folder / "model.onnx"


class Weights:
    """The tensors of a file, as maps of their bytes."""

    def __init__(self, path):
        self.path = path
        self.tensors = {t.name: t for t in
                        onnx.load(str(path), load_external_data=False).graph.initializer}

    def entries(self, name):
        return {e.key: e.value for e in self.tensors[name].external_data}

    def array(self, name):
        tensor, entries = self.tensors[name], self.entries(name)
        return np.memmap(self.path.parent / entries["location"], np.float32, "r",
                         int(entries["offset"]), tuple(tensor.dims))

    def faults(self):
        """What is wrong with how the file of weights is laid out."""
        found = []
        for name, tensor in self.tensors.items():
            if tensor.data_location != TensorProto.EXTERNAL:
                found.append(f"{name} is inside")
                continue
            entries = self.entries(name)
            if int(entries["offset"]) % PAGE:
                found.append(f"{name} starts at {entries['offset']}")
            if int(entries["length"]) != 4 * int(np.prod(list(tensor.dims), dtype=np.int64)):
                found.append(f"{name} has {entries['length']} bytes")
            if entries["location"] != f"{self.path.name}.data":
                found.append(f"{name} is in {entries['location']}")
        return found


def differences(source, result):
    """The names of the tensors whose bytes aren't those of the source."""
    found = sorted(set(source.tensors) ^ set(result.tensors))
    for name in source.tensors.keys() & result.tensors.keys():
        a, b = source.array(name), result.array(name)
        same = a.shape == b.shape and all(
            a[k:k + 512].tobytes() == b[k:k + 512].tobytes() for k in range(0, len(a), 512))
        if not same:
            found.append(name)
    return found


class Check:
    """Runs the program, prints a line for every run, and counts what failed."""

    def __init__(self, program, folder):
        self.program, self.folder, self.failures = program, folder, 0

    def expect(self, passed, message):
        if not passed:
            self.failures += 1
            print(f"FAILED {message}", flush=True)

    def run(self, title, source, *options):
        """The weights written, or None."""
        output = self.folder / "out" / "result.onnx"
        shutil.rmtree(output.parent, ignore_errors=True)
        output.parent.mkdir()
        done = run([str(self.program), str(source), "-o", str(output), *options])
        print(f"{title}: {done.anonymous:.0f} MB anonymous, {done.resident:.0f} MB resident, "
              f"{done.cpu:.1f} s CPU, {done.wall:.1f} s", flush=True)
        self.expect(not done.failure, f"{title}: {done.failure}")
        if done.failure:
            return None, done
        names = sorted(p.name for p in output.parent.iterdir())
        self.expect(names == ["result.onnx", "result.onnx.data"], f"{title}: it left {names}")
        result = Weights(output)
        faults = result.faults()
        self.expect(not faults, f"{title}: {'; '.join(faults[:3])}")
        onnx.checker.check_model(str(output))
        return result, done

    def interrupt(self, source):
        """Ends the program once the first weights are written."""
        folder = self.folder / "out"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        process = subprocess.Popen(
            [str(self.program), str(source), "-o", str(folder / "result.onnx"), "--no-verify"],
            stderr=subprocess.DEVNULL)
        while process.poll() is None and not any(
                p.stat().st_size for p in folder.glob(".ecconvert-*/*.data")):
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        status, names = process.wait(), [p.name for p in folder.iterdir()]
        print(f"signal: exit {status}", flush=True)
        self.expect(status == 130 and not names, f"signal: exit {status}, it left {names}")

    def all(self, gigabytes, prunes):
        path = make(self.folder, gigabytes)
        self.interrupt(path)
        source = Weights(path)
        for title, options in (("convert", ["--no-verify"]), ("verified", [])):
            result, done = self.run(title, path, *options)
            if result is None:
                continue
            changed = differences(source, result)
            self.expect(not changed, f"{title}: other bytes in {changed[:5]}")
            if title == "convert":
                self.expect(done.anonymous < LIMIT_MB,
                            f"{title}: {done.anonymous:.0f} MB, allowed are {LIMIT_MB}")
        if not prunes:
            return
        result, _ = self.run("prune", path, "--prune", "0.5", "--criterion", "l2",
                             "--calibration", "none", "--external-data", "always", "--no-verify")
        if result is not None:
            dims = [list(t.dims) for t in result.tensors.values()]
            expected = [[WIDTH // 2, EDGE]] + [[WIDTH // 2] * 2] * (len(dims) - 2) \
                + [[EDGE, WIDTH // 2]]
            self.expect(sorted(dims) == sorted(expected), f"prune: extents {dims}")
            rows = {row.tobytes() for row in source.array("w0")}
            first = next(n for n, t in result.tensors.items()
                         if list(t.dims) == [WIDTH // 2, EDGE])
            self.expect(all(row.tobytes() in rows for row in result.array(first)),
                        "prune: rows that the source doesn't have")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--ecconvert", type=pathlib.Path, default=ROOT / ".build/release/ecconvert")
    ap.add_argument("--gigabytes", type=float, default=3.0)
    ap.add_argument("--folder", type=pathlib.Path, help="where there is room (default: /tmp)")
    ap.add_argument("--no-prune", action="store_true")
    a = ap.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="check_large.", dir=a.folder))
    try:
        check = Check(a.ecconvert.resolve(), folder)
        check.all(a.gigabytes, not a.no_prune)
    finally:
        shutil.rmtree(folder)
    print(f"{check.failures} failed")
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
