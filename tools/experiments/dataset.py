"""Folders of labelled images, and the split of them that one run trains and is tested on."""
import csv
import pathlib
import random
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


def draw(examples, labels_per_class, seed):
    """Train on some images of every class and test on all others; the seed picks them."""
    shuffled = sorted(examples, key=lambda example: example.path)
    random.Random(seed).shuffle(shuffled)
    train, test, taken = [], [], {}
    for example in shuffled:
        count = taken.get(example.label, 0)
        taken[example.label] = count + 1
        (train if count < labels_per_class else test).append(example)
    return train, test


def write_table(path, train, test):
    """The split as `path,label,split`, which --finetune reads."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "split"])
        for split, examples in (("train", train), ("test", test)):
            writer.writerows((example.path.resolve(), example.label, split) for example in examples)


def write_links(folder, examples):
    """A folder of links to images, without labels, for --calibration."""
    folder.mkdir(parents=True)
    for k, example in enumerate(examples):
        (folder / f"{k:05}{example.path.suffix}").symlink_to(example.path.resolve())
