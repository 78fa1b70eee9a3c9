#!/usr/bin/env python3
"""Check how `ecconvert finetune` reads images: resized as Keras does, odd files as documented.

    check_images.py [--ecconvert PATH]

A model whose features are the pixels themselves shows what it was given: the store of features that a
stopped run leaves. Photographs of several sizes are resized up and down, with and without
--crop-to-aspect-ratio, and compared with keras.utils.image_dataset_from_directory. Then come a truncated
JPEG, a CMYK JPEG, a 16-bit PNG, text named .jpg, an empty class and one class only; and runs that are killed
(SIGKILL) and resumed, whose files must equal the whole run's.
"""
import argparse
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import onnx
import tensorflow as tf
from onnx import helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZES = [(640, 480), (480, 640), (333, 500), (50, 37), (224, 224), (1023, 31)]
TARGETS = [(224, 224), (96, 128), (37, 61)]
STORE_MARK = b"ECCFEAT1"
KINDS = ["bilinear", "nearest", "bicubic", "area"]


def photograph(width, height, seed):
    """A PNG file of smooth areas, edges and noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    planes = [128 + 100 * np.sin(x / 17 + y / 9), 255 * ((x // 23 + y // 31) % 2),
              random.integers(0, 256, (height, width))]
    return tf.io.encode_png(np.stack(planes, -1).clip(0, 255).astype(np.uint8)).numpy()


def write_pixels_model(path, height, width):
    """[n, 3, h, w] -> Flatten -> Gemm: the features of the classifier are the pixels."""
    count = 3 * height * width
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("Gemm", ["f", "w"], ["y"])], "g",
        [helper.make_tensor_value_info("x", 1, ["n", 3, height, width])],
        [helper.make_tensor_value_info("y", 1, ["n", 2])],
        [numpy_helper.from_array(np.zeros((count, 2), np.float32), "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def kill_once(command, holds):
    """Starts a command and kills it as soon as something holds; False if it ended before."""
    process = subprocess.Popen([str(word) for word in command], stderr=subprocess.DEVNULL)
    while process.poll() is None and not holds():
        time.sleep(0.005)
    early = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return early


def stored_features(folder):
    """The rows of a feature store [n, width]; None before all are there."""
    for path in folder.glob("*") if folder.exists() else []:
        try:
            data = path.read_bytes()
        except FileNotFoundError:  # renamed meanwhile
            continue
        if data[:8] != STORE_MARK:
            continue
        count, width = np.frombuffer(data, "<u8", 2, 16).tolist()
        start = (32 + count + 63) // 64 * 64
        if all(data[32:32 + count]):
            return np.frombuffer(data, "<f4", count * width, start).reshape(count, width)
    return None


def resized(program, images, folder, height, width, kind, crops):
    """What the binary makes of a folder of class folders, [n, h, w, 3], in some order."""
    model, store = folder / "pixels.onnx", folder / "store"
    write_pixels_model(model, height, width)
    shutil.rmtree(store, ignore_errors=True)
    command = [program, "finetune", model, "--data", images, "-o", folder / "never.onnx", "--preprocess",
               "none", "--interpolation", kind, "--optimizer", "sgd", "--epochs", "1000000000",
               "--early-stopping", "0", "--checkpoint-dir", store, "-q", "--force"]
    found = []

    def complete():
        found[:] = [stored_features(store)]
        return found[0] is not None
    kill_once(command + ["--crop-to-aspect-ratio"] * crops, complete)
    return np.array(found[0]).reshape(-1, 3, height, width).transpose(0, 2, 3, 1)


def check_resizing(program, folder):
    images = folder / "photographs"
    for k, (width, height) in enumerate(SIZES):
        path = images / f"{k % 2}" / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photograph(width, height, k))
    failures = 0
    for (height, width), kind, crops in itertools.product(TARGETS, KINDS, (False, True)):
        ours = resized(program, images, folder, height, width, kind, crops)
        theirs = keras.utils.image_dataset_from_directory(
            images, image_size=(height, width), interpolation=kind, crop_to_aspect_ratio=crops,
            shuffle=False, batch_size=None, verbose=False)
        theirs = np.stack([np.asarray(image) for image, _ in theirs])
        # Which row is which image isn't promised.
        worst = max(min(np.abs(mine - image).max() for mine in ours) for image in theirs)
        # TensorFlow adds up an area's pixels one after the other in single precision.
        fine = len(ours) == len(theirs) and worst < (0.02 if kind == "area" else 0.001)
        failures += not fine
        print(f"{'ok  ' if fine else 'FAIL'} {kind} to {width} x {height}{', cropped' * crops}: "
              f"differs by {worst:.1e} of 255 at most")
    return failures


def check_odd_files(program, folder):
    fixtures, data = ROOT / "fixtures/images", folder / "odd"
    for label in ("a", "b"):
        (data / label).mkdir(parents=True)
        for k in range(4):
            (data / label / f"{k}.png").write_bytes(photograph(40, 40, k))
    for name in ("broken-short.jpg", "broken-text.jpg", "cmyk.jpg", "deep.png"):
        shutil.copy(fixtures / name, data / "a" / name)
    model = ROOT / "fixtures/cli/cnn.h5"
    failures = 0

    def run(*more):
        command = [program, "finetune", model, "--data", data, "-o", folder / "odd.onnx", "--force",
                   "--report", folder / "odd.json", *more]
        return subprocess.run([str(word) for word in command], capture_output=True, text=True)

    def expect(what, holds, text):
        nonlocal failures
        failures += not holds
        print(f"{'ok  ' if holds else 'FAIL'} {what}: {text.strip().splitlines()[0] if text else ''}")
    done = run()
    report = json.loads((folder / "odd.json").read_text()) if done.returncode == 0 else {}
    images = report.get("finetune", {}).get("images", {})
    skipped = [line for line in report.get("warnings", []) if "skipped" in line]
    for name in ("broken-short.jpg", "broken-text.jpg"):
        line = next((line for line in skipped if name in line), "")
        expect(f"{name} is named and skipped", bool(line), line)
    expect("CMYK and 16 bits are read, the two others counted",
           len(skipped) == 2 and images.get("broken") == 2
           and images.get("train", 0) + images.get("validation", 0) == 10, f"{images}")
    (data / "c").mkdir()
    done = run()
    expect("an empty class is an error", done.returncode == 65 and "c" in done.stderr, done.stderr)
    shutil.rmtree(data / "c")
    shutil.rmtree(data / "b")
    done = run()
    expect("one class is an error", done.returncode == 65, done.stderr)
    return failures


def check_resuming(program, folder):
    data, model = ROOT / "fixtures/finetune/split", ROOT / "fixtures/cli/cnn.h5"
    failures = 0
    ways = {"head, lbfgs": ([], "*"), "head, sgd": (["--optimizer", "sgd"], "*"),
            "all layers": (["--train-layers", "all", "--epochs", "20", "--augment"], "*network*")}
    for way, (options, mark) in ways.items():
        def command(output, *more):
            return [program, model, "--prune", "0.5", "--finetune", data, "-o", folder / output, "-q",
                    "--threads", "1", "--force", "--early-stopping", "0", *options, *more]
        subprocess.run([str(w) for w in command("whole.onnx")], check=True)
        store = folder / "kept"
        shutil.rmtree(store, ignore_errors=True)
        early = kill_once(command("killed.onnx", "--checkpoint-dir", store),
                          lambda: any(store.glob(mark)) if store.exists() else False)
        subprocess.run([str(w) for w in command("killed.onnx", "--checkpoint-dir", store, "--resume")],
                       check=True)
        fine = early and (folder / "whole.onnx").read_bytes() == (folder / "killed.onnx").read_bytes()
        failures += not fine
        print(f"{'ok  ' if fine else 'FAIL'} {way}: killed {'' if early else 'TOO LATE '}and resumed, "
              f"{'equal to the bit' if fine else 'NOT equal'}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--ecconvert", type=pathlib.Path, default=ROOT / ".build/release/ecconvert")
    given = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for check in (check_resizing, check_odd_files, check_resuming):
            failures += check(given.ecconvert.resolve(), pathlib.Path(folder))
    print(f"{failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
