#!/usr/bin/env python3
"""Make Keras files that today's Keras doesn't write, with the outputs that they must give.

    make_keras_dialects.py OUTDIR

Keras 1 and the multi-backend Keras 2 can't be installed beside a current TensorFlow, so their files
are written with h5py, in the words of those versions; the numbers come from layers of Keras 3 that
mean the same. The rest are layers and model forms that the models of make_keras_models.py lack.
"""
import json
import os
import pathlib
import sys

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import h5py
import keras
import numpy as np

L = keras.layers
MODELS = {}


def model(function):
    MODELS[function.__name__] = function
    return function


def randomise(net, rng):
    """Draws every weight, variances positive."""
    for layer in net.layers:
        if layer.weights:
            layer.set_weights([
                rng.uniform(0.5, 1.5, w.shape) if "variance" in w.path or "gamma" in w.path
                else rng.normal(0, 0.3, w.shape) for w in layer.weights])
    return net


def write_old(path, config, groups, version, backend=None):
    """A legacy file; groups are (layer, [(name, array)])."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = version
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = np.array([name.encode() for name, _ in groups])
        if backend:
            file.attrs["backend"] = root.attrs["backend"] = backend
        for layer, weights in groups:
            group = root.create_group(layer)
            group.attrs["weight_names"] = np.array([name.encode() for name, _ in weights])
            for name, array in weights:
                group[name] = np.asarray(array, "float32")


def keras1_net(shape):
    """A small net whose layers all have a form in Keras 1."""
    i = L.Input(shape)
    x = L.ZeroPadding2D((1, 2))(i)
    x = L.Conv2D(6, (3, 2), strides=(1, 2), activation="relu", name="conv1")(x)
    x = L.BatchNormalization(epsilon=1e-5, name="bn")(x)
    y = L.Conv2D(6, 3, padding="same", use_bias=False, name="conv2")(x)
    s = L.Add()([x, y])
    c = L.Concatenate()([s, x])
    return keras.Model(i, L.MaxPooling2D(2)(c)), i


def keras1_config(order, shape):
    def conv(name, rows, columns, steps, mode, bias, activation):
        return {"nb_filter": 6, "nb_row": rows, "nb_col": columns, "subsample": steps,
                "border_mode": mode, "dim_ordering": order, "bias": bias, "name": name,
                "activation": activation, "init": "glorot_uniform", "trainable": True}
    channels = 1 if order == "th" else -1
    layers = [
        ("InputLayer", "input_1", {"batch_input_shape": [None, *shape]}, []),
        ("ZeroPadding2D", "pad", {"padding": [1, 2]}, ["input_1"]),
        ("Convolution2D", "conv1", conv("conv1", 3, 2, [1, 2], "valid", True, "relu"), ["pad"]),
        ("BatchNormalization", "bn", {"mode": 0, "axis": channels, "epsilon": 1e-5}, ["conv1"]),
        ("Convolution2D", "conv2", conv("conv2", 3, 3, [1, 1], "same", False, "linear"), ["bn"]),
        ("Merge", "sum", {"mode": "sum", "concat_axis": -1, "layers": []}, ["bn", "conv2"]),
        ("Merge", "join", {"mode": "concat", "concat_axis": channels}, ["sum", "bn"]),
        ("MaxPooling2D", "pool", {"pool_size": [2, 2], "strides": [2, 2], "border_mode": "valid",
                                  "dim_ordering": order}, ["join"]),
        ("Flatten", "flat", {}, ["pool"]),
        ("Dropout", "drop", {"p": 0.5}, ["flat"]),
        ("Dense", "fc", {"output_dim": 5, "bias": True, "activation": "hard_sigmoid"}, ["drop"]),
    ]
    return {"class_name": "Model", "config": {
        "name": "model_1", "input_layers": [["input_1", 0, 0]], "output_layers": [["fc", 0, 0]],
        "layers": [{"class_name": c, "name": n, "config": {"name": n, **config},
                    "inbound_nodes": [[[x, 0, 0] for x in inputs]] if inputs else []}
                   for c, n, config, inputs in layers]}}


def keras1(path, rng, order):
    net, _ = keras1_net((12, 10, 3))
    randomise(net, rng)
    x = rng.normal(0, 1, (3, 12, 10, 3)).astype("float32")
    pooled = net.predict(x, verbose=0)
    first = order == "th"
    # Keras 1 flattens the picture as it lies.
    flat = (pooled.transpose(0, 3, 1, 2) if first else pooled).reshape(3, -1)
    w, b = rng.normal(0, 0.1, (flat.shape[1], 5)), rng.normal(0, 0.3, 5)
    out = np.clip(0.2 * (flat @ w + b) + 0.5, 0, 1)
    turn = (lambda k: k.transpose(3, 2, 0, 1)) if first else (lambda k: k)
    k1, b1 = net.get_layer("conv1").get_weights()
    gamma, beta, mean, variance = net.get_layer("bn").get_weights()
    k2, = net.get_layer("conv2").get_weights()
    shape = [3, 12, 10] if first else [12, 10, 3]
    write_old(path, keras1_config(order, shape), [
        ("input_1", []), ("pad", []), ("conv1", [("conv1_W:0", turn(k1)), ("conv1_b:0", b1)]),
        ("bn", [("bn_gamma:0", gamma), ("bn_beta:0", beta), ("bn_running_mean:0", mean),
                ("bn_running_std:0", variance)]),
        ("conv2", [("conv2_W:0", turn(k2))]), ("sum", []), ("join", []), ("pool", []),
        ("flat", []), ("drop", []), ("fc", [("fc_W:0", w), ("fc_b:0", b)])], "1.2.2")
    return [x.transpose(0, 3, 1, 2) if first else x], [out.astype("float32")]


@model
def keras1_tf(path, rng):
    """Keras 1 with channels last: Convolution2D, Merge, running_std, hard_sigmoid."""
    return keras1(path, rng, "tf")


@model
def keras1_th(path, rng):
    """The same with channels first: kernels (out, in, h, w), padding that doesn't say its order."""
    return keras1(path, rng, "th")


