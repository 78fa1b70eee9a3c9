#!/usr/bin/env python3
"""Compare pruning criteria and repairs by the accuracy of a classifier trained afterwards.

    compare.py DATA --model MODEL... -o OUTDIR [options]

DATA is a folder of class folders, or any other layout that `ecconvert --finetune` reads. Every run is
one call of ecconvert; its accuracy and costs come from `--report`. OUTDIR/results.jsonl gets a line a
run, and a run that has its line isn't repeated, so a study that was stopped goes on where it was.
OUTDIR/README.md has the tables, and with --plots OUTDIR/accuracy-*.png the pictures.

All criteria prune by the same ratio in every group of channels, so all have the same counts and
costs; it is an error if they haven't.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import dataset
import results_file
import tables
from settings import CRITERIA, REPAIRS, grid

ROOT = pathlib.Path(__file__).resolve().parents[2]


class RunFailed(Exception):
    """ecconvert ended with an error; the text is its last line."""


class Study:
    """What is the same in all runs: the binary, the data, and the results so far."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.models = {path.stem: path for path in arguments.model}
        self.examples = None
        if not dataset.has_own_split(arguments.data):
            self.examples = dataset.read_class_folders(arguments.data)
        elif arguments.head == "outside":
            raise SystemExit("--head outside draws its own splits: give a folder of class folders")
        self.images = None
        self.splits = {}
        self.results = results_file.ResultsFile(arguments.output, {
            "data": str(arguments.data.resolve()), "train": arguments.train,
            "weightDecay": arguments.weight_decay, "preprocess": arguments.preprocess,
            "options": arguments.option})

    def draw(self, seed):
        """Training and test images of a seed, and a folder with links to them, kept for other runs."""
        if self.examples is None:
            return None, self.arguments.data
        if seed not in self.splits:
            folder = tempfile.TemporaryDirectory()
            split = dataset.draw(self.examples, self.arguments.train, seed)
            dataset.write_links(pathlib.Path(folder.name), *split)
            self.splits = {seed: (split, folder)}
        split, folder = self.splits[seed]
        return split, pathlib.Path(folder.name)

    def run(self, setting, folder):
        """The record of one run; files go to an empty folder."""
        split, data = self.draw(setting.seed)
        start = time.monotonic()
        options = setting.pruning_options(self.calibration(setting, split, data))
        if setting.head == "own":
            options += self.finetuning(setting, data, draws=split is not None)
        out = folder / "slim.onnx"
        report = self.convert(self.models[setting.model], out, options, setting.seed)
        accuracy = (
            report["finetune"]["test"]["accuracy"] if setting.head == "own"
            else self.outside_accuracy(out, *split))
        return setting.record() | {
            "accuracy": accuracy, "macs": report["output"]["macs"],
            "sourceMACs": report["input"]["macs"], "parameters": report["output"]["parameters"],
            "seconds": round(time.monotonic() - start, 2)}

    @staticmethod
    def calibration(setting, split, data):
        """The value of --calibration; without an option ecconvert takes the training images."""
        if setting.calibration != "train":
            return setting.calibration
        return None if split is None else data / "train"

    def finetuning(self, setting, data, draws):
        """Options for the classifier; a split that is drawn here holds nothing back to validate."""
        options = ["--finetune", data, "--weight-decay", str(self.arguments.weight_decay)]
        if draws:
            options += ["--validation-split", "0"]
        if setting.layers != "head":
            options += ["--train-layers", setting.layers]
        return options

    def convert(self, model, out, options, seed):
        """Call ecconvert and read its report."""
        report = out.with_suffix(".json")
        command = [self.arguments.ecconvert, model, "-o", out, "--report", report, "--quiet",
                   "--no-verify", "--seed", str(seed), "--threads", str(self.arguments.threads),
                   "--preprocess", self.arguments.preprocess, *self.arguments.option, *options]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode != 0:
            raise RunFailed((done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1])
        return json.loads(report.read_text())

    def outside_accuracy(self, out, train, test):
        import linear_head
        import numpy as np
        if self.images is None:
            self.images = linear_head.Images(self.examples, self.arguments.preprocess)
        row = {example.path: k for k, example in enumerate(self.examples)}
        labels = np.array([example.label for example in self.examples])
        return linear_head.accuracy(
            linear_head.features(out, self.images), labels,
            [row[example.path] for example in train], [row[example.path] for example in test],
            self.arguments.weight_decay)


