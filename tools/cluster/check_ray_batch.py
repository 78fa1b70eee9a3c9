#!/usr/bin/env python3
"""Runs a batch on a Ray cluster of several nodes on this machine, kills one in the middle, and
compares with `ecconvert batch`: the same files byte by byte, the same summary but for the time.

    python check_ray_batch.py --ecconvert .build/release/ecconvert [--models 200] [--url]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import ray
import ray_batch
from many_models import make_models
from ray.cluster_utils import Cluster


def comparable(path: Path) -> list[dict]:
    jobs = json.loads(path.read_text())["jobs"]
    for job in jobs:
        for key in ("seconds", "cpuSeconds", "peakResidentBytes", "input"):
            job.pop(key, None)
        job["status"] = {"done": "unchanged"}.get(job["status"], job["status"])
    return sorted(jobs, key=lambda job: job["output"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ecconvert", required=True)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--kill-after", type=float, default=10, help="seconds")
    parser.add_argument("--url", action="store_true", help="files through fsspec URLs")
    options = parser.parse_args()
    program = str(Path(options.ecconvert).resolve())

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_models(folder / "models", options.models)
        jobs = folder / "jobs.yaml"
        jobs.write_text("defaults: {prune: 0.5}\njobs: [models]\n")
        expected = subprocess.run(
            [program, "batch", "--jobs-file", jobs, "--out-dir", folder / "local", "--keep-going",
             "-q"], capture_output=True, text=True)
        assert expected.returncode == 75, expected.stderr

        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
        ray.init(address=cluster.address, log_to_driver=False)

        def kill() -> None:
            time.sleep(options.kill_after)
            cluster.remove_node(nodes[0], allow_graceful=False)
            print("a node was killed", file=sys.stderr)

        threading.Thread(target=kill, daemon=True).start()
        out = folder / "ray"
        where = f"file://{out}" if options.url else str(out)
        sys.argv = ["ray_batch", str(jobs), "--out-dir", where, "--ecconvert", program,
                    "--memory", "0.2"]
        code = ray_batch.main()
        # The cluster takes some seconds to notice.
        for _ in range(60):
            alive = sum(node["Alive"] for node in ray.nodes())
            if alive == 2:
                break
            time.sleep(1)
        ray.shutdown()
        cluster.shutdown()

        assert code == 75, code
        assert alive == 2, f"{alive} nodes are alive, not 2"
        models = sorted(path.name for path in (folder / "local").glob("*.onnx"))
        assert len(models) == options.models - 1
        differing = [name for name in models
                     if (folder / "local" / name).read_bytes() != (out / name).read_bytes()]
        assert not differing, differing
        assert comparable(folder / "local" / "summary.json") == comparable(out / "summary.json")
        log = out / ".ecconvert" / "log.jsonl"
        if log.exists():
            done = [line["output"] for line in map(json.loads, log.read_text().splitlines())
                    if line["event"] == "done"]
            assert sorted(done) == models, "a model was done twice"
        print(f"{len(models)} models equal those of ecconvert batch, 1 refused, a node killed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