@model
def theano_backend(path, rng):
    """Multi-backend Keras 2 on Theano, which turns kernels of plain convolutions round."""
    net = randomise(keras.Sequential([
        L.Input((9, 8, 3)), L.Conv2D(4, 3, name="conv"), L.DepthwiseConv2D(2, name="dw"),
        L.GlobalAveragePooling2D(name="pool"), L.Dense(3, name="fc")]), rng)
    x = rng.normal(0, 1, (2, 9, 8, 3)).astype("float32")
    common = {"data_format": "channels_last", "padding": "valid", "strides": [1, 1]}
    config = {"class_name": "Sequential", "config": [
        {"class_name": "Conv2D", "config": {"name": "conv", "filters": 4, "kernel_size": [3, 3],
                                            "batch_input_shape": [None, 9, 8, 3], **common}},
        {"class_name": "DepthwiseConv2D", "config": {"name": "dw", "kernel_size": [2, 2],
                                                     "depth_multiplier": 1, **common}},
        {"class_name": "GlobalAveragePooling2D", "config": {"name": "pool"}},
        {"class_name": "Dense", "config": {"name": "fc", "units": 3}}]}
    groups = []
    for layer in net.layers:
        weights = layer.get_weights()
        if layer.name == "conv":
            weights[0] = weights[0][::-1, ::-1]
        names = ["depthwise_kernel" if layer.name == "dw" else "kernel", "bias"]
        groups.append((layer.name, [(f"{layer.name}/{n}:0", w) for n, w in zip(names, weights)]))
    write_old(path, config, groups, "2.1.6", "theano")
    return [x], [net.predict(x, verbose=0)]


@model
def scaled_lambda(path, rng):
    """The residual Lambda of old InceptionResNetV2 files: x + scale * y."""
    i = L.Input((8, 8, 3))
    x = L.Conv2D(4, 3, padding="same", name="stem")(i)
    y = L.Conv2D(4, 1, name="branch")(x)
    net = randomise(keras.Model(i, [x, y]), rng)
    a, b = net.predict(data := rng.normal(0, 1, (2, 8, 8, 3)).astype("float32"), verbose=0)

    def conv(name, size):
        return {"name": name, "filters": 4, "kernel_size": [size, size], "padding": "same"}
    code = ["4wIAAAA=", None, None]
    layers = [("InputLayer", "i", {"batch_input_shape": [None, 8, 8, 3]}, []),
              ("Conv2D", "stem", conv("stem", 3), ["i"]),
              ("Conv2D", "branch", conv("branch", 1), ["stem"]),
              ("Lambda", "block35_1", {"function": code, "function_type": "lambda",
                                       "arguments": {"scale": 0.17}}, ["stem", "branch"])]
    config = {"class_name": "Model", "config": {
        "name": "m", "input_layers": [["i", 0, 0]], "output_layers": [["block35_1", 0, 0]],
        "layers": [{"class_name": c, "name": n, "config": {"name": n, **config},
                    "inbound_nodes": [[[x, 0, 0, {}] for x in inputs]] if inputs else []}
                   for c, n, config, inputs in layers]}}
    write_old(path, config, [
        (n, [(f"{n}/kernel:0", net.get_layer(n).get_weights()[0]),
             (f"{n}/bias:0", net.get_layer(n).get_weights()[1])]) for n in ("stem", "branch")],
        "2.2.4", "tensorflow")
    return [data], [a + np.float32(0.17) * b]


