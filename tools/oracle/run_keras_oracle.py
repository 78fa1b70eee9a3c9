#!/usr/bin/env python3
"""Write Keras files with our binary, and load them with Keras 3 and tf-keras.

    run_keras_oracle.py [--ecconvert PATH] [--only NAME...] [--sets keras3 keras2] [--jobs N]
                        [--keep DIR] [--full-size DIR]

Checks for every supported model of make_keras_models.py (see models.py for the others), or, which takes
half an hour, of what make_fullsize_models.py has written into DIR/keras3 and DIR/keras2:
    full.h5, full.keras    the file loads in Keras 3 and in tf-keras, without custom objects, and
                           predicts what the source does; where the binary says that one of the two
                           can't load it, either models.py must know that, or Keras 3 can't load
                           the source of Keras 2 itself, with names that it allows no slash in
    slim.h5, slim.keras    --prune 0.5 --criterion l2: the same, with the slim ONNX model in
                           onnxruntime as the truth
                           (or is refused, for layers that can't be written once they changed)
    onnx                   slim.h5 and slim.keras -> ONNX: the same outputs again
    twin                   two runs give the same bytes
A table comes last, then 'N passed, N failed'; the exit status is 1 when any failed.
"""
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from compare import difference, numbered, run, session
from models import ONE_GENERATION, REFUSED, UNLOADABLE, UNWRITABLE
from run_oracle import CACHE, HERE, LIMIT_S, arguments, make_models, parse, table

FRAMEWORKS = {"keras3": "Keras 3", "tf_keras": "tf-keras"}
# What the program says of a layer whose name Keras 3 refuses.
SLASH = "Keras 3 allows no '/' in names"


class Files:
    """The files of one model, and the jobs for the loaders."""

    def __init__(self, binary, set_name, source, folder, tolerance):
        self.binary, self.set_name, self.source = binary, set_name, source
        self.folder, self.tolerance = folder, tolerance
        self.case = source.with_suffix(".npz")
        self.rows, self.jobs = [], []
        # The checks that pass if Keras 3 can't load the source either, with the program's words.
        self.excused = {}

    @property
    def key(self):
        return self.set_name, self.source.stem

    def add(self, check, passed, message=""):
        self.rows.append((check, bool(passed), message))
        return passed

    def write(self, check, source, output, *options):
        """Runs the main job; what it wrote to standard error, or None if it failed."""
        done = subprocess.run(
            [self.binary, str(source), "-o", output, "--calibration", "none", "-f", *options],
            capture_output=True, text=True, timeout=LIMIT_S, cwd=self.folder)
        if done.returncode == 0:
            return done.stderr
        words = " | ".join(done.stderr.strip().splitlines()[-4:])
        self.add(check, False, f"exit {done.returncode}: {words}")
        return None

    def load(self, name, case, words):
        """Asks for loads of a file: by all frameworks but the one that it isn't for."""
        absent = {f for f in FRAMEWORKS if f"written for {self.other(f)}," in words}
        allowed = ONE_GENERATION.get(self.key, ONE_GENERATION.get(self.source.stem, set()))
        if absent - allowed == {"keras3"} and self.set_name == "keras2" and SLASH in words:
            self.excused[name] = words.strip()
        elif absent:
            self.add(name, absent <= allowed, f"not for {sorted(absent)}: {words.strip()}")
        for framework in FRAMEWORKS:
            # An archive keeps the words of its source.
            if framework == "tf_keras" and name.endswith(".keras") and self.set_name == "keras3":
                continue
            if framework not in absent:
                self.jobs.append((framework, self.folder / name, case, f"{name} {framework}"))

    @staticmethod
    def other(framework):
        return FRAMEWORKS["tf_keras" if framework == "keras3" else "keras3"]

    def make(self):
        for name in ("full.h5", "full.keras"):
            words = self.write(name, self.source, name)
            if words is not None:
                self.load(name, self.case, words)
        slim = ("--prune", "0.5", "--criterion", "l2")
        if self.source.stem in UNWRITABLE:
            return self.refuse(slim, UNWRITABLE[self.source.stem])
        written = {n: self.write(n, self.source, n, *slim) for n in ("slim.h5", "slim.keras")}
        plan = self.write("plan", self.source, "plan.h5", *slim, "--save-plan", "plan.json")
        if plan is None or None in written.values():
            return
        if self.write("slim.onnx", self.source, "slim.onnx", "--plan", "plan.json") is None:
            return
        truth = self.truth()
        for name, words in written.items():
            self.load(name, truth, words)
            again = name + ".onnx"
            if self.write(again, self.folder / name, again) is not None:
                self.same(again, truth)
        same = (self.folder / "plan.h5").read_bytes() == (self.folder / "slim.h5").read_bytes()
        self.add("twin", same, "two runs gave different bytes")

    def refuse(self, slim, words):
        """Layers that changed and can't be said again: exit 65, and all of them named."""
        for name in ("slim.h5", "slim.keras"):
            done = subprocess.run(
                [self.binary, str(self.source), "-o", name, "--calibration", "none", *slim],
                capture_output=True, text=True, timeout=LIMIT_S, cwd=self.folder)
            named = all(w in done.stderr for w in words)
            left = (self.folder / name).exists()
            self.add(name, done.returncode == 65 and named and not left, done.stderr.strip())

    def truth(self):
        """The inputs of the case with the outputs of the slim ONNX model."""
        with np.load(self.case) as case:
            inputs = numbered(case, "in")
        found = run(session(str(self.folder / "slim.onnx")), inputs)
        path = self.folder / "slim.npz"
        np.savez(path, **{f"in_{k}": x for k, x in enumerate(inputs)},
                 **{f"out_{k}": y for k, y in enumerate(found)})
        return path

    def same(self, name, truth):
        """The outputs of an ONNX model made of a slim Keras file."""
        with np.load(truth) as case:
            inputs, expected = numbered(case, "in"), numbered(case, "out")
        try:
            found = run(session(str(self.folder / name)), inputs)
            pairs = [difference(e, f) for e, f in zip(expected, found)]
            worst = max(d / max(m, 1e-30) for d, m in pairs)
            self.add("onnx", worst <= self.tolerance, f"{name} differs by {worst:.2e}")
        except Exception as e:
            self.add("onnx", False, f"{name}: {str(e).splitlines()[0]}")


