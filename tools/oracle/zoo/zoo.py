#!/usr/bin/env python3
"""Convert and prune networks of torchvision and timm as PyTorch exports them; check from outside.

    zoo.py [MODEL...] [--all-torchvision] [--variants V...] [--torch PYTHON] [--make-only]
           [--ecconvert PATH] [--cache DIR] [--drop] [--table FILE.md]

MODEL is a glob over FAMILY/NAME, such as 'timm/res*'; the default is one of each family of
torchvision and some forty of timm (see catalog.py).  --all-torchvision takes all classifiers of
torchvision, by one exporter.  Exports are made by make.py in the environment of ./setup and kept in
the cache, or removed after their checks with --drop.  Checks of every file:
    convert    ONNX -> ONNX: onnx.checker; outputs equal those of the source in onnxruntime (1e-4)
    prune      --prune 0.5 without data and repair: the slim model equals the masked full one
    counted    by mac_share.py: the share of multiply-accumulates in layers that shrank
Results are kept in CACHE/results.json; --table writes all of them as Markdown.  Exit status 1 when
a check failed.
"""
import argparse
import contextlib
import fnmatch
import io
import json
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from catalog import TIMM, TORCHVISION, TORCHVISION_SMALL  # noqa: E402
from make import VARIANTS  # noqa: E402

LIMIT_S = 900
PRUNING = ["--prune", "0.5", "--calibration", "none", "--repair", "none"]


