#!/usr/bin/env python3
"""Convert and prune many small Keras models with our binary, and check the results from outside.

    run_oracle.py [--ecconvert PATH] [--only NAME...] [--sets keras3 keras2] [--jobs N] [--keep DIR]

Checks for every supported model (see models.py for those that must be refused):
    convert     source -> ONNX: onnx.checker, outputs equal those of Keras in onnxruntime
    keras       the same model as a .keras archive -> ONNX: the same
    weights     its .weights.h5 with --arch architecture.json -> ONNX: the same
    again       that ONNX -> ONNX: the same
    paper, l2   --prune 0.5 with that criterion, on weights alone: the slim model equals the masked
                full one
and for a few models other ratios, --round-to, --scope global, --prune 0.5 as it comes and with data,
and that two runs give the same bytes.  What must be refused is refused in every format.  Tables come last, then 'N passed, N failed'; the exit status is 1 when any
failed.  The models are made by make_keras_models.py into .build-oracle/ when that has changed.
"""
import argparse
import concurrent.futures
import contextlib
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import jsonschema

from models import CLOSE_LOOK, NOTHING_TO_PRUNE, REFUSED, WITH_ARCHITECTURE

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = ROOT / ".build-oracle"
LIMIT_S = 120
REPORT_SCHEMA = jsonschema.Draft202012Validator(
    json.loads((ROOT / "schemas" / "report.schema.json").read_text()))


def start_making(folder, maker, *options):
    """Runs a script that makes models in a folder whose stamp is out of date; None if it isn't."""
    sources = (HERE / maker).read_bytes() + (HERE / "requirements.txt").read_bytes()
    stamp = hashlib.sha256(sources + repr(options).encode()).hexdigest()
    if (folder / "stamp").is_file() and (folder / "stamp").read_text() == stamp:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    log = open(folder / "make.log", "w")
    print(f"making the models of {folder.name}", flush=True)
    return folder, stamp, subprocess.Popen(
        [sys.executable, HERE / maker, folder, *options], stdout=log, stderr=log)


def finish_making(running):
    """Waits for a script of start_making, and marks its folder as up to date."""
    folder, stamp, process = running
    if process.wait() != 0:
        sys.exit(f"error: the models of {folder.name} were not made; see {folder}/make.log")
    (folder / "stamp").write_text(stamp)


def make_models(sets):
    """Runs make_keras_models.py for every set whose stamp is out of date."""
    running = []
    for name in sets:
        if name == "dialects":
            running.append(start_making(CACHE / name, "make_keras_dialects.py"))
            continue
        options = ["--small", "--formats", "h5,weights,keras"]
        options += ["--legacy"] if name == "keras2" else []
        running.append(start_making(CACHE / name, "make_keras_models.py", *options))
    for one in filter(None, running):
        finish_making(one)


