"""Where the program is, and how it is started as a command."""

from __future__ import annotations

import os
import sys


def path() -> str:
    """The path of the program that comes with this package; `ECCONVERT` names another one."""
    return os.environ.get("ECCONVERT") or os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "bin", "ecconvert")


def main() -> None:
    """The command `ecconvert`: this process becomes the program."""
    program = path()
    os.execv(program, [program, *sys.argv[1:]])