def make_files(binary, set_name, source, folder, tolerance):
    folder.mkdir(parents=True, exist_ok=True)
    files = Files(binary, set_name, source, folder, tolerance)
    try:
        files.make()
    except Exception as e:
        files.add("run", False, f"{type(e).__name__}: {e}")
    return files


def load_all(framework, jobs):
    """Loads files in one process that imports the framework once; results by id."""
    lines = "".join(json.dumps({"id": k, "model": str(m), "case": str(c)}) + "\n"
                    for k, (m, c) in enumerate(jobs))
    done = subprocess.run([sys.executable, HERE / "keras_loader.py", framework], input=lines,
                          capture_output=True, text=True)
    results = {}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            result = json.loads(line)
            results[result["id"]] = result
    lost = {"difference": None, "error": f"the loader ended: {done.stderr[-300:]}"}
    return [results.get(k, lost) for k in range(len(jobs))]


def check_excuses(files):
    """Whether Keras 3 refuses the sources of which the program says that it would."""
    excused = [f for f in files if f.excused]
    results = load_all("keras3", [(f.source, f.case) for f in excused]) if excused else []
    for one, result in zip(excused, results):
        refuses = "cannot contain character `/`" in (result["error"] or "")
        for check, words in one.excused.items():
            one.add(check, refuses, f"Keras 3 doesn't refuse the source for that: {words}")
        if refuses:
            print(f"note {one.set_name} {one.source.stem}: Keras 3 refuses the source's own names too")


def check_loads(files):
    """Has both frameworks load their files, side by side."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        def jobs(framework):
            return [(f, j) for f in files for j in f.jobs if j[0] == framework]
        pending = {f: pool.submit(load_all, f, [(m, c) for _, (_, m, c, _) in jobs(f)])
                   for f in FRAMEWORKS}
        for framework, future in pending.items():
            for (owner, (_, _, _, check)), result in zip(jobs(framework), future.result()):
                found = result["difference"]
                passed = found is not None and found <= owner.tolerance
                owner.add(check, passed, result["error"] or f"differs by {found:.2e}")


def chosen(a):
    """(set, file, tolerance) of the models to check."""
    if a.full_size:
        cases = [(s, p) for s in a.sets for p in sorted((a.full_size / s).glob("*.npz"))]
        return [(s, p.resolve().with_suffix(".h5"), 1e-4) for s, p in cases
                if not a.only or p.stem in a.only]
    make_models(a.sets)
    work = []
    for set_name in a.sets:
        for record in json.loads((CACHE / set_name / "MANIFEST.json").read_text()):
            name = record["name"]
            if (a.only and name not in a.only) or name in UNLOADABLE \
                    or name in REFUSED or (set_name, name) in REFUSED:
                continue
            tolerance = 5e-3 if record["tolerance"] == "half" else 1e-4
            work.append((set_name, CACHE / set_name / f"{name}.h5", tolerance))
    return work


def main():
    ap = arguments(__doc__.splitlines()[0])
    ap.add_argument("--sets", nargs="+", default=["keras3", "keras2"], choices=["keras3", "keras2"])
    ap.add_argument("--full-size", metavar="DIR", type=pathlib.Path)
    a = parse(ap)
    work = chosen(a)
    if not work:
        sys.exit("error: no model has a name of --only")
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(a.keep).resolve() if a.keep else pathlib.Path(temporary)
        with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
            pending = [
                pool.submit(make_files, a.ecconvert.resolve(), set_name, source,
                            root / set_name / source.stem, tolerance)
                for set_name, source, tolerance in work]
            files = [future.result() for future in pending]
        check_loads(files)
        check_excuses(files)
    for one in files:
        for check, passed, message in one.rows:
            if not passed:
                print(f"FAIL {one.set_name} {one.source.stem} [{check}]: {message}")
    table([(*one.key, one.rows) for one in files])
    outcomes = [ok for one in files for _, ok, _ in one.rows]
    print(f"{outcomes.count(True)} passed, {outcomes.count(False)} failed")
    return 1 if False in outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
