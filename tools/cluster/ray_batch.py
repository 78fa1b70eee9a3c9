#!/usr/bin/env python3
"""Runs a jobs file of `ecconvert batch` on a Ray cluster, one task a model.

    python ray_batch.py jobs.yaml --out-dir /shared/slim --address auto --cpus 2
    python ray_batch.py jobs.yaml --out-dir s3://bucket/slim

Results, reports and summary are those of `ecconvert batch` itself: each task runs it for one job. A
task that loses its node runs again on another one. Run the same command again to go on; what is done
and unchanged is skipped. Every node needs `ecconvert` (--ecconvert says where).

Paths are those of a folder that all nodes share, or URLs that fsspec knows (for inputs as well).

Exit codes: 0 every job has its result, 75 some failed, else those of `ecconvert batch`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath

import fsspec
import ray


def is_url(path: str) -> bool:
    return "://" in path


def batch(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs `ecconvert batch`; it ends when this process does."""
    environment = dict(os.environ, ECCONVERT_PARENT=str(os.getpid()))
    return subprocess.run(command, env=environment, text=True, capture_output=True)


def fetch(url: str, path: Path) -> bool:
    """Copies a file to this machine; tells whether it was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    filesystem, remote = fsspec.url_to_fs(url)
    if not filesystem.exists(remote):
        return False
    filesystem.get_file(remote, str(path))
    return True


def put(path: Path, url: str) -> None:
    """Copies a file to a URL; it appears whole or not at all where the file system can rename."""
    filesystem, remote = fsspec.url_to_fs(url)
    filesystem.makedirs(str(PurePosixPath(remote).parent), exist_ok=True)
    filesystem.put_file(str(path), remote + ".part")
    filesystem.mv(remote + ".part", remote)


def run_shared(program: str, job: dict, out_dir: str, threads: int) -> dict:
    """Runs a job whose files all nodes see."""
    with tempfile.TemporaryDirectory() as scratch:
        return run(program, job, job["input"], out_dir, threads, Path(scratch))


def run_remote(program: str, job: dict, out_dir: str, threads: int) -> dict:
    """Runs a job on copies, and copies back what it made."""
    with tempfile.TemporaryDirectory() as scratch:
        local = Path(scratch) / "out"
        kept = [job["output"], f"reports/{job['output']}.json"]
        for name in kept:
            fetch(f"{out_dir}/{name}", local / name)
        source = Path(scratch) / "in" / PurePosixPath(job["input"]).name
        url = job["input"] if is_url(job["input"]) else "file://" + os.path.abspath(job["input"])
        if not fetch(url, source):
            source = Path(job["input"])
        result = run(program, job, str(source), str(local), threads, Path(scratch))
        result["input"] = job["input"]
        names = {"done": kept, "failed": [f"reports/{job['output']}.failure.json"]}
        # The report last: it is what tells that the job is done.
        for name in names.get(result["status"], []):
            put(local / name, f"{out_dir}/{name}")
        return result


def run(program: str, job: dict, source: str, out_dir: str, threads: int, scratch: Path) -> dict:
    """Runs one job and gives its entry of the summary."""
    jobs = scratch / "job.json"
    entry = {"input": os.path.abspath(source), "output": job["output"],
             "options": job.get("options", {})}
    jobs.write_text(json.dumps({"jobs": [entry]}))
    command = [program, "batch", "--jobs-file", str(jobs), "--out-dir", out_dir, "--resume",
               # A part of one: it takes no lock of others, and writes no summary.
               "--shard", "1/1", "--jobs", "1", "--threads", str(threads)]
    ended = batch(command)
    if ended.returncode not in (0, 75):
        raise RuntimeError(ended.stderr.strip() or f"ecconvert batch ended with {ended.returncode}")
    listed = batch(command + ["--list"])
    result = json.loads(listed.stdout)["jobs"][0]
    if result["status"] == "unchanged" and ", unchanged" not in ended.stderr:
        result["status"] = "done"
    return result | {"input": job["input"]}


def jobs_of(program: str, jobs_file: str, out_dir: str) -> list[dict]:
    """The jobs of a file, with patterns and defaults worked in."""
    command = [program, "batch", "--jobs-file", jobs_file, "--out-dir", out_dir, "--list"]
    listed = batch(command)
    if listed.returncode != 0:
        sys.stderr.write(listed.stderr)
        raise SystemExit(listed.returncode)
    return json.loads(listed.stdout)["jobs"]


def summarize(program: str, jobs: list[dict], out_dir: str) -> int:
    """Writes the summary as `ecconvert batch` does."""
    with tempfile.TemporaryDirectory() as scratch:
        local = scratch if is_url(out_dir) else out_dir
        listing = Path(scratch) / "jobs.json"
        entries = [{"input": job["input"] if is_url(job["input"]) else os.path.abspath(job["input"]),
                    "output": job["output"], "options": job.get("options", {})} for job in jobs]
        listing.write_text(json.dumps({"jobs": entries}))
        command = [program, "batch", "--jobs-file", str(listing), "--out-dir", local, "--summarize"]
        if is_url(out_dir):
            command.append("--outputs-elsewhere")
            for job in jobs:
                for end in (".json", ".failure.json"):
                    name = f"reports/{job['output']}{end}"
                    fetch(f"{out_dir}/{name}", Path(local) / name)
        ended = batch(command)
        sys.stderr.write(ended.stderr)
        if is_url(out_dir):
            for name in ("summary.json", "summary.csv", "index.html"):
                put(Path(local) / name, f"{out_dir}/{name}")
        return ended.returncode


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jobs_file", help="JSON or YAML, as for ecconvert batch --jobs-file")
    parser.add_argument("--out-dir", required=True, help="a shared folder or a URL")
    parser.add_argument("--address", help="the cluster; by default a new one on this machine")
    parser.add_argument("--ecconvert", default="ecconvert", help="the program on every node")
    parser.add_argument("--cpus", type=int, default=1, help="cores of a task")
    parser.add_argument("--memory", type=float, default=1.0, help="gigabytes of a task")
    parser.add_argument("--retries", type=int, default=3, help="of a task that lost its node")
    options = parser.parse_args()

    remote = is_url(options.out_dir)
    out_dir = options.out_dir.rstrip("/") if remote else os.path.abspath(options.out_dir)
    jobs = jobs_of(options.ecconvert, options.jobs_file, "/nowhere" if remote else out_dir)
    remote = remote or any(is_url(job["input"]) for job in jobs)
    if remote and not is_url(out_dir):
        out_dir = "file://" + out_dir

    if not ray.is_initialized():
        ray.init(address=options.address, log_to_driver=False)
    task = ray.remote(run_remote if remote else run_shared).options(
        num_cpus=options.cpus, memory=int(options.memory * 2**30), max_retries=options.retries,
        scheduling_strategy="SPREAD")
    waiting = {task.remote(options.ecconvert, job, out_dir, options.cpus): job for job in jobs}
    count, failed = 0, 0
    while waiting:
        ready, _ = ray.wait(list(waiting))
        for reference in ready:
            job = waiting.pop(reference)
            count += 1
            try:
                word = ray.get(reference)["status"]
            except ray.exceptions.RayError as error:
                word = f"failed: {str(error).splitlines()[-1]}"
            failed += word.startswith("failed")
            print(f"[{count}/{len(jobs)}] {job['output']}: {word}", file=sys.stderr)
    code = summarize(options.ecconvert, jobs, out_dir)
    return code or (75 if failed else 0)


if __name__ == "__main__":
    sys.exit(main())
