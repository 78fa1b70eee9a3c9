"""Runs the program under limits and says what it broke of its promises."""

import json
import os
import resource
import select
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

# Exit codes that a broken file may end in: done, usage, broken, missing, target, verification.
PROMISED = {0, 64, 65, 66, 69, 76}
GIB = 1 << 30


@dataclass
class Outcome:
    """What a run did: its exit code (negative for a signal), and the promises that it broke."""

    code: int
    seconds: float
    processor: float
    peak: int
    errors: str
    faults: list = field(default_factory=list)


@dataclass
class Limits:
    """What a run may take: seconds of the clock, and bytes of memory."""

    seconds: float = 10
    memory: int = 2 * GIB

    def apply(self):
        """Binds this process and those it starts."""
        # Private memory is bounded, not addresses: a mapped file costs none.
        resource.setrlimit(resource.RLIMIT_DATA, (self.memory, self.memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (GIB, GIB))


def _wait(process, seconds):
    """The exit code and the resources of a process, killed when its time is over."""
    descriptor = os.pidfd_open(process.pid)
    try:
        ready, _, _ = select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)
    if not ready:
        os.kill(process.pid, signal.SIGKILL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used, not ready


def _messages(errors):
    """The lines of standard error by level; whatever is no JSON line goes under None."""
    found = {}
    for line in errors.splitlines():
        try:
            level = json.loads(line)["level"]
        except (ValueError, KeyError, TypeError):
            level = None
        found.setdefault(level, []).append(line)
    return found


def run(command, outputs, limits, untouched=()):
    """Runs a command and checks everything that is promised of it.

    `outputs` is the folder that it writes to; `untouched` are the names and bytes of files there
    that a failed run must leave as they are.
    """
    for name, data in untouched:
        Path(outputs, name).write_bytes(data)
    error_file = Path(outputs).with_suffix(".stderr")
    started = time.monotonic()
    with open(error_file, "wb") as stream:
        process = subprocess.Popen(
            [*command, "--log-format", "json"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=stream, close_fds=False)
        code, used, timed_out = _wait(process, limits.seconds)
    errors = error_file.read_text(errors="replace")
    outcome = Outcome(
        code, time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, errors)
    if timed_out:
        outcome.faults.append(f"not done within {limits.seconds} s")
    elif code < 0:
        outcome.faults.append(f"ended by signal {-code}")
    elif code not in PROMISED:
        outcome.faults.append(f"exit code {code}")
    if outcome.peak > limits.memory:
        outcome.faults.append(f"took {outcome.peak >> 20} MiB")
    if not outcome.faults:
        _check_words(outcome)
        _check_files(outcome, Path(outputs), dict(untouched))
    return outcome


def _check_words(outcome):
    messages = _messages(outcome.errors)
    wanted = 0 if outcome.code == 0 else 1
    found = len(messages.get("error", []))
    if found != wanted:
        outcome.faults.append(f"{found} error messages, not {wanted}")
    if None in messages:
        outcome.faults.append(f"stray words: {messages[None][0][:100]}")


def _check_files(outcome, outputs, untouched):
    left = {path.name: path for path in outputs.iterdir()}
    if outcome.code != 0:
        for name, path in left.items():
            if name not in untouched:
                outcome.faults.append(f"left '{name}' behind")
            elif path.read_bytes() != untouched[name]:
                outcome.faults.append(f"changed '{name}'")
    for name in set(untouched) - set(left):
        outcome.faults.append(f"removed '{name}'")
    for name in left:
        if name.startswith(".ecconvert"):
            outcome.faults.append(f"left '{name}' behind")