class Checks:
    """The checks of one model, each a (name, passed, message)."""

    full_check = True

    def __init__(self, binary, source, folder, tolerance):
        self.binary, self.source, self.folder = binary, source, folder
        self.name, self.tolerance = source.stem, tolerance
        self.case = source.with_suffix(".npz")
        self.rows = []

    def add(self, check, passed, message=""):
        self.rows.append((check, bool(passed), message))
        return passed

    def run(self, *arguments):
        return subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True,
                              timeout=LIMIT_S, cwd=self.folder)

    def write(self, check, source, output, *options):
        """Runs the main job and says whether it succeeded."""
        try:
            done = self.run(source, "-o", output, *options)
        except subprocess.TimeoutExpired:
            return self.add(check, False, f"took more than {LIMIT_S} s")
        if done.returncode == 0 and output.is_file():
            return True
        words = " | ".join(done.stderr.strip().splitlines()[-3:])
        return self.add(check, False, f"exit {done.returncode}: {words}")

    def equals_stored(self, check, model):
        """onnx.checker, and the outputs that the source's framework gave."""
        import onnx
        from compare import compare
        try:
            onnx.checker.check_model(str(model), full_check=self.full_check)
        except Exception as e:
            return self.add(check, False, f"onnx.checker: {str(e).splitlines()[0]}")
        words = io.StringIO()
        with contextlib.redirect_stdout(words):
            passed = compare(str(model), str(self.case), self.tolerance)
        return self.add(check, passed, words.getvalue().strip())

    def prune(self, check, full, *options, may_keep_all=False):
        """Prunes, and checks that the slim model is the full one with channels masked."""
        import mask_check
        slim, report = self.folder / f"{check}.onnx", self.folder / f"{check}.json"
        if not self.write(check, self.source, slim, "--report", report, "--calibration", "none",
                          *options):
            return
        fields = json.loads(report.read_text())
        faults = [f"{e.json_path}: {e.message}" for e in REPORT_SCHEMA.iter_errors(fields)]
        if faults:
            self.add(check, False, "report: " + "; ".join(faults[:3]))
            return
        tensors = fields.get("pruning", {}).get("tensors") or []
        if not may_keep_all and bool(tensors) == (self.name in NOTHING_TO_PRUNE):
            self.add(check, False, f"{len(tensors)} tensors lost channels")
            return
        words, arguments = io.StringIO(), sys.argv
        sys.argv = ["mask_check.py", str(full), str(slim), str(report), "--inputs", str(self.case),
                    "--rtol", str(self.tolerance)]
        try:
            with contextlib.redirect_stdout(words):
                passed = mask_check.main() == 0
        except Exception as e:
            passed = False
            words.write(f"{type(e).__name__}: {e}")
        finally:
            sys.argv = arguments
        self.add(check, passed, " | ".join(words.getvalue().strip().splitlines()))

    def formats(self):
        """The other files of the model: (format, path, options), without the pruning checks."""
        archive = self.source.with_suffix(".keras")
        weights = self.source.with_suffix(".weights.h5")
        if archive.is_file() and archive != self.source:
            yield "keras", archive, []
        if archive.is_file() and weights.is_file():
            architecture = self.folder / "architecture.json"
            architecture.write_bytes(zipfile.ZipFile(archive).read("config.json"))
            yield "weights", weights, ["--arch", architecture]
        if self.name in WITH_ARCHITECTURE:
            other = self.source.with_name(WITH_ARCHITECTURE[self.name])
            architecture = self.folder / "architecture.json"
            architecture.write_bytes(zipfile.ZipFile(other).read("config.json"))
            yield "arch", self.source, ["--arch", architecture]

    def other_formats(self):
        """Converts the other files of the model; the outputs must be those of the first."""
        for check, path, options in self.formats():
            output = self.folder / f"{check}.onnx"
            if self.write(check, path, output, *options):
                self.equals_stored(check, output)

    def all_refused(self, needles):
        """Every file of the model must be refused; weights alone are not, with an architecture."""
        self.refused("h5", self.source, needles)
        for check, path, options in self.formats():
            if check == "arch":
                output = self.folder / f"{check}.onnx"
                if self.write(check, path, output, *options):
                    self.equals_stored(check, output)
            else:
                self.refused(check, path, needles, *options)

    def refused(self, check, source, needles, *options):
        """The source must be refused with exit 65, naming what can't be carried."""
        output = self.folder / "refused.onnx"
        done = self.run(source, "-o", output, *options)
        words = done.stderr.strip()
        lost = [n for n in needles if n not in words]
        if done.returncode != 65:
            self.add(check, False, f"exit {done.returncode}, expected 65: {words}")
        elif lost:
            self.add(check, False, f"the error doesn't name {lost}: {words}")
        else:
            self.add(check, not output.exists(), "an output was written")

    def calibrated(self, full):
        """With data the weights change too, so only form and edges can be checked."""
        import numpy as np
        self.repaired("default", full)
        with np.load(self.case) as case:
            if "in_1" in case.files:
                return
            np.save(self.folder / "batch.npy", case["in_0"])
        self.repaired("data", full, "--calibration", self.folder / "batch.npy")

    def repaired(self, check, full, *options):
        """Prunes with repaired weights, and checks form, edges and the report."""
        import onnx
        from mask_check import edge, parameters
        slim, report = self.folder / f"{check}.onnx", self.folder / f"{check}.json"
        if not self.write(check, self.source, slim, "--prune", "0.5", "--report", report, *options):
            return
        faults = [f"{e.json_path}: {e.message}"
                  for e in REPORT_SCHEMA.iter_errors(json.loads(report.read_text()))]
        if faults:
            self.add(check, False, "report: " + "; ".join(faults[:3]))
            return
        before, after = onnx.load(str(full)), onnx.load(str(slim))
        try:
            onnx.checker.check_model(str(slim), full_check=True)
            same = edge(before.graph.output) == edge(after.graph.output)
            smaller = parameters(after) < parameters(before)
            self.add(check, same and smaller, "edge changed" if not same else "nothing was removed")
        except Exception as e:
            self.add(check, False, str(e).splitlines()[0])

    def all(self):
        full = self.folder / "full.onnx"
        if not self.write("convert", self.source, full):
            return
        self.equals_stored("convert", full)
        self.other_formats()
        again = self.folder / "again.onnx"
        if self.write("again", full, again):
            self.equals_stored("again", again)
        for criterion in ("paper", "l2"):
            self.prune(criterion, full, "--prune", "0.5", "--criterion", criterion)
        if self.name not in CLOSE_LOOK:
            return
        for ratio in ("0.1", "0.25", "0.75", "0.9"):
            # A tenth of eight channels is none.
            self.prune(ratio, full, "--prune", ratio, "--round-to", "1", may_keep_all=ratio == "0.1")
        self.prune("round-8", full, "--prune", "0.4", "--round-to", "8", may_keep_all=True)
        self.prune("global", full, "--prune", "0.5", "--scope", "global")
        self.calibrated(full)
        twin = self.folder / "twin.onnx"
        if self.write("twin", self.source, twin, "--prune", "0.5"):
            same = twin.read_bytes() == (self.folder / "default.onnx").read_bytes()
            self.add("twin", same, "two runs gave different bytes")