def last_words(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return " | ".join(lines[-4:])[:600]


def made(model, folder, variants, python):
    """Exports what isn't in the cache; a variant -> file, or the reason why there is none."""
    missing = [v for v in variants if not (folder / f"{v}.onnx").is_file()]
    log = folder / "make.log"
    if missing and not (log.is_file() and all(f"{v}: " in log.read_text() for v in missing)):
        folder.mkdir(parents=True, exist_ok=True)
        with open(log, "w") as out, open(folder / "make.err", "w") as err:
            subprocess.run([python, HERE / "make.py", model, folder, "--variants", *missing],
                           stdout=out, stderr=err, timeout=3600)
    result = {}
    for variant in variants:
        path = folder / f"{variant}.onnx"
        said = [line for line in log.read_text().splitlines() if line.startswith(variant)] if log.is_file() else []
        result[variant] = path if path.is_file() else (said or ["the exporter failed"])[-1]
    return result


def converted(binary, source, folder, full):
    """None, or what is wrong with the file written without pruning."""
    import numpy as np
    import onnx
    from channel_masks import quiet_session
    from compare import difference
    done = subprocess.run([binary, source, "-o", full, "--force"], capture_output=True, text=True,
                          timeout=LIMIT_S)
    if done.returncode != 0:
        return f"exit {done.returncode}: {last_words(done.stderr)}"
    onnx.checker.check_model(str(full), full_check=True)
    with np.load(folder / "case.npz") as case:
        image = case["in_0"]
    worst = 0.0
    results = []
    for path in (source, full):
        session = quiet_session(str(path))
        results.append(session.run(None, {session.get_inputs()[0].name: image}))
    for expected, found in zip(*results):
        d, m = difference(expected, found)
        worst = max(worst, d / max(m, 1e-30))
    return None if worst <= 1e-4 else f"outputs differ by {worst:.2e}"


def pruned(binary, source, folder, full, row):
    """None, or what is wrong with the slim model; fills the row with figures."""
    import mask_check
    import numpy as np
    slim, report = folder / "slim.onnx", folder / "slim.json"
    done = subprocess.run([binary, source, "-o", slim, "--force", "--report", report, *PRUNING],
                          capture_output=True, text=True, timeout=LIMIT_S)
    if done.returncode != 0:
        return f"exit {done.returncode}: {last_words(done.stderr)}"
    fields = json.loads(report.read_text())
    pruning = fields["pruning"]
    row["share"] = pruning["prunableMACShare"]
    row["parameters"] = fields["output"]["parameters"] / max(fields["input"]["parameters"], 1)
    row["macs"] = fields["output"]["macs"] / max(fields["input"]["macs"], 1)
    reasons = {}
    for barrier in pruning["barriers"]:
        reasons[barrier["reason"]] = reasons.get(barrier["reason"], 0) + 1
    row["barriers"] = reasons
    row["tensors"] = len(pruning["tensors"])
    words, arguments = io.StringIO(), sys.argv
    sys.argv = ["mask_check.py", str(full), str(slim), str(report), "--inputs",
                str(folder / "case.npz")]
    try:
        with contextlib.redirect_stdout(words):
            passed = mask_check.main() == 0
    finally:
        sys.argv = arguments
    if passed:
        from mac_share import share
        with np.load(folder / "case.npz") as case:
            row["counted"], row["counted_macs"], *_ = share(full, slim, case["in_0"])
    return None if passed else last_words(words.getvalue())


def checked(binary, source, folder):
    """The row of one file."""
    full, row = folder / "full.onnx", {"bytes": source.stat().st_size}
    started = time.monotonic()
    for check, run in (("convert", lambda: converted(binary, source, folder, full)),
                       ("prune", lambda: pruned(binary, source, folder, full, row))):
        try:
            fault = run()
        except Exception as e:
            fault = f"{type(e).__name__}: {last_words(str(e))}"
        row[check] = fault or "ok"
        if fault:
            break
    row["seconds"] = round(time.monotonic() - started, 1)
    for path in [*folder.glob("full.onnx*"), *folder.glob("slim.*")]:
        path.unlink()
    return row


def table(results):
    """All results as Markdown."""
    lines = ["| network | exporter | BatchNorm | convert | prune | prunable MACs | in layers that shrank "
             "| MACs left | parameters left | barriers |", "|---|---|---|---|---|---|---|---|---|---|"]
    for key in sorted(results):
        row = results[key]
        model, variant = key.rsplit("/", 1)
        exporter, norms = variant.split("-")
        if "export" in row:
            lines.append(f"| {model} | {exporter} | {norms} | not exported: {row['export'][:80]} |||||||")
            continue
        figures = [f"{100 * row[k]:.1f} %" if k in row else ""
                   for k in ("share", "counted", "macs", "parameters")]
        reasons = "; ".join(f"{n} × {r}" for r, n in row.get("barriers", {}).items())
        outcome = [row.get(k, "")[:120].replace("|", "/") for k in ("convert", "prune")]
        lines.append(f"| {model} | {exporter} | {norms} | {outcome[0]} | {outcome[1]} | "
                     + " | ".join(figures) + f" | {reasons} |")
    tried = [r for r in results.values() if "export" not in r]
    good = sum(r.get("prune") == "ok" for r in tried)
    lines.append(f"\n{good} of {len(tried)} files convert, prune and pass the mask check.")
    vision = {k.rsplit("/", 1)[0]: 0 for k in results if k.startswith("torchvision/")}
    for key, row in results.items():
        if key.startswith("torchvision/") and row.get("prune") == "ok":
            vision[key.rsplit("/", 1)[0]] += 1
    if vision:
        lines.append(f"{sum(n > 0 for n in vision.values())} of {len(vision)} classifiers of "
                     "torchvision do so.")
    return "\n".join(lines) + "\n"


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("models", nargs="*", metavar="MODEL")
    ap.add_argument("--all-torchvision", action="store_true")
    ap.add_argument("--variants", nargs="+", choices=VARIANTS)
    ap.add_argument("--torch", default=ROOT / ".venv-zoo/torch/bin/python", type=pathlib.Path)
    ap.add_argument("--make-only", action="store_true")
    ap.add_argument("--made-only", action="store_true", help="only what the cache has")
    ap.add_argument("--ecconvert", default=ROOT / ".build/release/ecconvert", type=pathlib.Path)
    ap.add_argument("--cache", default=ROOT / ".build-oracle/zoo", type=pathlib.Path)
    ap.add_argument("--drop", action="store_true", help="remove each network's files afterwards")
    ap.add_argument("--table", type=pathlib.Path)
    a = ap.parse_args()

    names = [f"torchvision/{n}" for n in (TORCHVISION if a.all_torchvision else TORCHVISION_SMALL)]
    if not a.all_torchvision:
        names += [f"timm/{n}" for n in TIMM]
    if a.models:
        every = [f"torchvision/{n}" for n in TORCHVISION] + [f"timm/{n}" for n in TIMM]
        names = [n for n in every if any(fnmatch.fnmatch(n, pattern) for pattern in a.models)]
    variants = a.variants or (["script-folded"] if a.all_torchvision else VARIANTS)
    store = a.cache / "results.json"
    failed = 0
    for name in names:
        folder = a.cache / name
        if a.made_only and not (folder / "make.log").is_file():
            continue
        for variant, source in made(name, folder, variants, a.torch).items():
            if a.make_only:
                continue
            if isinstance(source, str):
                row = {"export": source}
            else:
                row = checked(a.ecconvert.resolve(), source, folder)
            results = json.loads(store.read_text()) if store.is_file() else {}
            results[f"{name}/{variant}"] = row
            store.write_text(json.dumps(results, indent=1))
            bad = "export" not in row and row.get("prune") != "ok"
            failed += bad
            share = f" {100 * row['share']:.2f} % prunable" if "share" in row else ""
            print(f"{'FAIL' if bad else 'ok  '} {name} {variant}{share} {row.get('seconds', '')}"
                  + (f": {row.get('export') or row.get('convert') + ' / ' + row.get('prune', '')}"
                     if bad or "export" in row else ""), flush=True)
        if a.drop:
            shutil.rmtree(folder, ignore_errors=True)
    if a.table:
        a.table.write_text(table(json.loads(store.read_text())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
