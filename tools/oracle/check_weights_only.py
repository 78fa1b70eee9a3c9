#!/usr/bin/env python3
"""Convert files of nothing but weights with --arch NAME and compare with what Keras predicts.

Models of keras.applications get random weights and statistics, are saved with save_weights (in the layout
of Keras 3, and by tf-keras also in the legacy one), converted, and run in ONNX Runtime.

    check_weights_only.py --ecconvert PATH --generation keras3|keras2 [--only NAME]
"""
import argparse
import os
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402

TOLERANCE = 1e-4

# Name, options that weights can't tell, side of the images, options of Keras.
CASES = [
    ("VGG16", "", 64, dict(classes=5)),
    ("ResNet50", "", 64, dict(classes=7)),
    ("ResNet50V2", "pooling=avg", 64, dict(include_top=False, pooling="avg")),
    ("ResNetRS50", "", 64, dict(classes=6)),
    ("MobileNet", "", 64, dict(alpha=0.25, classes=9)),
    ("MobileNetV2", "", 96, dict(alpha=0.5, classes=10)),
    ("MobileNetV2", "", 96, dict(alpha=0.35, include_top=False)),
    ("MobileNetV3Small", "", 64, dict(alpha=0.75, classes=4)),
    ("MobileNetV3Large", "activation=none", 64, dict(minimalistic=True, classifier_activation=None)),
    ("EfficientNetB0", "", 64, dict(classes=3)),
    ("EfficientNetV2B0", "preprocessing=no", 64, dict(classes=6, include_preprocessing=False)),
    ("DenseNet121", "", 64, dict(classes=6)),
    ("InceptionV3", "", 80, dict(classes=6)),
    ("InceptionResNetV2", "", 80, dict(classes=6)),
    ("Xception", "", 72, dict(classes=6)),
    ("NASNetMobile", "", 64, dict(classes=6)),
    ("ConvNeXtTiny", "", 64, dict(classes=6)),
    ("RegNetX002", "", 64, dict(classes=6)),
    ("RegNetY002", "", 64, dict(classes=6)),
]

# Families that take pixels between 0 and 255 by themselves.
SCALED_INSIDE = ("EfficientNet", "MobileNetV3", "ConvNeXt", "RegNet", "ResNetRS")


def randomised(model, generator):
    """Give every bias and statistic a value of its own, so that no mix-up stays unseen."""
    weights = []
    for variable, value in zip(model.weights, model.get_weights()):
        name = getattr(variable, "path", variable.name)
        if value.dtype == np.float32 and "variance" in name:
            value = generator.uniform(0.5, 1.5, value.shape).astype(np.float32)
        elif value.dtype == np.float32 and value.ndim == 1:
            value = value + generator.normal(0, 0.1, value.shape).astype(np.float32)
        weights.append(value)
    model.set_weights(weights)


def check(ecconvert, model, name, options, images, folder, keras2):
    """Save, convert and run; give a line for each file."""
    expected = model.predict(images, verbose=0)
    for suffix in [".weights.h5"] + ([".h5"] if keras2 else []):
        source, target = os.path.join(folder, name + suffix), os.path.join(folder, name + ".onnx")
        model.save_weights(source, **({"save_format": "h5"} if suffix == ".h5" else {}))
        result = subprocess.run(
            [ecconvert, source, "--arch", f"{name}:{options}", "-o", target, "--force"], capture_output=True, text=True)
        os.remove(source)
        if result.returncode:
            yield False, suffix, result.stderr.strip()[:2000]
            continue
        session = onnxruntime.InferenceSession(target)
        found = session.run(None, {session.get_inputs()[0].name: images})[0]
        os.remove(target)
        if found.shape != expected.shape:
            yield False, suffix, f"shape {found.shape}, expected {expected.shape}"
            continue
        difference = np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-12)
        yield bool(difference < TOLERANCE), suffix, f"{difference:.2e}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ecconvert", required=True, metavar="PATH")
    parser.add_argument("--generation", choices=["keras2", "keras3"], default="keras3")
    parser.add_argument("--only", metavar="NAME", help="this architecture only")
    arguments = parser.parse_args()
    if arguments.generation == "keras3":
        import keras
    else:
        import tf_keras as keras

    generator = np.random.default_rng(0)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, options, side, settings in CASES:
            if not hasattr(keras.applications, name) or arguments.only not in (None, name):
                continue
            # The session is not cleared, so that layers without names are counted on.
            model = getattr(keras.applications, name)(weights=None, input_shape=(side, side, 3), **settings)
            randomised(model, generator)
            high = 255 if name.startswith(SCALED_INSIDE) and "preprocessing=no" not in options else 1
            images = generator.uniform(0, high, (2, side, side, 3)).astype(np.float32)
            asked = ",".join(part for part in (f"size={side}", options) if part)
            for passed, suffix, words in check(
                    arguments.ecconvert, model, name, asked, images, folder, arguments.generation == "keras2"):
                failed += not passed
                print(f"{'ok  ' if passed else 'FAIL'} {arguments.generation} {name}{suffix} {asked} {words}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
