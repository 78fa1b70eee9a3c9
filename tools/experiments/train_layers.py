#!/usr/bin/env python3
"""What training more layers than the classifier brings on the user's images.

    train_layers.py DATASET --model MODEL... [--train N] [--seeds N] [--epochs N] [--prune R]
                    [--option=--preprocess=tf ...] [--ecconvert PATH] [-o results.jsonl]

Each seed draws the training images, N of a class; all others test. Every method of METHODS is one call of
`ecconvert`; `teacher` learns from the unpruned network after its own `head`. The table has the mean
test accuracy in per cent over seeds and models with its standard deviation, and the gain over `head` in the
same draw. A run that is in the results isn't repeated.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

import dataset

METHODS = {
    "head": [],
    "head, augment": ["--augment"],
    "last:3": ["--train-layers", "last:3"],
    "all": ["--train-layers", "all"],
    "all, augment": ["--train-layers", "all", "--augment"],
    "all, update": ["--train-layers", "all", "--batchnorm-training", "update"],
    "all, sgd": ["--train-layers", "all", "--optimizer", "sgd"],
    "all, teacher": ["--train-layers", "all", "--teacher"],
    "all, teacher, augment": ["--train-layers", "all", "--augment", "--teacher"],
}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=pathlib.Path)
    parser.add_argument("--model", nargs="+", type=pathlib.Path, required=True)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--rates", nargs="+", type=float, help="learning rates, besides the default")
    parser.add_argument("--train", type=float, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--prune", type=float, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--option", action="append", default=[], metavar="--NAME=VALUE")
    parser.add_argument("--pruning-option", action="append", default=[], metavar="--NAME=VALUE")
    parser.add_argument("--ecconvert", default="ecconvert")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=pathlib.Path("results.jsonl"))
    return parser.parse_args()


def call(given, model, data, output, extra, seed, prunes=True):
    """One run; the share of test images told right."""
    report = output.with_suffix(".json")
    command = [given.ecconvert, str(model), "--finetune", str(data), "-o", str(output), "--force", "-q",
               "--no-verify", "--seed", str(seed), "--threads", str(given.threads),
               "--report", str(report), *given.option, *extra]
    if prunes and given.prune:
        command += ["--prune", str(given.prune), *given.pruning_option]
    subprocess.run(command, check=True)
    found = json.loads(report.read_text())
    return found["finetune"]["test"]["accuracy"], found["warnings"]


def run(given, setting, scratch):
    examples = dataset.read_class_folders(given.dataset)
    train, test = dataset.draw(examples, given.train, setting["seed"])
    data = scratch / f"{given.dataset.name}-{setting['seed']}"
    if not data.exists():
        dataset.write_links(data, train, test)
    model, extra = pathlib.Path(setting["model"]), list(METHODS[setting["method"]])
    if extra[-1:] == ["--teacher"]:
        teacher = scratch / f"{data.name}-{model.stem}-teacher.onnx"
        if not teacher.exists():
            call(given, model, data, teacher, [], setting["seed"], prunes=False)
        extra.append(str(teacher))
    if "--train-layers" in extra:
        if setting["rate"]:
            extra += ["--learning-rate", str(setting["rate"])]
        if setting["epochs"]:
            extra += ["--epochs", str(setting["epochs"])]
    return call(given, model, data, scratch / "result.onnx", extra, setting["seed"])


def table(rows):
    """One line for each method and rate."""
    head = {(row["model"], row["seed"]): row["accuracy"] for row in rows if row["method"] == "head"}
    lines = ["| trained | learning rate | runs | accuracy | over the head |", "|---|---|---|---|---|"]
    for method, rate in dict.fromkeys((row["method"], row["rate"]) for row in rows):
        own = [row for row in rows if (row["method"], row["rate"]) == (method, rate)]
        values = [100 * row["accuracy"] for row in own]
        gains = [100 * (row["accuracy"] - head[row["model"], row["seed"]]) for row in own
                 if (row["model"], row["seed"]) in head]

        def spread(numbers):
            return f"{statistics.mean(numbers):.1f} ± {statistics.stdev(numbers):.1f}"
        if len(own) > 1 and len(gains) > 1:
            lines.append(f"| {method} | {rate or 'default'} | {len(own)} | {spread(values)} | "
                         f"{spread(gains)} |")
    return "\n".join(lines)


def main():
    given = parse()
    given.output.parent.mkdir(parents=True, exist_ok=True)
    lines = given.output.read_text().splitlines() if given.output.exists() else []
    rows = [json.loads(line) for line in lines]
    with tempfile.TemporaryDirectory() as scratch, given.output.open("a") as log:
        for seed in range(given.seeds):
            for model in given.model:
                for method in given.methods:
                    rates = given.rates if given.rates and method.startswith("all") else [None]
                    for rate in rates:
                        setting = {
                            "dataset": given.dataset.name, "model": str(model), "prune": given.prune,
                            "method": method, "rate": rate, "epochs": given.epochs, "seed": seed}
                        if any(setting.items() <= row.items() for row in rows):
                            continue
                        accuracy, warnings = run(given, setting, pathlib.Path(scratch))
                        rows.append({**setting, "accuracy": accuracy, "warnings": warnings})
                        log.write(json.dumps(rows[-1]) + "\n")
                        log.flush()
    print(table([row for row in rows if row["prune"] == given.prune]))


if __name__ == "__main__":
    main()
