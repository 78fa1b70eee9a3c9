#!/usr/bin/env python3
"""Breaks files in many ways and checks how ecconvert takes it.

Every mutant must end in a documented exit code other than 70, within the limits of time and memory,
with one error message and no output file. Mutant K of a seed is always the same:
`--seed S --first K --count 1` runs it again, and `--keep DIR` keeps those that fail.

    tools/fuzz/mutate.py --ecconvert .build/release/ecconvert --count 2000
"""

import argparse
import collections
import io
import multiprocessing
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import mutators
from runner import GIB, Limits, run

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
OLD = b"an output of before"

# What is run on a mutated model, and how often of a hundred.
MODEL_COMMANDS = [
    (45, ["inspect", "IN"]),
    (5, ["inspect", "IN", "--json"]),
    (10, ["IN", "-o", "OUT/out.onnx", "--no-verify"]),
    (8, ["IN", "-o", "OUT/out.onnx"]),
    (8, ["IN", "-o", "OUT/out.onnx", "-f"]),
    (6, ["IN", "-o", "OUT/out.keras"]),
    (4, ["IN", "-o", "OUT/out.h5", "--no-verify"]),
    (8, ["IN", "--prune", "0.5", "--calibration", "none", "-o", "OUT/out.onnx"]),
    (3, ["IN", "--prune", "0.5", "-o", "OUT/out.keras"]),
    (2, ["IN", "--target-macs", "50%", "--calibration", "none", "--dry-run"]),
    (1, ["compare", "IN", "IN"]),
]
IMAGE_COMMANDS = [
    (1, ["MODEL", "--prune", "0.5", "--calibration", "FOLDER", "--no-verify", "-o", "OUT/out.onnx"])
]
ARRAY_COMMANDS = [
    (1, ["MODEL", "--prune", "0.5", "--calibration", "IN", "--no-verify", "-o", "OUT/out.onnx"])
]
TABLE_COMMANDS = [(1, ["finetune", "MODEL", "--data", "IN", "--epochs", "1", "-o", "OUT/out.onnx"])]
FLOWERS_COMMANDS = [
    (1, ["finetune", "MODEL", "--data", "FOLDER", "--epochs", "1", "-o", "OUT/out.onnx"])
]
JOBS_COMMANDS = [(1, ["batch", "--jobs-file", "IN", "--out-dir", "OUT/results", "--list"])]
PLAN_COMMANDS = [
    (2, ["MODEL", "--plan", "IN", "--no-verify", "-o", "OUT/out.onnx"]),
    (1, ["MODEL", "--plan", "IN", "-o", "OUT/out.keras"]),
]
CONFIG_COMMANDS = [(1, ["--config", "IN"])]
ARCHITECTURE_COMMANDS = [
    (1, ["inspect", "WEIGHTS", "--arch", "IN"]),
    (1, ["WEIGHTS", "--arch", "IN", "-o", "OUT/out.onnx"]),
]


class Source:
    """A whole file, how it is broken, and what is run on it."""

    def __init__(self, name, data, mutate, commands, model=None, beside=()):
        self.name, self.data, self.mutate = name, data, mutate
        self.commands, self.model, self.beside = commands, model, beside


def models(folders):
    """The model files of some folders."""
    ways = {".h5": mutators.hdf5, ".keras": mutators.keras, ".onnx": mutators.onnx}
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            # What keeps libhdf5 busy until its time is over has a test of its own.
            if path.suffix in ways and path.stat().st_size < 1 << 22 and path.name != "slow.h5":
                yield Source(path.name, path.read_bytes(), ways[path.suffix], MODEL_COMMANDS)


def arrays(model):
    """Arrays and archives of them, taken from the inputs of the Keras fixtures."""
    stored = io.BytesIO()
    with zipfile.ZipFile(FIXTURES / "keras/tiny_resnet_k3.npz") as opened:
        with zipfile.ZipFile(stored, "w") as archive:
            for name in opened.namelist():
                archive.writestr(name, opened.read(name))
                if name.startswith("in"):
                    array = opened.read(name)
    yield Source("batch.npy", array, mutators.npy, ARRAY_COMMANDS, model)
    yield Source("batch.npz", stored.getvalue(), mutators.npz, ARRAY_COMMANDS, model)


