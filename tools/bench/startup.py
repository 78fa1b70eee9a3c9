#!/usr/bin/env python3
"""Measures the processor time of `ecconvert --version`: the median of many starts.

    tools/bench/startup.py PROGRAM…      exit status 1 where one takes more than --limit

Shared libraries are what a start costs, so measure what people install (tools/package), not a
build folder's program.
"""

import argparse
import os
import statistics
import sys


def milliseconds(program):
    """The processor time of one start, of user and system, with its dynamic linking."""
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(program, [program, "--version"], os.environ, file_actions=silent)
    _, status, used = os.wait4(process, 0)
    if status != 0:
        sys.exit(f"error: startup.py: '{program} --version' failed")
    return 1000 * (used.ru_utime + used.ru_stime)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", nargs="+", metavar="PROGRAM")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--limit", type=float, default=10, help="milliseconds")
    arguments = parser.parse_args()
    slow = False
    for program in map(os.path.abspath, arguments.programs):
        milliseconds(program)  # the files come into memory
        times = [milliseconds(program) for _ in range(arguments.runs)]
        median = statistics.median(times)
        slow |= median > arguments.limit
        print(f"{median:6.2f} ms, {min(times):.2f} to {max(times):.2f}, of {len(times)}: {program}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
