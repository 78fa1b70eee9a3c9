"""Prunes pretrained CNN classifiers and converts them between Keras and ONNX.

    report = ecconvert.convert("in.h5", "out.onnx", prune=0.5)

The work is done by the program `ecconvert`, which comes with this package; nothing of a model is
loaded into Python.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from typing import Any, Mapping, Sequence, Union

from ._program import path as program_path

__all__ = ["ConversionError", "OptionValue", "Path", "convert", "inspect", "program_path"]

Path = Union[str, "os.PathLike[str]"]
OptionValue = Union[str, int, float, bool, None, Path, Sequence[Union[str, int, float]]]


class ConversionError(Exception):
    """What ended a conversion: the words of the program, and its exit code.

    Attributes:
        exit_code: 64 usage, 65 input, 66 no such input, 69 target not reachable, 70 fault of
            ecconvert, 73 output, 76 verification, 130 interrupted.
        message: what is wrong.
        place: where, as a trail from the file inwards.
        remedy: what to do about it, or None.
        details: further findings of the same kind.
    """

    def __init__(self, exit_code: int, message: str, place: str = "",
                 remedy: str | None = None, details: Sequence[str] = ()) -> None:
        self.exit_code = exit_code
        self.message = message
        self.place = place
        self.remedy = remedy
        self.details = list(details)
        lines = [f"{place}: {message}" if place else message, *self.details]
        super().__init__("\n  ".join(lines) + (f"\n  to fix: {remedy}" if remedy else ""))


def convert(source: Path, output: Path | None = None, **options: OptionValue) -> dict[str, Any]:
    """Converts, and prunes where an option says so; the output appears whole or not at all.

    Args:
        source: a Keras `.keras` or `.h5` file, or an `.onnx` file.
        output: `.onnx`, `.h5` or `.keras`; None does everything but write (`--dry-run`).
        **options: those of `ecconvert --help` with `_` for `-`: `prune=0.5`, `criterion="obs"`,
            `exclude=["head*"]`, `no_verify=True`, `force=True`. None and False leave one out.

    Returns:
        The report (`schemas/report.schema.json`): sizes before and after, what was removed, the
        verification, warnings.

    Raises:
        ConversionError: with the program's words and exit code.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        words = ["convert", os.fspath(source), f"--report={report}", *_words(options)]
        words.append("--dry-run" if output is None else f"--output={os.fspath(output)}")
        _run(words)
        with open(report, encoding="utf-8") as file:
            return json.load(file)


def inspect(source: Path, **options: OptionValue) -> dict[str, Any]:
    """Tells what is in a model and what of it can be pruned, as `ecconvert inspect --json` does.

    Raises:
        ConversionError: if it can't be read.
    """
    return json.loads(_run(["inspect", os.fspath(source), "--json", *_words(options)]))


def _words(options: Mapping[str, OptionValue]) -> list[str]:
    """Options as arguments."""
    words = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            words.append(option)
        elif isinstance(value, (list, tuple)):
            words += [f"{option}={item}" for item in value]
        else:
            words.append(f"{option}={os.fspath(value) if isinstance(value, os.PathLike) else value}")
    return words


def _run(words: Sequence[str]) -> str:
    """Runs the program; gives its standard output, or raises its error."""
    ended = subprocess.run([program_path(), *words, "--log-format=json"], capture_output=True,
                           text=True, check=False)
    if ended.returncode == 0:
        return ended.stdout
    for line in ended.stderr.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") == "error":
            raise ConversionError(ended.returncode, entry.get("message", ""),
                                  entry.get("place") or "", entry.get("remedy"),
                                  entry.get("details") or ())
    raise ConversionError(ended.returncode, ended.stderr.strip() or "the program ended early")
