"""Folders with many small models."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def make_models(folder: Path, count: int) -> None:
    """Copies the fixtures under many names; one of them can't be read."""
    sources = sorted((ROOT / "fixtures" / "keras").glob("*.h5"))
    folder.mkdir()
    for k in range(count - 1):
        shutil.copy(sources[k % len(sources)], folder / f"m{k:03}.h5")
    shutil.copy(ROOT / "fixtures" / "cli" / "lambda.h5", folder / "refused.h5")