def texts(program, model, scratch):
    """JSON files that people hand over: a plan, options, an architecture."""
    plan = Path(scratch, "plan.json")
    subprocess.run(
        [program, model, "--prune", "0.5", "--dry-run", "--calibration", "none", "-q",
         "--save-plan", plan], check=True)
    yield Source("plan.json", plan.read_bytes(), mutators.json_text, PLAN_COMMANDS, model)
    options = b'{"prune": 0.5, "exclude": ["c*"], "criterion": "l2", "seed": 3, "verify": 1, '
    options += b'"dry-run": true, "min-channels": 2, "input": "%s"}' % str(model).encode()
    yield Source("options.json", options, mutators.json_text, CONFIG_COMMANDS)
    architecture = (FIXTURES / "cli/cnn.json").read_bytes()
    yield Source("cnn.json", architecture, mutators.json_text, ARCHITECTURE_COMMANDS)


def tables(model):
    """Lists of labelled images: a table, arrays, and the MATLAB files of Flowers-102."""
    folder = FIXTURES / "finetune"
    yield Source("table.csv", (folder / "table.csv").read_bytes(), mutators.lines, TABLE_COMMANDS,
                 model, [folder / "shapes"])
    yield Source("packed.npz", (folder / "packed.npz").read_bytes(), mutators.npz, TABLE_COMMANDS,
                 model)
    parts = ["jpg", "setid.mat", "imagelabels.mat"]
    for name in parts[1:]:
        for form in ("flowers", "version4"):
            origin = folder / "flowers" / name if form == "flowers" else (
                FIXTURES / "fuzz/seeds/version4.mat")
            beside = [folder / "flowers" / other for other in parts if other != name]
            yield Source(name, origin.read_bytes(), mutators.mat, FLOWERS_COMMANDS, model, beside)


def jobs():
    """Files of jobs in YAML and JSON; none asks to search the whole machine for models."""

    def without_root(mutate):
        return lambda data, draw: mutate(data, draw).replace(b'"/"', b'"./"')

    text = (FIXTURES / "fuzz/seeds/jobs.yaml").read_bytes()
    yield Source("jobs.yaml", text, without_root(mutators.lines), JOBS_COMMANDS)
    plain = b"defaults:\n  seed: 3\njobs:\n- a.h5\n- input: b.h5\n  output: b.onnx\n  options:\n"
    plain += b"    prune: 0.5\n    only: [x]\n"
    yield Source("jobs.yml", plain, without_root(mutators.lines), JOBS_COMMANDS)
    value = b'{"defaults": {"prune": 0.5}, "jobs": ["a.h5", {"input": "b.h5", "output": "c.onnx", '
    value += b'"options": {"prune": 0.7, "exclude": ["x*"], "seed": 1}}]}'
    yield Source("jobs.json", value, without_root(mutators.json_text), JOBS_COMMANDS)


def sources(arguments, scratch):
    """Everything that is broken, by kind; kinds are drawn alike, so that small ones get their share."""
    model = FIXTURES / "keras/tiny_resnet_k3.h5"
    kinds = collections.defaultdict(list)
    for source in models([FIXTURES, *arguments.models]):
        kinds[source.name.rsplit(".", 1)[1]].append(source)
    for path in sorted((FIXTURES / "images").iterdir()):
        if path.suffix in (".png", ".jpg"):
            kinds["image"].append(
                Source(path.name, path.read_bytes(), mutators.any_bytes, IMAGE_COMMANDS, model))
    kinds["array"] = list(arrays(model))
    kinds["table"] = list(tables(FIXTURES / "cli/cnn.h5"))
    kinds["jobs"] = list(jobs())
    kinds["json"] = list(texts(arguments.ecconvert, model, scratch))
    return {kind: kinds[kind] for kind in sorted(kinds) if kind in (arguments.only or kinds)}


# Models have the most to break.
WEIGHTS = {"h5": 5, "keras": 4, "onnx": 5, "image": 1, "array": 1, "json": 2, "table": 1, "jobs": 1}


def command(source, folder, draw):
    """The arguments for a mutant that lies in `folder/in`, and what stands where it writes."""
    weights, choices = zip(*source.commands)
    outputs = folder / "out"
    words = {
        "IN": str(folder / "in" / source.name), "FOLDER": str(folder / "in"),
        "MODEL": str(source.model), "WEIGHTS": str(FIXTURES / "cli/cnn.weights.h5"),
    }
    chosen = draw.choices(choices, weights)[0]
    arguments = [words.get(word, word.replace("OUT", str(outputs))) for word in chosen]
    whole = ("inspect", "compare", "batch")
    return [*arguments, "--threads", "1"] if chosen[0] not in whole else arguments