def read_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("data", type=pathlib.Path, metavar="DATA")
    add("--model", type=pathlib.Path, nargs="+", required=True, help="Keras or ONNX models")
    add("-o", "--output", type=pathlib.Path, required=True, metavar="OUTDIR")
    add("--criteria", nargs="+", choices=list(CRITERIA), default=list(CRITERIA))
    add("--ratios", nargs="+", type=float, default=[0.25, 0.5, 0.75])
    add("--repairs", nargs="+", choices=list(REPAIRS),
        default=["none", "merge", "sequential"])
    add("--train-layers", nargs="+", default=["head"], help="head, last:N, all")
    add("--seeds", type=int, default=5, help="draws of the training images, and of all else")
    add("--train", type=float, default=0.8, metavar="PART",
        help="images of every class that are trained on, where DATA has no split of its own: a "
             "share below 1, or a number; all others test")
    add("--calibration", choices=["train", "synthetic", "none"], default="train",
        help="what channels are ranked and mended on: the training images without their labels, "
             "drawn images, or nothing")
    add("--weight-decay", type=float, default=0.01, help="of the classifier")
    add("--preprocess", default="auto", help="as ecconvert's option")
    add("--head", choices=["own", "outside"], default="own",
        help="train and test by ecconvert, or a linear head by ONNX Runtime and scikit-learn")
    add("--option", action="append", default=[], metavar="--NAME=VALUE",
        help="a further option for ecconvert, such as --option=--image-size=224")
    add("--ecconvert", type=pathlib.Path, default=ROOT / ".build/release/ecconvert")
    add("--threads", type=int, default=1)
    add("--plots", action="store_true", help="draw pictures; needs matplotlib")
    arguments = parser.parse_args()
    if not arguments.ecconvert.is_file():
        parser.error(f"no {arguments.ecconvert}: build it, or give --ecconvert")
    if arguments.head == "outside" and arguments.train_layers != ["head"]:
        parser.error("--head outside trains the head only")
    return arguments


def run_all(study, settings):
    """Run what isn't done; the number of runs that failed."""
    failures = 0
    for k, setting in enumerate(settings):
        if setting in study.results:
            continue
        name = " ".join(str(value) for value in setting.record().values())
        try:
            with tempfile.TemporaryDirectory() as folder:
                record = study.run(setting, pathlib.Path(folder))
        except RunFailed as failure:
            failures += 1
            print(f"[{k + 1}/{len(settings)}] {name}: {failure}", file=sys.stderr, flush=True)
            continue
        study.results.keep(record)
        print(f"[{k + 1}/{len(settings)}] {name}: {100 * record['accuracy']:.1f} %", flush=True)
    return failures


def main():
    arguments = read_arguments()
    arguments.output.mkdir(parents=True, exist_ok=True)
    study = Study(arguments)
    failures = run_all(study, grid(
        list(study.models), arguments.criteria, arguments.ratios, arguments.repairs,
        arguments.train_layers, arguments.calibration, arguments.head, arguments.seeds))
    results = tables.Results(study.results.records)
    if not results.records:
        return 1
    text = tables.markdown(results)
    (arguments.output / "README.md").write_text(text)
    print(text)
    if arguments.plots:
        import plots
        for condition in results.conditions():
            name = "-".join(["accuracy", *condition]).replace(":", "-")
            plots.draw(results.under(condition), arguments.output / f"{name}.png")
    unequal = tables.unequal_costs(results)
    for (model, ratio), costs in unequal.items():
        print(f"{model}, ratio {ratio}: criteria differ in their MACs: {costs}", file=sys.stderr)
    if failures:
        print(f"{failures} runs failed; the same command tries them again", file=sys.stderr)
    return 1 if failures or unequal else 0


if __name__ == "__main__":
    sys.exit(main())