def save_new(path, net, inputs):
    """Saves with Keras 3, as an archive and as HDF5."""
    net.save(path.with_suffix(".keras"))
    net.save(path)
    outputs = net.predict(inputs if isinstance(inputs, dict) else list(inputs), verbose=0)
    flat = keras.tree.flatten(outputs)
    return [np.asarray(x) for x in keras.tree.flatten(inputs)], flat


@model
def dict_io(path, rng):
    """Inputs and outputs in dictionaries, whose keys are not in the order of the layers."""
    ins = {"z_image": L.Input((8, 8, 3), name="z_image"), "a_meta": L.Input((4,), name="a_meta")}
    x = L.GlobalAveragePooling2D()(L.Conv2D(6, 3)(ins["z_image"]))
    x = L.Concatenate()([x, ins["a_meta"]])
    net = keras.Model(ins, {"score": L.Dense(1, name="score")(x),
                            "classes": L.Dense(3, activation="softmax", name="classes")(x)})
    return save_new(path, randomise(net, rng), {
        "z_image": rng.normal(0, 1, (2, 8, 8, 3)).astype("float32"),
        "a_meta": rng.normal(0, 1, (2, 4)).astype("float32")})


@model
def volumes(path, rng):
    """Layers for signals and volumes, and a layer applied to each step."""
    i, j = L.Input((6, 5, 4, 2), name="volume"), L.Input((12, 3), name="signal")
    v = L.ZeroPadding3D(((1, 0), (0, 1), (1, 1)))(i)
    v = L.Conv3D(4, 3, activation="relu")(v)
    v = L.UpSampling3D((2, 1, 2))(v)
    v = L.Cropping3D(((1, 0), (0, 1), (1, 0)))(v)
    v = L.AveragePooling3D(2)(v)
    s = L.Conv1DTranspose(4, 3, strides=2, padding="same")(j)
    s = L.UpSampling1D(3)(s)
    s = L.DepthwiseConv1D(3, depth_multiplier=2)(s)
    t = L.Reshape((3, 4, 3, 1))(j)
    t = L.TimeDistributed(L.Conv2D(2, 2, activation="relu"), name="steps")(t)
    t = L.TimeDistributed(L.Flatten(), name="rows")(t)
    t = L.TimeDistributed(L.Dense(4), name="dense_steps")(t)
    x = L.Concatenate()([L.GlobalMaxPooling3D()(v), L.GlobalMaxPooling1D()(s), L.Flatten()(t)])
    return save_new(path, randomise(keras.Model([i, j], L.Dense(3)(x)), rng), [
        rng.normal(0, 1, (2, 6, 5, 4, 2)).astype("float32"),
        rng.normal(0, 1, (2, 12, 3)).astype("float32")])


def frames_net():
    """A small residual net for one picture, and what is made of its result."""
    i = L.Input((12, 12, 3), name="picture")
    x = L.ReLU(name="relu")(L.Conv2D(8, 3, padding="same", name="stem")(i))
    y = L.Conv2D(8, 3, padding="same", name="branch")(x)
    x = L.Conv2D(12, 3, name="last")(L.Add(name="sum")([x, y]))
    frames = keras.Model(i, L.GlobalAveragePooling2D(name="pool")(x), name="frames")
    return frames, keras.Sequential([L.Input((12,)), L.Dense(6, activation="relu", name="fc1")],
                                    name="head")


