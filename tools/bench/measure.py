"""Run whole processes and measure their CPU time and their peak memory (Linux)."""
import os
import resource
import signal
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass

INTERVAL = 0.005  # seconds between two looks at a process's memory


@dataclass
class Run:
    """One process from start to end: seconds and megabytes (1e6 bytes)."""
    cpu: float
    wall: float
    resident: float
    anonymous: float
    output: str
    failure: str = ""


def own_peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def sample(pid):
    """VmHWM and RssAnon of a process in kB; zeros once it has ended."""
    peak = anonymous = 0
    try:
        with open(f"/proc/{pid}/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    peak = int(line.split()[1])
                elif line.startswith("RssAnon:"):
                    anonymous = int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return peak, anonymous


def run(command, environment=None, address_space=None, seconds=None):
    """Run a command to its end, with a limit on its address space in bytes and on its wall time.

    CPU time is user + system, children that it waited for included.  Anonymous memory is the
    largest of samples of that one process every 5 ms.
    """
    def limit():
        if address_space:
            resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))

    with tempfile.TemporaryFile("w+", errors="replace") as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, **(environment or {})}, preexec_fn=limit)
        high = anonymous = 0
        timed_out = False
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            peak, now = sample(process.pid)
            high, anonymous = max(high, peak), max(anonymous, now)
            if seconds and not timed_out and time.perf_counter() - start > seconds:
                timed_out = True
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(INTERVAL)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        output = log.read()
    # The kernel carries the peak over from the fork of this process; below that only samples tell.
    resident = usage.ru_maxrss if usage.ru_maxrss > own_peak() * 1.1 else high
    failure = ""
    if timed_out:
        failure = f"stopped after {seconds} s"
    elif process.returncode != 0:
        lines = [line for line in output.splitlines() if line.strip()]
        failure = f"exit status {process.returncode}: {lines[-1][:160] if lines else 'no output'}"
    return Run(usage.ru_utime + usage.ru_stime, wall, resident * 1024 / 1e6,
               anonymous * 1024 / 1e6, output, failure)


def median(runs):
    """The medians of CPU and wall time; of memory the largest."""
    return Run(
        statistics.median(r.cpu for r in runs), statistics.median(r.wall for r in runs),
        max(r.resident for r in runs), max(r.anonymous for r in runs), runs[-1].output)
