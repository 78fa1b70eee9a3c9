#!/usr/bin/env python3
"""Measure ecconvert against references and peers, and print one Markdown table.

    bench.py [--quick] [--models DIR] [--ecconvert PATH] [--rounds N]

Every number is of whole processes: medians of N of them, each in turn with its reference, files in
the page cache and the output's name free before each run.  DIR holds k3/ and k2/ (the Keras 2 file for
tf2onnx) with VGG16.h5, ResNet50.h5 and EfficientNetB0.h5; without --models they are made once in
.build-bench/.  Exit status 1 when a target is missed, 2 when something of ours could not be run.
"""
import argparse
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import measure
import peers

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
WORK = ROOT / ".build-bench"
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
VGG16_FC1 = [4096, 25088]
# Output channels and weights of each convolution of ResNet50: 1x1, 3x3, 1x1 per block.
RESNET50 = [64, 7 * 7 * 3]
for width, blocks, before in ((64, 3, 64), (128, 4, 256), (256, 6, 512), (512, 3, 1024)):
    RESNET50 += [4 * width, before]
    for block in range(blocks):
        RESNET50 += [width, before if block == 0 else 4 * width, width, 9 * width, 4 * width, width]


@dataclass
class Case:
    """What is measured, what it is compared with, and what it may use."""
    name: str
    command: list
    reference_name: str
    reference: list
    output: Path
    reference_output: Path | None = None
    ratio: float | None = None      # CPU allowed per CPU of the reference ...
    seconds: float | None = None    # ... plus this, or this alone
    anonymous: float | None = None  # megabytes
    is_timed_inside: bool = False   # the reference prints its CPU seconds


def cases(ecconvert, models):
    def convert(model, *options):
        return [str(ecconvert), str(models / "k3" / f"{model}.h5"), "-o", str(WORK / "ours.onnx"),
                "--no-verify", "-q", "--force", *options]

    def copy(model):
        return ["cp", "--reflink=never", str(models / "k3" / f"{model}.h5"), str(WORK / "copy.h5")]

    def ssyrk(shapes):
        return [sys.executable, str(HERE / "ssyrk.py"), *map(str, shapes)]

    ours, copied = WORK / "ours.onnx", WORK / "copy.h5"
    paper = ["--prune", "0.5", "--criterion", "paper", "--calibration", "none"]
    return [
        Case("VGG16, convert", convert("VGG16"), "`cp` of the file", copy("VGG16"), ours, copied,
             ratio=3, anonymous=100),
        Case("ResNet50, convert", convert("ResNet50"), "`cp` of the file", copy("ResNet50"), ours,
             copied, seconds=0.5),
        Case("EfficientNetB0, convert", convert("EfficientNetB0"), "`cp` of the file",
             copy("EfficientNetB0"), ours, copied, seconds=0.5),
        Case("ResNet50, `--prune 0.5` by paper", convert("ResNet50", *paper),
             "`ssyrk` of all convolutions", ssyrk(RESNET50), ours, seconds=2, is_timed_inside=True),
        Case("VGG16, `--prune 0.5` by paper", convert("VGG16", *paper), "`ssyrk` of fc1",
             ssyrk(VGG16_FC1), ours, ratio=1.3, seconds=2, is_timed_inside=True),
    ]


def stop(what, remedy=None):
    print(f"error: tools/bench/run: {what}", file=sys.stderr)
    if remedy:
        print(f"  to fix: {remedy}", file=sys.stderr)
    sys.exit(2)


def once(command, output, environment=None):
    if output:
        output.unlink(missing_ok=True)
    result = measure.run(command, environment)
    if result.failure:
        sys.stderr.write(result.output)
        stop(f"{' '.join(command)}: {result.failure}")
    if output:
        if not output.exists():
            stop(f"{' '.join(command)}: it wrote no output")
        output.unlink()  # before the kernel starts to write it back
    return result


def measured(case, rounds):
    """Medians of the case and of its reference, which take turns after one unmeasured round."""
    ours, references = [], []
    for index in range(rounds + 1):
        reference = once(case.reference, case.reference_output, ONE_THREAD)
        if case.is_timed_inside:
            reference.cpu = float(reference.output.split("cpu ")[1])
        run = once(case.command, case.output)
        if index > 0:
            references.append(reference)
            ours.append(run)
    return measure.median(ours), measure.median(references)