def check_model(kind, binary, set_name, source, keep, tolerance):
    """All checks of one model, in a process of the pool; `kind` is a class of Checks."""
    sys.path.insert(0, str(HERE))
    with contextlib.ExitStack() as stack:
        if keep:
            folder = pathlib.Path(keep) / set_name / source.stem
            folder.mkdir(parents=True, exist_ok=True)
        else:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        checks = kind(binary, source, folder, tolerance)
        try:
            needles = REFUSED.get((set_name, source.stem), REFUSED.get(source.stem))
            if needles is None:
                checks.all()
            else:
                checks.all_refused(needles)
        except Exception as e:
            checks.add("run", False, f"{type(e).__name__}: {e}")
        return set_name, source.stem, checks.rows


def table(results):
    """One line a model: what was checked, and what failed."""
    width = max(len(f"{s} {m}") for s, m, _ in results)
    for set_name, model, rows in sorted(results):
        passed = [c for c, ok, _ in rows if ok]
        failed = [c for c, ok, _ in rows if not ok]
        print(f"{set_name + ' ' + model:{width}}  {'FAIL' if failed or not rows else 'ok  '}  "
              f"{len(passed)} passed" + (": " + ", ".join(passed) if len(passed) < 5 else "")
              + ("; failed: " + ", ".join(failed) if failed else ""))


def format_table(results):
    """One line a model: how each set's formats fared."""
    sets = sorted({s for s, _, _ in results})
    cells = {}
    for set_name, model, rows in results:
        refused = (set_name, model) in REFUSED or model in REFUSED
        for column, checks in (("h5", ("convert", "h5")), ("keras", ("keras",)),
                               ("weights", ("weights", "arch"))):
            found = [ok for check, ok, _ in rows if check in checks]
            words = "FAIL" if not all(found) else "refused" if refused and "arch" not in [
                check for check, _, _ in rows if check in checks] else "ok"
            cells[model, set_name, column] = words if found else "-"
    columns = [(s, c) for s in sets for c in ("h5", "keras", "weights")]
    width = max(len(model) for model, _, _ in cells)
    print(f"{'':{width}}  " + "  ".join(f"{s + ' ' + c:16}" for s, c in columns).rstrip())
    for model in sorted({model for model, _, _ in cells}):
        print(f"{model:{width}}  " + "  ".join(
            f"{cells.get((model, s, c), '-'):16}" for s, c in columns).rstrip())


def arguments(description):
    """The command line that the oracles share."""
    ap = argparse.ArgumentParser(description=description)
    ap.add_argument("--ecconvert", default=ROOT / ".build/release/ecconvert", type=pathlib.Path)
    ap.add_argument("--only", nargs="+", metavar="NAME")
    ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("--keep", metavar="DIR", help="leave all files of the checks here")
    return ap


def parse(ap):
    a = ap.parse_args()
    if not os.access(a.ecconvert, os.X_OK):
        sys.exit(f"error: there is no {a.ecconvert}; run 'swift build -c release' first")
    return a


def run_all(kind, work, a):
    """Checks models given as (set, path, tolerance), prints what failed and a table; the status."""
    if not work:
        sys.exit("error: no model has a name of --only")
    results = []
    keep = str(pathlib.Path(a.keep).resolve()) if a.keep else None
    with concurrent.futures.ProcessPoolExecutor(a.jobs) as pool:
        pending = [pool.submit(check_model, kind, a.ecconvert.resolve(), s, p, keep, t)
                   for s, p, t in work]
        for future in concurrent.futures.as_completed(pending):
            set_name, model, rows = future.result()
            results.append((set_name, model, rows))
            for check, passed, message in rows:
                if not passed:
                    print(f"FAIL {set_name} {model} [{check}]: {message}", flush=True)
    table(results)
    if kind is Checks:
        format_table(results)
    outcomes = [ok for _, _, rows in results for _, ok, _ in rows]
    failed = outcomes.count(False) + sum(not rows for _, _, rows in results)
    print(f"{outcomes.count(True)} passed, {failed} failed")
    return 1 if failed else 0


def main():
    ap = arguments(__doc__.splitlines()[0])
    sets = ["keras3", "keras2", "dialects"]
    ap.add_argument("--sets", nargs="+", default=sets, choices=sets)
    a = parse(ap)
    make_models(a.sets)
    work = []
    for set_name in a.sets:
        manifest = json.loads((CACHE / set_name / "MANIFEST.json").read_text())
        for record in manifest:
            if not a.only or record["name"] in a.only:
                half = record["tolerance"] == "half"
                source = CACHE / set_name / (record["name"] + ".h5")
                work.append((set_name, source if source.is_file() else source.with_suffix(".keras"),
                             5e-3 if half else 1e-4))
    return run_all(Checks, work, a)


if __name__ == "__main__":
    sys.exit(main())
