#!/usr/bin/env python3
"""Write the tiny images that ECImageTests reads, and what Keras makes of them.

    make_image_fixtures.py OUTDIR       normally fixtures/images

Needs TensorFlow, and Pillow for the kinds of files that TensorFlow can't write. For NAME.jpg or
NAME.png there are float32 numbers, little-endian, row-major:
    NAME-EXT.decoded      tf.io.decode_image(channels=3), [h, w, 3]
    NAME-EXT.KIND         the same by tf.image.resize to [11, 13, 3] with KIND
    NAME-EXT.cropped      keras.preprocessing.image.smart_resize to [11, 13, 3]
Files named broken-* can't be decoded whole.
"""
import io
import os
import sys

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
HEIGHT, WIDTH = 29, 38
y, x = np.mgrid[:HEIGHT, :WIDTH]
PHOTO = np.stack([128 + 100 * np.sin(x / 5 + y / 9), 4 * x + 3 * y, 255 * ((x // 6 + y // 5) % 2)], -1)
PHOTO = PHOTO.clip(0, 255).astype(np.uint8)


def encoded(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def main():
    photo = Image.fromarray(PHOTO)
    deep = (PHOTO.astype(np.uint16) * 257 - np.uint16(3) * (PHOTO > 9)).astype(np.uint16)
    alpha = np.dstack([PHOTO, (255 - PHOTO[..., 1])[..., None]])
    files = {
        "colour.jpg": encoded(photo, "JPEG", quality=92),
        "progressive.jpg": encoded(photo, "JPEG", quality=80, progressive=True),
        "grey.jpg": encoded(photo.convert("L"), "JPEG"),
        "cmyk.jpg": encoded(photo.convert("CMYK"), "JPEG", quality=95),
        "colour.png": encoded(photo, "PNG"),
        "grey.png": encoded(photo.convert("L"), "PNG"),
        "bits.png": encoded(photo.convert("1"), "PNG"),
        "palette.png": encoded(photo.quantize(20), "PNG"),
        "clear.png": encoded(photo.quantize(9), "PNG", transparency=3),
        "alpha.png": encoded(Image.fromarray(alpha), "PNG"),
        "deep.png": tf.io.encode_png(deep).numpy(),
        "deep-alpha.png": tf.io.encode_png(np.dstack([deep, deep[..., :1]])).numpy(),
    }
    for name, data in files.items():
        open(os.path.join(out, name), "wb").write(data)
        decoded = tf.io.decode_image(data, channels=3, expand_animations=False)
        results = {"decoded": tf.cast(decoded, tf.float32)}
        for kind in ["bilinear", "nearest", "bicubic", "area"]:
            if kind == "bilinear" or name == "colour.png":
                results[kind] = tf.image.resize(decoded, (11, 13), method=kind)
        if name == "colour.png":
            results["cropped"] = keras.preprocessing.image.smart_resize(decoded, (11, 13))
        for kind, numbers in results.items():
            path = os.path.join(out, name.replace(".", "-") + "." + kind)
            np.asarray(numbers, "<f4").tofile(path)
    jpeg, png = files["colour.jpg"], files["colour.png"]
    broken = {
        "broken-short.jpg": jpeg[: len(jpeg) * 2 // 3],
        "broken-short.png": png[: len(png) * 2 // 3],
        "broken-header.jpg": jpeg[:3] + bytes(40),
        "broken-text.jpg": b"this is no image\n",
        "broken-empty.png": b"",
    }
    for name, data in broken.items():
        open(os.path.join(out, name), "wb").write(data)


main()
