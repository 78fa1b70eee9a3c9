"""Folders of labelled images, and the split of them that one run trains and is tested on."""
import pathlib
import random
from collections import Counter
from dataclasses import dataclass

ENDINGS = {".jpg", ".jpeg", ".png"}
SPLIT_FOLDERS = {"train", "val", "validation", "test"}
# Caltech-101 has a folder of images that belong to none of its classes.
NO_CLASSES = {"BACKGROUND_Google"}


@dataclass(frozen=True)
class Example:
    path: pathlib.Path
    label: str


def read_class_folders(folder):
    """All images below FOLDER/CLASS, in order of their paths."""
    examples = [
        Example(path, label.name)
        for label in sorted(folder.iterdir()) if label.is_dir() and label.name not in NO_CLASSES
        for path in sorted(label.iterdir()) if path.suffix.lower() in ENDINGS]
    if len({example.label for example in examples}) < 2:
        raise SystemExit(f"{folder}: fewer than two folders with images; "
                         "to fix: give a folder of class folders")
    return examples


def has_own_split(folder):
    """Whether the layout itself says what is trained on, as Flowers-102 and train/test folders do."""
    if not folder.is_dir() or (folder / "setid.mat").exists():
        return True
    return any(entry.name in SPLIT_FOLDERS for entry in folder.iterdir() if entry.is_dir())


def draw(examples, part, seed):
    """Train on a part of every class and test on all others; the seed picks them.

    A part of 1 or more is a number of images, one below 1 a share of the class.
    """
    shuffled = sorted(examples, key=lambda example: example.path)
    random.Random(seed).shuffle(shuffled)
    sizes = Counter(example.label for example in examples)
    train, test, taken = [], [], Counter()
    for example in shuffled:
        wanted = part if part >= 1 else max(1, round(part * sizes[example.label]))
        (train if taken[example.label] < wanted else test).append(example)
        taken[example.label] += 1
    return train, test


def write_links(folder, train, test):
    """FOLDER/train/CLASS and FOLDER/test/CLASS with links to the images."""
    for split, examples in (("train", train), ("test", test)):
        for k, example in enumerate(examples):
            link = folder / split / example.label / f"{k:05}{example.path.suffix}"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(example.path.resolve())
