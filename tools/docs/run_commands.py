#!/usr/bin/env python3
"""Runs every command that the documentation shows, on small models under the names used there.

    python run_commands.py --ecconvert .build/release/ecconvert [--only FirstModel]

Commands are the lines of fenced blocks marked `sh`, each page in a folder of its own; other blocks are
for reading. A command must end with 0.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "Sources" / "ECConvert" / "ECConvert.docc").glob("*.md")) + [ROOT / "README.md"]
MODEL = ROOT / "fixtures" / "keras" / "tiny_resnet_k3.h5"


def prepare(folder: Path) -> None:
    """The files that commands name."""
    for name in ("resnet50.h5", "vgg16.h5", "model.h5"):
        shutil.copy(MODEL, folder / name)
    models = folder / "models"
    models.mkdir()
    for name in ("a.h5", "b.h5"):
        shutil.copy(MODEL, models / name)
    shutil.copy(ROOT / "fixtures" / "cli" / "cnn.keras", models / "big.keras")
    pictures = folder / "photos"
    pictures.mkdir()
    for name in ("colour.jpg", "colour.png"):
        shutil.copy(ROOT / "fixtures" / "images" / name, pictures / name)


def commands(page: Path) -> list[str]:
    """The commands of a page; a line that ends in a backslash goes on."""
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip() and not line.startswith("#"):
                found.append(line.strip())
    return found


def files(page: Path, folder: Path) -> None:
    """Files that a page shows: the YAML of a jobs file."""
    for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.M | re.S):
        if block.lstrip().startswith(("defaults:", "jobs:")):
            (folder / "jobs.yaml").write_text(block)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ecconvert", required=True)
    parser.add_argument("--only", help="a page's name")
    options = parser.parse_args()
    environment = dict(os.environ)
    count, failed = 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        programs = Path(scratch) / "bin"
        programs.mkdir()
        (programs / "ecconvert").symlink_to(Path(options.ecconvert).resolve())
        environment["PATH"] = f"{programs}:{environment['PATH']}"
        for page in PAGES:
            found = commands(page)
            if not found or options.only not in (None, page.stem):
                continue
            folder = Path(scratch) / page.stem
            folder.mkdir()
            prepare(folder)
            files(page, folder)
            for command in found:
                ended = subprocess.run(command, shell=True, cwd=folder, env=environment,
                                       capture_output=True, text=True)
                count += 1
                if ended.returncode != 0:
                    failed += 1
                    print(f"{page.name}: {command}\n  exit {ended.returncode}: {ended.stderr.strip()}")
    print(f"{count} commands of the documentation, {failed} failed")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
