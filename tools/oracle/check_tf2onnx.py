#!/usr/bin/env python3
"""Convert what tf2onnx makes of keras.applications, and see that nothing is lost and nothing is slower.

Keras keeps channels last, ONNX first, and tf2onnx leaves Transposes where the two meet. After a conversion
there may be one at the edge, outputs must agree, and the model must not be slower than before.

    check_tf2onnx.py --ecconvert PATH --peer-python PYTHON [--only NAME] [--cache FOLDER] [--keep]

PYTHON has tf2onnx and tf_keras; models are made once into the cache folder. Latencies are those of
ONNX Runtime with one thread. The file, the same file in a second session and the result run in turn: what
the second session seems to cost is the noise. The ratio is that of the shortest runs, or the median over
the rounds where that is less, so that other load on the machine cancels. Prints a table in Markdown; exits
with 1 if a model fails. Takes minutes, and so isn't part of the checks of every change.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime

TOLERANCE = 1e-4
ROUNDS = 60
# Less can't be told apart, even where the noise seems to be less.
LEAST_NOISE = 0.02
SIDE = 96
MODELS = ["MobileNet", "MobileNetV2", "MobileNetV3Small", "ResNet50", "EfficientNetB0", "DenseNet121",
          "NASNetMobile", "ConvNeXtTiny"]

EXPORT = """
import os, sys
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np, tensorflow as tf, tf_keras, tf2onnx
name, side, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
tf_keras.utils.set_random_seed(1)
model = getattr(tf_keras.applications, name)(weights=None, input_shape=(side, side, 3), classes=10,
                                               classifier_activation=None)
# Fresh weights let signals die: with the statistics of a batch they reach the outputs.
for layer in model.layers:
    if isinstance(layer, tf_keras.layers.BatchNormalization):
        layer.momentum = 0.0
        layer.beta.assign(np.random.normal(0, 0.3, layer.beta.shape))
model(np.random.uniform(0, 255, (8, side, side, 3)).astype("float32"), training=True)
signature = [tf.TensorSpec((None, side, side, 3), tf.float32, name="input")]
tf2onnx.convert.from_keras(model, input_signature=signature, opset=17, output_path=path)
"""


def transposes(path):
    return sum(node.op_type == "Transpose" for node in onnx.load(path).graph.node)


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def latencies(sessions, feed):
    """Ratios of every session's latency to that of the first, and the shortest run of that in seconds."""
    times = [[] for _ in sessions]
    for k in range(ROUNDS + 3):
        order = [(k + j) % len(sessions) for j in range(len(sessions))]
        for which in order if k % 2 else order[::-1]:
            start = time.perf_counter()
            sessions[which].run(None, feed)
            if k >= 3:
                times[which].append(time.perf_counter() - start)
    return [min(min(t) / min(times[0]), statistics.median(a / b for a, b in zip(t, times[0])))
            for t in times], min(times[0])


def difference(expected, found):
    """The largest difference, as a part of the largest number."""
    if expected.shape != found.shape:
        return float("inf")
    return float(np.abs(expected - found).max() / max(1e-6, np.abs(expected).max()))


def check(name, options, folder):
    source = os.path.join(options.cache, f"{name}-{SIDE}.onnx")
    if not os.path.exists(source):
        partial = source + ".partial"
        subprocess.run([options.peer_python, "-c", EXPORT, name, str(SIDE), partial], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.rename(partial, source)
    try:
        onnx.checker.check_model(source, full_check=True)
    except onnx.checker.ValidationError as error:
        # No runtime loads it, so there is nothing to be no worse than.
        return [transposes(source), "", "", "", f"left out, tf2onnx's own file is broken: "
                + str(error).splitlines()[0]]
    result = os.path.join(options.cache if options.keep else folder, f"{name}-{SIDE}-slim.onnx")
    run = subprocess.run([options.ecconvert, source, "-o", result, "--force"], capture_output=True, text=True)
    if run.returncode:
        return [transposes(source), "", "", "", run.stderr.strip().splitlines()[0]]
    onnx.checker.check_model(result, full_check=True)
    before, after = session(source), session(result)
    generator = np.random.default_rng(3)
    feed, other = ({before.get_inputs()[0].name:
                    generator.uniform(0, 255, (1, SIDE, SIDE, 3)).astype(np.float32)} for _ in range(2))
    worst = max(difference(a, b) for a, b in zip(before.run(None, feed), after.run(None, feed), strict=True))
    if difference(before.run(None, feed)[0], before.run(None, other)[0]) < 100 * TOLERANCE:
        sys.exit(f"{source}: outputs don't depend on the input, so that they show nothing")
    (_, control, ratio), seconds = latencies([before, session(source), after], feed)
    noise = max(LEAST_NOISE, abs(control - 1))
    left = transposes(result)
    faults = []
    if left > 1:
        faults.append(f"{left} Transposes are left")
    if not worst <= TOLERANCE:
        faults.append(f"outputs differ by {worst:.1e}")
    if ratio > 1 + noise:
        faults.append("slower")
    return [transposes(source), left, f"{worst:.1e}",
            f"{ratio:.3f} ± {noise:.3f} of {seconds * 1e3:.1f} ms",
            "; ".join(faults) or "ok"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ecconvert", required=True)
    parser.add_argument("--peer-python", required=True, help="a Python with tf2onnx and tf_keras")
    parser.add_argument("--only", nargs="+", choices=MODELS)
    parser.add_argument("--cache", default=os.path.expanduser("~/.cache/ecconvert/tf2onnx"))
    parser.add_argument("--keep", action="store_true", help="keep the results beside the models")
    options = parser.parse_args()
    os.makedirs(options.cache, exist_ok=True)
    print("| model | Transposes before | after | difference | latency | verdict |")
    print("|---|---|---|---|---|---|")
    fails = False
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only or MODELS:
            row = check(name, options, folder)
            fails |= row[-1] != "ok" and not row[-1].startswith("left out")
            print(f"| {name} | " + " | ".join(map(str, row)) + " |", flush=True)
    sys.exit(1 if fails else 0)


if __name__ == "__main__":
    main()
