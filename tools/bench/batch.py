#!/usr/bin/env python3
"""Models in a minute: `ecconvert batch` beside a Python loop of the tools that do parts of its work.

    batch.py --models DIR --keras PYTHON --torch PYTHON [--ecconvert PROGRAM] [--copies 2] [--jobs 2]

The Keras 2 files of `--models` are converted by `ecconvert batch` and by tf2onnx in one process, which
loads TensorFlow once; torchvision's networks are pruned to half of their channels by both. Either peer can
be left out. Rounds are taken in turn; the table has the medians.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NETWORKS = ["resnet18", "resnet50", "mobilenet_v2", "efficientnet_b0", "densenet121"]


def tf2onnx_loop(paths, out):
    """Converts every file in this process."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf
    import tf2onnx
    import tf_keras
    for place, path in enumerate(paths):
        model = tf_keras.models.load_model(path, compile=False)
        signature = [tf.TensorSpec(value.shape, value.dtype, name=value.name.split(":")[0])
                     for value in model.inputs]
        tf2onnx.convert.from_keras(model, input_signature=signature, opset=17,
                                   output_path=f"{out}/{place}.onnx")
        tf_keras.backend.clear_session()


def torchvision():
    """torchvision, whose compiled operators a PyTorch for CPUs alone can't load."""
    import torch
    operators = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        try:
            operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        except RuntimeError:
            break
    import torchvision
    return torch, torchvision


def export(names, out):
    """Writes whole networks, for both sides."""
    torch, vision = torchvision()
    for name in names:
        torch.manual_seed(0)
        model = getattr(vision.models, name)(weights=None).eval()
        torch.onnx.export(model, (torch.randn(1, 3, 224, 224),), f"{out}/{name}.onnx",
                          dynamo=False, opset_version=17)


def torch_pruning_loop(paths, out):
    """Makes, prunes and exports every network in this process; no weights are read from a file."""
    torch, vision = torchvision()
    import torch_pruning
    for place, path in enumerate(paths):
        model = getattr(vision.models, Path(path).stem)(weights=None).eval()
        images = torch.randn(1, 3, 224, 224)
        last = next(m for m in reversed(list(model.modules())) if isinstance(m, torch.nn.Linear))
        torch_pruning.pruner.MetaPruner(
            model, images, importance=torch_pruning.importance.MagnitudeImportance(p=1),
            pruning_ratio=0.5, ignored_layers=[last]).step()
        torch.onnx.export(model, (images,), f"{out}/{place}.onnx", dynamo=False, opset_version=17)


LOOPS = {"tf2onnx": tf2onnx_loop, "torch-pruning": torch_pruning_loop, "export": export}


def timed(command, environment=None):
    """Seconds of the clock and of processors; a failure ends everything."""
    before, started = os.times(), time.monotonic()
    done = subprocess.run([str(word) for word in command], env={**os.environ, **(environment or {})},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    after, ended = os.times(), time.monotonic()
    if done.returncode != 0:
        sys.exit(f"error: {command[0]} ended with {done.returncode}:\n{done.stdout[-2000:]}")
    used = (after.children_user - before.children_user
            + after.children_system - before.children_system)
    return ended - started, used


def ours(options, paths, out, *words):
    jobs = out / "jobs.json"
    jobs.write_text(json.dumps({"jobs": [
        {"input": str(path), "output": f"{place}.onnx"} for place, path in enumerate(paths)]}))
    return timed([options.ecconvert, "batch", "--jobs-file", jobs, "--jobs", options.jobs, *words,
                  "--out-dir", out / "results", "-q"])


def theirs(options, python, loop, paths, out):
    (out / "results").mkdir()
    threads = {name: str(options.jobs) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    return timed([python, __file__, "--loop", loop, out / "results", *paths], threads)


def compared(options, title, python, loop, paths, cases):
    """Prints a row for every way, with the ratio to the peer."""
    rounds = {name: [] for name in [*cases, loop]}
    for _ in range(options.rounds):
        for name in rounds:
            out = Path(tempfile.mkdtemp(dir=options.work))
            rounds[name].append(theirs(options, python, loop, paths, out) if name == loop
                                else ours(options, paths, out, *cases[name]))
            written = len(list((out / "results").glob("*.onnx")))
            assert written == len(paths), f"{name}: {written} of {len(paths)} results"
            shutil.rmtree(out)
    medians = {name: [statistics.median(run[k] for run in runs) for k in (0, 1)]
               for name, runs in rounds.items()}
    for name, (wall, used) in medians.items():
        print(f"| {title} | {len(paths)} | {name} | {60 * len(paths) / wall:.1f} "
              f"| {used / len(paths):.2f} | {medians[loop][0] / wall:.1f} "
              f"| {medians[loop][1] / used:.1f} |", flush=True)


def main():
    if sys.argv[1:2] == ["--loop"]:
        LOOPS[sys.argv[2]](sys.argv[4:], sys.argv[3])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ecconvert", default=str(ROOT / ".build/release/ecconvert"))
    parser.add_argument("--models", type=Path, help="a folder of Keras 2 .h5 files")
    parser.add_argument("--keras", help="a Python with tensorflow-cpu, tf-keras and tf2onnx")
    parser.add_argument("--torch", help="a Python with torch, torchvision, torch-pruning and onnx")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, help="of torchvision")
    parser.add_argument("--copies", type=int, default=2, help="how often each model is done")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    print("| models | count | tool | models/min | CPU s a model | faster | less CPU |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as work:
        options.work = work
        if options.models and options.keras:
            paths = sorted(options.models.glob("*.h5")) * options.copies
            compared(options, "Keras 2, convert", options.keras, "tf2onnx", paths,
                     {"ecconvert": [], "ecconvert, unverified": ["--no-verify"]})
        if options.torch:
            whole = Path(work, "whole")
            whole.mkdir()
            timed([options.torch, __file__, "--loop", "export", whole, *options.networks])
            paths = sorted(whole.glob("*.onnx")) * options.copies
            l1 = ["--prune", "0.5", "--criterion", "l1", "--calibration", "none", "--repair", "none"]
            compared(options, "torchvision, half of the channels", options.torch, "torch-pruning",
                     paths, {"ecconvert": ["--prune", "0.5"], "ecconvert, by L1, unrepaired": l1,
                             "the same, unverified": [*l1, "--no-verify"]})


if __name__ == "__main__":
    main()
