#!/usr/bin/env python3
"""Compare the architectures that ecconvert draws with those of keras.applications.

For each name, `ecconvert architectures NAME` is compared layer for layer with the model that Keras 3
and tf-keras build: order, class, name, what each layer reads, and every setting that bears on the
result or on the weights.

    check_architectures.py --ecconvert PATH             a fast subset
    check_architectures.py --ecconvert PATH --all       every name and every variant
    check_architectures.py --ecconvert PATH --only VGG  those whose case contains VGG
"""
import argparse
import gc
import json
import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

FAST = {"VGG16", "ResNet50", "ResNet50V2", "MobileNet", "MobileNetV2", "MobileNetV3Small", "EfficientNetB0",
        "EfficientNetV2B0", "DenseNet121", "InceptionV3", "Xception", "ConvNeXtTiny", "RegNetY002", "ResNetRS50"}

# Settings that neither change the result of the model nor the shapes of its weights.
IGNORED = {"name", "trainable", "dtype", "batch_shape", "batch_input_shape", "sparse", "ragged", "optional",
           "seed", "noise_shape", "momentum", "renorm_momentum", "renorm_clipping", "synchronized",
           "quantization_config"}
IGNORED_ENDINGS = ("_initializer", "_regularizer", "_constraint")

DEFAULTS = {"groups": 1, "dilation_rate": [1, 1], "activation": "linear", "keepdims": False, "negative_slope": 0.0,
            "threshold": 0.0, "invert": False, "offset": 0.0, "center": True, "scale": None, "rms_scaling": False,
            "renorm": False, "data_format": "channels_last", "depth_multiplier": 1.0}
SAME = {"swish": "silu", "hard_swish": "hard_silu"}
OPERATIONS = {"math.multiply": "Multiply", "__operators__.add": "Add"}


def cases(names):
    """(name, options of ours, options of Keras), for every name and for the variants of some."""
    for name in names:
        plain = {}
        if name.startswith("MobileNetV3"):
            plain["input_shape"] = (224, 224, 3)
        yield name, "", plain
    variants = [
        ("MobileNet", "alpha=0.25,classes=7,size=128", dict(alpha=0.25, classes=7, input_shape=(128, 128, 3))),
        ("MobileNet", "top=no,size=96x160", dict(include_top=False, input_shape=(96, 160, 3))),
        ("MobileNetV2", "alpha=1.4,top=no,pooling=avg", dict(alpha=1.4, include_top=False, pooling="avg",
                                                             input_shape=(224, 224, 3))),
        ("MobileNetV2", "alpha=0.35,classes=10", dict(alpha=0.35, classes=10)),
        ("MobileNetV2", "top=no,size=any", dict(include_top=False, input_shape=(None, None, 3))),
        ("MobileNetV3Small", "minimalistic=yes,preprocessing=no,size=any",
         dict(minimalistic=True, include_preprocessing=False)),
        ("MobileNetV3Large", "alpha=0.75,top=no,pooling=max,size=96",
         dict(alpha=0.75, include_top=False, pooling="max", input_shape=(96, 96, 3))),
        ("MobileNetV3Large", "alpha=1.25,classes=3,size=101",
         dict(alpha=1.25, classes=3, input_shape=(101, 101, 3))),
        ("VGG16", "size=64,classes=5,activation=none", dict(input_shape=(64, 64, 3), classes=5,
                                                            classifier_activation=None)),
        ("VGG19", "top=no,pooling=max,size=any", dict(include_top=False, pooling="max")),
        ("ResNet50", "top=no,pooling=avg,size=any", dict(include_top=False, pooling="avg")),
        ("EfficientNetB0", "size=75,top=no,pooling=max", dict(input_shape=(75, 75, 3), include_top=False,
                                                             pooling="max")),
        ("EfficientNetV2B0", "preprocessing=no,classes=2", dict(include_preprocessing=False, classes=2)),
        ("EfficientNetV2S", "top=no,size=any", dict(include_top=False, input_shape=(None, None, 3))),
        ("NASNetMobile", "top=no,pooling=avg,size=97", dict(include_top=False, pooling="avg",
                                                           input_shape=(97, 97, 3))),
        ("InceptionV3", "top=no,pooling=avg,size=100", dict(include_top=False, pooling="avg",
                                                           input_shape=(100, 100, 3))),
        ("InceptionResNetV2", "top=no,size=any", dict(include_top=False)),
        ("Xception", "top=no,pooling=max,size=71", dict(include_top=False, pooling="max", input_shape=(71, 71, 3))),
        ("ConvNeXtTiny", "top=no,pooling=avg,preprocessing=no,size=any",
         dict(include_top=False, pooling="avg", include_preprocessing=False)),
        ("DenseNet121", "top=no,pooling=max,size=any", dict(include_top=False, pooling="max")),
        ("RegNetX002", "top=no,pooling=avg,preprocessing=no,size=any",
         dict(include_top=False, pooling="avg", include_preprocessing=False)),
        ("ResNetRS50", "top=no,preprocessing=no,size=any", dict(include_top=False, include_preprocessing=False)),
    ]
    for variant in variants:
        if variant[0] in names:
            yield variant