def verdict(case, run, reference):
    """The target in words, and whether it is met."""
    words, is_met = [], True
    if case.ratio or case.seconds:
        allowed = (case.ratio or 0) * reference.cpu + (case.seconds or 0)
        parts = [f"{case.ratio:g} x"] if case.ratio else []
        parts += [f"{case.seconds:g} s"] if case.seconds else []
        words.append("CPU <= " + " + ".join(parts))
        is_met = run.cpu <= allowed
    if case.anonymous:
        words.append(f"anonymous < {case.anonymous:g} MB")
        is_met = is_met and run.anonymous < case.anonymous
    return ", ".join(words) + (": met" if is_met else ": **missed**"), is_met


def row(name, run, reference_name, reference, words):
    ratio = run.cpu / reference.cpu if reference.cpu > 0 else float("inf")
    return (f"| {name} | {run.cpu:.2f} | {run.wall:.2f} | {run.resident:.0f} | "
            f"{run.anonymous:.0f} | {reference_name} | {reference.cpu:.2f} | {ratio:.2f} | {words} |")


def load():
    return "%.2f %.2f %.2f" % os.getloadavg()


def processor():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def make_models(directory, with_legacy):
    """Make the full-size Keras files that aren't there yet."""
    python = ROOT / ".venv/bin/python"
    names = ["VGG16", "ResNet50", "EfficientNetB0"]
    wanted = [("k3", names, [])] + ([("k2", ["ResNet50"], ["--legacy"])] if with_legacy else [])
    for folder, needed, options in wanted:
        missing = [n for n in needed if not (directory / folder / f"{n}.h5").exists()]
        if not missing:
            continue
        if not python.exists():
            stop("there is no .venv to make models with",
                 "run tools/setup, or name existing ones with --models")
        print(f"making {', '.join(missing)} in {directory / folder}", file=sys.stderr)
        subprocess.run([python, ROOT / "tools/oracle/make_fullsize_models.py", directory / folder,
                        *options, "--only", *missing], check=True, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], prog="tools/bench/run")
    parser.add_argument("--quick", action="store_true", help="leave the peers out")
    parser.add_argument("--models", type=Path, metavar="DIR",
                        help="folder with k3/ and k2/ (default: made in .build-bench/models)")
    parser.add_argument("--ecconvert", type=Path, metavar="PATH",
                        default=ROOT / ".build/release/ecconvert",
                        help="the program (default: .build/release/ecconvert)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N",
                        help="measured runs of each (default: 5)")
    options = parser.parse_args()
    if not os.access(options.ecconvert, os.X_OK):
        stop(f"there is no program '{options.ecconvert}'",
             "swift build -c release --product ecconvert")
    WORK.mkdir(exist_ok=True)
    models = options.models or WORK / "models"
    if options.models is None:
        make_models(models, not options.quick)
    for name in ("k3/VGG16", "k3/ResNet50", "k3/EfficientNetB0"):
        if not (models / f"{name}.h5").exists():
            stop(f"there is no '{models / name}.h5'")
    environment = peers.installed(ROOT / ".venv-bench") if not options.quick else None

    print(f"{os.cpu_count()} cores ({processor()}), Linux {platform.release()}; "
          f"load average before: {load()}  ")
    print(f"Medians of {options.rounds} processes in turn with the reference; memory: the largest "
          "seen; peers: one process\n")
    print("| case | CPU s | wall s | resident MB | anonymous MB | reference | its CPU s | "
          "CPU ratio | target |")
    print("|---|---:|---:|---:|---:|---|---:|---:|---|", flush=True)
    status = 0
    ours = {}
    for case in cases(options.ecconvert, models):
        run, reference = measured(case, options.rounds)
        words, is_met = verdict(case, run, reference)
        ours[case.name] = run
        status = status or int(not is_met)
        print(row(case.name, run, case.reference_name, reference, words), flush=True)
    if environment is not None:
        for peer in peers.peers(models, WORK, HERE):
            run, reason = peers.measured(peer, environment)
            if run is None:
                print(f"| {peer.name} | | | | | | | | skipped: {reason} |", flush=True)
            else:
                print(row(peer.name, run, f"ecconvert: {peer.counterpart}", ours[peer.counterpart],
                          "peer"), flush=True)
        print(f"\nPeers: {', '.join(peers.versions())}")
    print(f"\nLoad average after: {load()}")
    for left in WORK.glob("*.onnx*"):
        left.unlink() if left.is_file() else shutil.rmtree(left)
    return status


if __name__ == "__main__":
    sys.exit(main())
