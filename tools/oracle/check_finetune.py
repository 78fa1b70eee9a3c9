#!/usr/bin/env python3
"""Check what `ecconvert finetune` writes: onnxruntime and Keras must give the report's accuracies.

    check_finetune.py [--ecconvert PATH] [--data DIR] [MODEL ...]

DIR has train, val and test folders of classes (default fixtures/finetune/split).  Every MODEL, by default
fixtures/cli/cnn.h5 and the like, gets a new classifier, with and without pruning, in all three formats.
The images of val and test are decoded and resized by TensorFlow and run through the written file;
confusion matrices must be equal, and the names of the classes be in the file.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import onnx
import onnxruntime
import tensorflow as tf

ROOT = Path(__file__).resolve().parents[2]
MODELS = ["cli/cnn.h5", "cli/cnn.keras"]
MEANS, DEVIATIONS = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def preprocessed(images, kind):
    if kind == "caffe":
        return images[..., ::-1] - np.array([103.939, 116.779, 123.68])
    return {"tf": images / 127.5 - 1, "unit": images / 255, "none": images,
            "torch": (images / 255 - MEANS) / DEVIATIONS}[kind]


def images(folder, classes, shape, kind):
    """Images and labels in the order of their paths."""
    height, width, channels = shape
    x, y = [], []
    for label, name in enumerate(classes):
        for path in sorted((folder / name).iterdir()):
            picture = tf.io.decode_image(path.read_bytes(), channels=channels, expand_animations=False)
            x.append(tf.image.resize(picture, (height, width)).numpy())
            y.append(label)
    return preprocessed(np.array(x, np.float32), kind).astype(np.float32), np.array(y)


class Written:
    """A written model: its input's shape, its classes, and how it runs."""

    def __init__(self, path):
        if path.suffix == ".onnx":
            onnx.checker.check_model(str(path))
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            value = session.get_inputs()[0]
            self.is_first = value.shape[1] in (1, 3)
            self.shape = value.shape[1:] if not self.is_first else [*value.shape[2:], value.shape[1]]
            self.classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
            self.run = lambda x: session.run(
                None, {value.name: x.transpose(0, 3, 1, 2) if self.is_first else x})[0]
            return
        model = keras.models.load_model(path, compile=False)
        self.shape = model.input_shape[1:]
        self.run = lambda x: model.predict(x, verbose=0)
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                self.classes = json.loads(archive.read("metadata.json"))["classes"]
        else:
            with h5py.File(path) as file:
                self.classes = [name.decode() for name in file.attrs["classes"]]


def check(arguments, output, data):
    report_path = output.with_suffix(output.suffix + ".json")
    subprocess.run([*arguments, "-o", output, "--report", report_path, "-q", "--force"], check=True)
    report = json.loads(report_path.read_text())["finetune"]
    written = Written(output)
    faults = []
    if written.classes != report["classNames"]:
        faults.append(f"classes are {written.classes}")
    labels = output.with_name(output.name + ".labels.txt").read_text().split("\n")[:-1]
    if labels != report["classNames"]:
        faults.append(f"labels are {labels}")
    for part, folder in [("validation", "val"), ("test", "test")]:
        shape = [extent if isinstance(extent, int) else 224 for extent in written.shape]
        x, y = images(data / folder, written.classes, shape, report["preprocessing"])
        found = written.run(x).reshape(len(y), -1).argmax(1)
        matrix = np.zeros((len(written.classes),) * 2, int)
        np.add.at(matrix, (y, found), 1)
        if not np.array_equal(matrix, np.array(report[part]["confusion"])):
            faults.append(f"{part} is {matrix.tolist()}, the report has {report[part]['confusion']}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--ecconvert", type=Path, default=ROOT / ".build/release/ecconvert")
    parser.add_argument("--data", type=Path, default=ROOT / "fixtures/finetune/split")
    parser.add_argument("models", type=Path, nargs="*",
                        default=[ROOT / "fixtures" / name for name in MODELS])
    given = parser.parse_args()
    bad = count = 0
    with tempfile.TemporaryDirectory() as folder:
        for model in given.models:
            commands = {
                "finetune": [given.ecconvert, "finetune", model, "--data", given.data],
                "prune": [given.ecconvert, model, "--prune", "0.5", "--finetune", given.data]}
            for name, command in commands.items():
                for suffix in [".onnx", ".h5", ".keras"]:
                    count += 1
                    try:
                        faults = check(command, Path(folder) / f"out{suffix}", given.data)
                    except Exception as error:  # whatever goes wrong is a finding
                        faults = [f"{type(error).__name__}: {error}"]
                    bad += bool(faults)
                    print(f"{'bad ' if faults else 'good'} {model.name} {name} {suffix}",
                          *faults, sep="\n     ", flush=True)
    print(f"{count - bad} of {count} are right")
    sys.exit(bad > 0)


main()
