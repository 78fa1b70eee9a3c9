#!/usr/bin/env python3
"""Load Keras models and predict: the worker of run_keras_oracle.py.

    keras_loader.py keras3|tf_keras < JOBS

Every line of JOBS is a JSON object {"id", "model", "case"}: a model file, and an .npz file with
in_0, in_1, ... and what is expected as out_0, out_1, ...  For each one a line is printed with {"id",
"difference", "error"}: the largest difference relative to the largest magnitude of an output, or
why the model can't be loaded.
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np  # noqa: E402


def stacked(case, prefix):
    keys = sorted((k for k in case.files if k.startswith(prefix) and k[len(prefix):].isdigit()),
                  key=lambda k: int(k[len(prefix):]))
    return [case[k] for k in keys]


def outputs(model, inputs):
    """The outputs for inputs, which models with inputs by key take in the order of the keys."""
    structure = getattr(model, "_inputs_struct", None)
    if isinstance(structure, dict):
        given = dict(zip(sorted(structure), inputs))
    else:
        given = inputs if len(inputs) > 1 else inputs[0]
    found = model(given, training=False)
    if isinstance(found, dict):
        found = [found[k] for k in sorted(found)]
    found = found if isinstance(found, (list, tuple)) else [found]
    return [np.asarray(f, dtype=np.float64) for f in found]


def difference(found, expected):
    if [f.shape for f in found] != [e.shape for e in expected]:
        raise ValueError(f"output shapes are {[f.shape for f in found]}, "
                         f"expected {[e.shape for e in expected]}")
    pairs = [(np.abs(f - e).max(), np.abs(e).max()) for f, e in zip(found, expected) if e.size]
    return max((float(d / max(m, 1e-30)) for d, m in pairs), default=0.0)


def main():
    if sys.argv[1] == "keras3":
        import keras
    else:
        import tf_keras as keras
    for line in sys.stdin:
        job = json.loads(line)
        result = {"id": job["id"], "difference": None, "error": None}
        try:
            model = keras.models.load_model(job["model"], compile=False)
            with np.load(job["case"]) as case:
                inputs, expected = stacked(case, "in_"), stacked(case, "out_")
            found = outputs(model, inputs)
            result["difference"] = difference(found, [e.astype(np.float64) for e in expected])
        except Exception as e:
            text = " ".join(str(e).split())
            result["error"] = f"{type(e).__name__}: {text[:160]} … {text[-160:]}"
        keras.backend.clear_session()
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