@model
def stepped_model(path, rng):
    """Models applied to each step of a film, a functional one and a Sequential."""
    film = L.Input((4, 12, 12, 3), name="film")
    frames, head = frames_net()
    x = L.TimeDistributed(head, name="heads")(L.TimeDistributed(frames, name="each")(film))
    net = randomise(keras.Model(film, L.Dense(3, name="top")(L.Flatten(name="flat")(x))), rng)
    return save_new(path, net, [rng.normal(0, 1, (2, 4, 12, 12, 3)).astype("float32")])


@model
def stepped_model_tf2(path, rng):
    """The same as tf.keras writes it: models in a list of layers, calls counted from one inside."""
    frames, head = frames_net()
    randomise(frames, rng), randomise(head, rng)
    film = rng.normal(0, 1, (2, 4, 12, 12, 3)).astype("float32")
    steps = frames.predict(film.reshape(8, 12, 12, 3), verbose=0)
    out = head.predict(steps, verbose=0).reshape(2, 4, 6)

    def conv(name, filters, padding):
        return {"name": name, "filters": filters, "kernel_size": [3, 3], "padding": padding}
    inner = [("InputLayer", "picture", {"batch_input_shape": [None, 12, 12, 3]}, []),
             ("Conv2D", "stem", conv("stem", 8, "same"), ["picture"]),
             ("ReLU", "relu", {}, ["stem"]),
             ("Conv2D", "branch", conv("branch", 8, "same"), ["relu"]),
             ("Add", "sum", {}, ["relu", "branch"]),
             ("Conv2D", "last", conv("last", 12, "valid"), ["sum"]),
             ("GlobalAveragePooling2D", "pool", {}, ["last"])]
    config = {"class_name": "Sequential", "config": {"name": "films", "layers": [
        {"class_name": "TimeDistributed", "config": {
            "name": "each", "batch_input_shape": [None, 4, 12, 12, 3], "layer": {
                "class_name": "Functional", "config": {
                    "name": "frames", "input_layers": [["picture", 0, 0]],
                    "output_layers": [["pool", 0, 0]], "layers": [
                        {"class_name": c, "name": n, "config": {"name": n, **config},
                         "inbound_nodes": [[[x, 0, 0, {}] for x in inputs]] if inputs else []}
                        for c, n, config, inputs in inner]}}}},
        {"class_name": "TimeDistributed", "config": {"name": "heads", "layer": {
            "class_name": "Sequential", "config": {"name": "head", "layers": [
                {"class_name": "Dense", "config": {"name": "fc1", "units": 6,
                                                   "activation": "relu"}}]}}}}]}}
    kernels = [(f"{n}/{part}:0", w) for n in ("stem", "branch", "last")
               for part, w in zip(("kernel", "bias"), frames.get_layer(n).get_weights())]
    write_old(path, config, [
        ("each", kernels),
        ("heads", [(f"fc1/{part}:0", w) for part, w in
                   zip(("kernel", "bias"), head.get_layer("fc1").get_weights())])],
        "2.4.0", "tensorflow")
    return [film], [out]


@model
def odd_activations(path, rng):
    """Layers as activations, glu, sparse_sigmoid, Normalization along other axes."""
    i = L.Input((6, 5, 4))
    x = L.Conv2D(4, 3, padding="same", activation=L.LeakyReLU(0.05))(i)
    y = L.Conv2D(8, 1, activation="glu")(x)
    z = L.Dense(4, activation="sparse_sigmoid")(x)
    u = L.Activation(L.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.2))(x)
    m = L.Normalization(axis=1, mean=rng.normal(0, 1, 6), variance=rng.uniform(0.5, 2, 6))(i)
    n = L.Normalization(axis=(2, 3), mean=rng.normal(0, 1, (5, 4)),
                        variance=rng.uniform(0.5, 2, (5, 4)))(i)
    net = keras.Model(i, L.Concatenate()([y, z, u, m, n, L.Rescaling([1, 2, 3, 4])(i)]))
    return save_new(path, randomise(net, rng), [rng.normal(0, 1, (2, 6, 5, 4)).astype("float32")])


