#!/usr/bin/env python3
"""Reads files that broke a reader again, with the program itself.

Each must end in a documented exit code with one error message: `replay.py --ecconvert PROGRAM FILE…`,
or folders of them.
"""

import argparse
import collections
import sys
import tempfile
from pathlib import Path

from runner import Limits, run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ecconvert", required=True)
    parser.add_argument("--seconds", type=float, default=10, help="the limit for one file")
    parser.add_argument("paths", nargs="+", type=Path)
    arguments = parser.parse_args()
    files = []
    for path in arguments.paths:
        files += sorted(found for found in path.rglob("*") if found.is_file())
        if path.is_file():
            files.append(path)
    limits = Limits(arguments.seconds)
    limits.apply()
    codes, failed = collections.Counter(), 0
    with tempfile.TemporaryDirectory() as scratch:
        outputs = Path(scratch, "out")
        outputs.mkdir()
        for path in files:
            outcome = run([arguments.ecconvert, "inspect", str(path)], outputs, limits)
            codes[outcome.code] += 1
            if outcome.faults:
                failed += 1
                print(f"{path}: {'; '.join(outcome.faults)}\n    {outcome.errors.strip()[:300]}")
    counts = ", ".join(f"{codes[code]} with exit code {code}" for code in sorted(codes))
    print(f"{len(files)} files read again: {counts or 'none'}; {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
