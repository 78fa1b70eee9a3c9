#!/usr/bin/env python3
"""Kills a batch at random moments, lets it go on, and compares with one that was left alone: the same
files byte by byte, nothing done twice, nothing left over.

    python check_batch.py --ecconvert .build/release/ecconvert [--models 200] [--kills 3] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from many_models import make_models


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ecconvert", required=True)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    program = str(Path(options.ecconvert).resolve())
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_models(folder / "models", options.models)
        command = [program, "batch", folder / "models", "--prune", "0.5", "--keep-going", "--jobs",
                   "2", "-q", "--out-dir"]
        began = time.monotonic()
        whole = subprocess.run([*command, folder / "whole"], capture_output=True, text=True)
        seconds = time.monotonic() - began
        assert whole.returncode == 75, whole.stderr
        out = folder / "killed"
        for _ in range(options.kills):
            run = subprocess.Popen([*command, out, "--resume"], stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.1, seconds / (options.kills + 1)))
            run.kill()
            run.wait()
        last = subprocess.run([*command, out, "--resume"], capture_output=True, text=True)
        assert last.returncode == 75, last.stderr
        models = sorted(path.name for path in (folder / "whole").glob("*.onnx"))
        assert len(models) == options.models - 1
        for name in models:
            assert (folder / "whole" / name).read_bytes() == (out / name).read_bytes(), name
        log = [json.loads(line) for line in (out / ".ecconvert" / "log.jsonl").open()]
        done = sorted(line["output"] for line in log if line["event"] == "done")
        started = sum(line["event"] == "started" for line in log)
        assert len(done) == len(set(done)), "a model was done twice"
        left = [path for path in out.rglob(".ecconvert-*")]
        assert not left, left
        print(f"{len(models)} results equal those of a batch of {seconds:.0f} s that was left alone, "
              f"1 refused; {options.kills} kills, {started} starts, none done twice")
    return 0


if __name__ == "__main__":
    sys.exit(main())