@model
def more_operations(path, rng):
    """Functions that Keras 3 records as operations."""
    ops = keras.ops
    i = L.Input((6, 5, 4))
    x = L.Conv2D(4, 3, padding="same")(i)
    x = ops.clip(x, -0.5, 1.5) + ops.leaky_relu(x, 0.3) + ops.square(x)
    x = x * ops.rsqrt(ops.softplus(x) + 1.0)
    y = ops.squeeze(ops.expand_dims(ops.mean(x, axis=(1, 2)), 1), 1)
    z = ops.cast(ops.max(x, axis=-1, keepdims=True), "float32")
    net = keras.Model(i, [L.Dense(3)(y), x - z])
    return save_new(path, randomise(net, rng), [rng.normal(0, 1, (2, 6, 5, 4)).astype("float32")])


@model
def tensorflow_ops(path, rng):
    """Nodes of a TensorFlow graph as layers, the way tf.keras 2.0 to 2.3 records bare functions."""
    i = L.Input((8, 8, 3))
    net = randomise(keras.Model(i, L.Conv2D(6, 3, name="stem")(i)), rng)
    dense = rng.normal(0, 1, (6, 4)).astype("float32")
    data = rng.normal(0, 1, (2, 8, 8, 3)).astype("float32")
    shift = rng.normal(0, 1, 6).astype("float32")
    x = np.maximum(net.predict(data, verbose=0) - shift, 0)
    x = np.minimum(2 - x, 1.5) / (x + 1)
    truth = x.mean(axis=(1, 2)) @ dense

    def node(op, inputs, constants={}, **attributes):
        name = f"tf_op_layer_{op}_{len(layers)}"
        layers.append(("TensorFlowOpLayer", name, {"constants": constants, "node_def": {
            "name": name[12:], "op": op, "input": [*inputs, *(f"{op}/{k}" for k in constants)],
            "attr": {"T": {"type": "DT_FLOAT"}, **attributes}}}, inputs))
        return name

    layers = [("InputLayer", "i", {"batch_input_shape": [None, 8, 8, 3]}, []),
              ("Conv2D", "stem", {"filters": 6, "kernel_size": [3, 3]}, ["i"])]
    x = node("Relu", [node("Sub", ["stem"], {"1": shift.tolist()})])
    y = node("Minimum", [node("Sub", [x], {"0": 2.0})], {"1": 1.5})
    x = node("RealDiv", [y, node("AddV2", [x], {"1": 1.0})])
    x = node("Mean", [x], {"1": [1, 2]}, keep_dims={"b": False})
    layers.append(("Dense", "top", {"units": 4, "use_bias": False}, [x]))
    config = {"class_name": "Model", "config": {
        "name": "m", "input_layers": [["i", 0, 0]], "output_layers": [["top", 0, 0]],
        "layers": [{"class_name": c, "name": n, "config": {"name": n, **config},
                    "inbound_nodes": [[[x, 0, 0, {}] for x in inputs]] if inputs else []}
                   for c, n, config, inputs in layers]}}
    kernel, bias = net.get_layer("stem").get_weights()
    write_old(path, config, [("stem", [("stem/kernel:0", kernel), ("stem/bias:0", bias)]),
                             ("top", [("top/kernel:0", dense)])], "2.3.0-tf", "tensorflow")
    return [data], [truth]


@model
def mixed_bfloat16(path, rng):
    """The policy mixed_bfloat16: weights are float32, and float32 is what the result computes in."""
    def build():
        i = L.Input((8, 8, 3))
        x = L.BatchNormalization()(L.Conv2D(6, 3)(i))
        x = L.GlobalAveragePooling2D()(L.ReLU()(x))
        return keras.Model(i, L.Dense(4, dtype="float32")(x))
    exact = randomise(build(), rng)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        net = build()
    finally:
        keras.config.set_dtype_policy("float32")
    net.set_weights(exact.get_weights())
    data = rng.normal(0, 1, (2, 8, 8, 3)).astype("float32")
    net.save(path)
    return [data], [exact.predict(data, verbose=0)]


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    records = []
    for k, (name, function) in enumerate(MODELS.items()):
        keras.utils.clear_session()
        path = out / f"{name}.h5"
        inputs, outputs = function(path, np.random.RandomState(100 + k))
        arrays = {f"in_{k}": x for k, x in enumerate(inputs)}
        arrays.update({f"out_{k}": x for k, x in enumerate(outputs)})
        np.savez(out / f"{name}.npz", **arrays)
        records.append({"name": name, "tolerance": "float"})
        print(f"{name:20} {os.path.getsize(path):8} bytes")
    (out / "MANIFEST.json").write_text(json.dumps(records, indent=1))


if __name__ == "__main__":
    main()