def readings(value):
    """The layers that an entry of inbound_nodes reads, and the numbers in it, in order."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return [value["config"]["keras_history"][0]], []
        parts = [readings(item) for key, item in value.items() if key != "name"]
    elif isinstance(value, list):
        if len(value) >= 3 and isinstance(value[0], str):
            layers, numbers = readings(value[3]) if len(value) > 3 else ([], [])
            return [value[0]] + layers, numbers
        parts = [readings(item) for item in value]
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        return [], [float(value)]
    else:
        return [], []
    return [layer for layers, _ in parts for layer in layers], [n for _, numbers in parts for n in numbers]


def settings(config):
    """The settings that matter, in one spelling."""
    result = {}
    for key, value in config.items():
        if key in IGNORED or key.endswith(IGNORED_ENDINGS) or value is None:
            continue
        if key == "axis":
            # All axes here are the last of an image or a vector.
            value = value[0] if isinstance(value, list) else value
            value = -1 if value in (-1, 1, 3) else value
        value = SAME.get(value, value) if isinstance(value, str) else value
        if isinstance(value, bool) is False and isinstance(value, (int, float)):
            value = float(value)
        if DEFAULTS.get(key, "none") != value:
            result[key] = value
    return result


def described(layer, is_nested=False):
    """(class, name, layers read, numbers, settings) of one entry of an architecture."""
    config = dict(layer["config"])
    kind = layer["class_name"].split(">")[-1]
    if "layers" in config:
        inner = [described(item, True) for item in config["layers"] if item["class_name"] != "InputLayer"]
        config = {"layers": inner}
    function = config.pop("function", None)
    module = layer.get("module", "")
    if function:
        kind = "operation " + OPERATIONS.get(function, function)
    elif ".ops." in module:
        kind = "operation " + kind
    layers, numbers = readings(layer.get("inbound_nodes", []))
    if not kind.startswith("operation"):
        numbers = []
    name = config.get("name") if is_nested else layer.get("name")
    return kind, name, layers, numbers, config if "layers" in config else settings(config)


def differences(ours, theirs):
    """Lines that say how two architectures differ."""
    a = [described(layer) for layer in ours["config"]["layers"]]
    b = [described(layer) for layer in theirs["config"]["layers"]]
    found = []
    if len(a) != len(b):
        found.append(f"{len(a)} layers, expected {len(b)}")
    for index, (one, other) in enumerate(zip(a, b)):
        if one != other:
            found.append(f"layer {index}: {one}\n      expected {other}")
    for key in ("name", "output_layers"):
        one, other = ours["config"][key], theirs["config"][key]
        other = other[0] if key == "output_layers" and isinstance(other[0], list) else other
        # Keras 2 calls both NASNets by one name.
        if one != other and other != "NASNet":
            found.append(f"{key} {one}, expected {other}")
    shapes = []
    for model in (ours, theirs):
        config = model["config"]["layers"][0]["config"]
        shapes.append(config.get("batch_shape") or config.get("batch_input_shape"))
    if shapes[0] != shapes[1]:
        found.append(f"input {shapes[0]}, expected {shapes[1]}")
    return found


def drawn(ecconvert, name, options):
    """Our architecture."""
    request = f"{name}:{options}" if options else name
    result = subprocess.run([ecconvert, "architectures", request], capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"error: ecconvert architectures {request}: {result.stderr.strip()}")
    return json.loads(result.stdout)


def check_generation(generation, keras, arguments):
    """Compare all cases of one generation; give the number of cases and of failures."""
    applications = keras.applications
    names = [n for n in dir(applications) if n[0].isupper() and callable(getattr(applications, n))]
    missing = set(names) - set(drawn_names(arguments.ecconvert))
    if missing:
        raise SystemExit(f"error: {generation} has architectures that ecconvert doesn't: {sorted(missing)}")
    count = failed = 0
    for name, ours, theirs in cases(names):
        label = f"{generation} {name} {ours}".strip()
        if not arguments.all and not arguments.only and (name not in FAST or ours):
            continue
        if arguments.only and arguments.only not in label:
            continue
        keras.backend.clear_session()
        model = getattr(applications, name)(weights=None, **theirs)
        options = ",".join(part for part in (ours, f"names={generation}") if part)
        found = differences(drawn(arguments.ecconvert, name, options), json.loads(model.to_json()))
        del model
        gc.collect()
        count += 1
        failed += bool(found)
        print(f"{'FAIL' if found else 'ok  '} {label}", flush=True)
        for line in found[:arguments.show]:
            print(f"    {line}")
    return count, failed


def drawn_names(ecconvert):
    """The names that `ecconvert architectures` lists."""
    text = subprocess.run([ecconvert, "architectures"], capture_output=True, text=True, check=True).stdout
    return text.split("\n\n")[0].replace("Architectures:", "").replace(",", " ").split()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ecconvert", required=True, metavar="PATH")
    parser.add_argument("--all", action="store_true", help="every name and variant")
    parser.add_argument("--only", metavar="TEXT", help="cases whose label contains TEXT")
    parser.add_argument("--show", type=int, default=4, metavar="N", help="differences printed for each case")
    parser.add_argument("--generation", choices=["keras2", "keras3"], help="one generation only")
    arguments = parser.parse_args()

    count = failed = 0
    if arguments.generation != "keras2":
        import keras
        count, failed = check_generation("keras3", keras, arguments)
    if arguments.generation != "keras3":
        import tf_keras
        more, wrong = check_generation("keras2", tf_keras, arguments)
        count, failed = count + more, failed + wrong
    print(f"{count} architectures compared, {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