def attempt(index):
    """Makes and runs one mutant."""
    kinds, arguments, folder = STATE["sources"], STATE["arguments"], STATE["folder"]
    draw = random.Random(f"{arguments.seed}:{index}")
    kind = draw.choices(list(kinds), [WEIGHTS.get(kind, 1) for kind in kinds])[0]
    source = draw.choice(kinds[kind])
    for part in ("in", "out"):
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir(parents=True)
    for data in STATE["beside"]:
        os.link(data, folder / "in" / data.name)
    for path in source.beside:
        os.symlink(path, folder / "in" / path.name)
    mutant = folder / "in" / source.name
    mutant.write_bytes(source.mutate(source.data, draw))
    words = command(source, folder, draw)
    untouched = [("out.onnx", OLD)] if "-f" in words else []
    outcome = run([arguments.ecconvert, *words], folder / "out", STATE["limits"], untouched)
    if outcome.faults and arguments.keep:
        kept = Path(arguments.keep, str(index))
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder / "in", kept)
        line = shlex.join([arguments.ecconvert, *words]).replace(str(folder / "in"), str(kept))
        (kept / "command").write_text(line + "\n" + outcome.errors)
    return index, kind, source.name, words, outcome


STATE = {}


def prepare(arguments, kinds, scratch, limits):
    """Sets up a process that runs mutants."""
    folder = Path(scratch, str(os.getpid()))
    folder.mkdir()
    beside = folder / "external.bin"
    shutil.copy(FIXTURES / "onnx/external.bin", beside)
    limits.apply()
    sys.setrecursionlimit(20_000)  # JSON is nested on purpose
    STATE.update(
        arguments=arguments, sources=kinds, folder=folder, limits=limits, beside=[beside])


def report(codes, faults, slowest, busiest, largest, seconds):
    """Prints the counts, and says whether all went well."""
    print(f"{sum(sum(row.values()) for row in codes.values())} mutants in {seconds:.0f} s")
    columns = sorted({code for row in codes.values() for code in row})
    print("kind".ljust(8) + "".join(f"{code:>8}" for code in columns))
    for kind in sorted(codes):
        print(kind.ljust(8) + "".join(f"{codes[kind][code]:>8}" for code in columns))
    total = sum(codes.values(), collections.Counter())
    print("all".ljust(8) + "".join(f"{total[code]:>8}" for code in columns))
    print(f"slowest {slowest:.1f} s, at most {busiest:.1f} s of CPU, largest {largest >> 20} MiB, {faults} failed")
    return faults == 0


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ecconvert", default=str(ROOT / ".build/release/ecconvert"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutant")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=10, help="the limit for one mutant")
    parser.add_argument("--memory", type=float, default=2, help="the limit for one mutant, in GiB")
    parser.add_argument("--only", nargs="+", metavar="KIND", help=" ".join(WEIGHTS))
    parser.add_argument("--models", nargs="*", default=[], help="more folders of models")
    parser.add_argument("--keep", help="a folder for the mutants that fail")
    return parser.parse_args()


def main():
    arguments = parse()
    limits = Limits(arguments.seconds, int(arguments.memory * GIB))
    started = time.monotonic()
    codes = collections.defaultdict(collections.Counter)
    faults, slowest, busiest, largest = 0, 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        kinds = sources(arguments, scratch)
        initial = (arguments, kinds, scratch, limits)
        with multiprocessing.Pool(arguments.jobs, prepare, initial) as pool:
            indices = range(arguments.first, arguments.first + arguments.count)
            for index, kind, name, words, outcome in pool.imap_unordered(attempt, indices, 4):
                codes[kind][outcome.code] += 1
                slowest = max(slowest, outcome.seconds)
                busiest = max(busiest, outcome.processor)
                largest = max(largest, outcome.peak)
                if outcome.faults:
                    faults += 1
                    print(f"mutant {index} of {name}: {'; '.join(outcome.faults)}")
                    print("    " + outcome.errors.strip()[:300].replace("\n", "\n    "), flush=True)
    return 0 if report(codes, faults, slowest, busiest, largest, time.monotonic() - started) else 1


if __name__ == "__main__":
    sys.exit(main())
