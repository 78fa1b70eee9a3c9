#!/usr/bin/env python3
"""Run every fixture and made model in our executor and in onnxruntime on the same inputs.

    run_executor_oracle.py [--ecconvert PATH] [--only NAME...] [--threads N] [--jobs N]

Models are those of fixtures/ and of the scripts make_onnx_models.py and make_keras_models.py; a Keras file
is converted first, since the executor is what is checked here. Random inputs are made by
ecconvert and saved with the outputs of its executor; an output passes when it differs from onnxruntime's
by at most 1e-4 of its largest magnitude (2e-2 where the model computes in half precision). A model may be
refused only for an operator that 'ecconvert operators' doesn't call run, or for one whose variant
'ecconvert inspect' says is carried as it is; models that hold such an operator must be refused.
"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx

from compare import difference, session
from run_oracle import CACHE, ROOT, arguments, finish_making, parse, start_making

BATCH = 2
OPEN_EXTENT = 32
TOLERANCE = 1e-4
HALF_TOLERANCE = 2e-2


def sources(only):
    """The models, by name."""
    folders = [ROOT / "fixtures" / f for f in ("onnx", "keras", "cli", "gradients")]
    folders += [CACHE / f for f in ("onnx", "keras2", "keras3", "dialects")]
    found = []
    for folder in folders:
        for path in sorted(folder.glob("*")):
            # What is broken on purpose, and weights without a network, is for other oracles.
            known = path.suffix in (".onnx", ".h5", ".keras") and ".pruned" not in path.name
            if known and not path.name.startswith("broken") and ".weights" not in path.name:
                if not only or path.stem in only or path.name in only:
                    found.append(path)
    return found


def not_run(binary):
    """The ONNX operators that the executor isn't said to run."""
    text = subprocess.run([binary, "operators", "--markdown"], capture_output=True, text=True,
                          check=True).stdout.split("## ONNX")[1]
    rows = re.findall(r"^\| `([\w.:]+)` \| [^|]+ \| ([^|]+) \|", text, re.M)
    return {name for name, runs in rows if runs.strip() != "yes"}, {name for name, _ in rows}


def operators(graph):
    """The operators of a graph and of those inside it."""
    for node in graph.node:
        yield f"{node.domain}:{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
        for attribute in node.attribute:
            for inner in [attribute.g] * attribute.HasField("g") + list(attribute.graphs):
                yield from operators(inner)


def carried(binary, model):
    """The operators that are carried as they are, as warnings of inspect name them."""
    text = subprocess.run([binary, "inspect", model], capture_output=True, text=True).stderr
    return set(re.findall(r"warning: (\S+) '[^']*' carried as it is", text))


def shape(spec):
    """The extents of an input: those that are open are chosen here."""
    given = spec.shape or []
    return [d if isinstance(d, int) else BATCH if axis == 0 else OPEN_EXTENT
            for axis, d in enumerate(given)]


def ours(binary, model, shapes, threads, folder):
    """Has the executor save its inputs and outputs; the reason if it refuses."""
    words = [",".join(map(str, s)) for s in shapes]
    # The arguments of the process that 'ecconvert bench' starts: seed 1, values from -1 to 1.
    done = subprocess.run([binary, "bench-worker", model, str(threads), "1", "-1", "1", *words],
                          input=f"save {folder}\n", capture_output=True, text=True, timeout=120)
    lines = done.stdout.splitlines()
    if done.returncode == 0 and lines[1:] == ["saved"]:
        return None
    return lines[-1] if lines else f"exit {done.returncode}: {done.stderr[-200:]}"


def saved(folder, prefix, shapes):
    return [np.fromfile(folder / f"{prefix}_{k}.f32", "f4").reshape(s)
            for k, s in enumerate(shapes)]


def check(binary, path, threads, excluded, known):
    """One line of outcome: ok, skip, refused or FAIL."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model = path
        if path.suffix != ".onnx":
            model = folder / "model.onnx"
            done = subprocess.run([binary, path, "-o", model, "--no-verify", "-q"],
                                  capture_output=True, text=True, timeout=120)
            if done.returncode != 0:
                return "skip", "isn't converted: see run_oracle.py"
        try:
            reference = session(str(model))
        except Exception as e:
            return "skip", f"onnxruntime: {str(e).splitlines()[0][:90]}"
        proto = onnx.load(str(model), load_external_data=False)
        used = set(operators(proto.graph))
        for function in proto.functions:
            used.discard(f"{function.domain}:{function.name}")
            used |= set(operators(function))
        barred = {n for n in used if n in excluded or n not in known} | carried(binary, model)
        specs = reference.get_inputs()
        shapes = [shape(s) for s in specs]
        reason = ours(binary, model, shapes, threads, folder)
        if reason is not None:
            named = [n for n in barred if n.split(":")[-1] in reason]
            return ("refused" if named else "FAIL"), f"{reason} [{', '.join(sorted(barred))}]"
        types = {"tensor(float16)": "f2", "tensor(double)": "f8", "tensor(int64)": "i8",
                 "tensor(int32)": "i4", "tensor(bool)": "?", "tensor(uint8)": "u1"}
        feed = {s.name: x.astype(types.get(s.type, "f4"))
                for s, x in zip(specs, saved(folder, "in", shapes))}
        try:
            expected = reference.run(None, feed)
        except Exception as e:
            return "skip", f"onnxruntime: {str(e).splitlines()[0][:90]}"
        found = saved(folder, "out", [e.shape for e in expected])
        isHalf = any(i.data_type == onnx.TensorProto.FLOAT16 for i in proto.graph.initializer) or any(
            s.type == "tensor(float16)" for s in [*specs, *reference.get_outputs()])
        worst = 0.0
        for e, f in zip(expected, found):
            d, m = difference(np.asarray(e), f)
            worst = max(worst, d / max(m, 1e-30) if d > 1e-30 else 0.0)
        passed = worst <= (HALF_TOLERANCE if isHalf else TOLERANCE)
        return ("ok" if passed else "FAIL"), f"{worst:.1e} of the largest magnitude"


def main():
    ap = arguments(__doc__.splitlines()[0])
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--verbose", action="store_true", help="print every model")
    a = parse(ap)
    making = start_making(CACHE / "onnx", "make_onnx_models.py")
    if making:
        finish_making(making)
    binary = a.ecconvert.resolve()
    excluded, known = not_run(binary)
    paths = sources(a.only)
    counts = {}
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        rows = pool.map(lambda p: check(binary, p, a.threads, excluded, known), paths)
        for path, (outcome, message) in zip(paths, rows):
            counts[outcome] = counts.get(outcome, 0) + 1
            if outcome != "ok" or a.verbose:
                print(f"{outcome:8} {path.parent.name}/{path.name}: {message}", flush=True)
    print(", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items())))
    return 1 if counts.get("FAIL") or not counts.get("ok") else 0


if __name__ == "__main__":
    sys.exit(main())
