"""What run_oracle.py and run_onnx_oracle.py expect of their models.

Every model that isn't named here must convert exactly, be read back from ONNX, and lose channels
when pruned.
"""

# Models that must be refused with exit 65, by name or by (set, name), each with the words that the
# error must hold: the class that can't be carried, and a layer of it.
REFUSED = {
    "lambda_layer": ["Lambda", "scale"],            # Python code inside the model
    "custom_layer": ["ScaleShift", "custom", "ss"],  # a class of the user
    "weights_only": ["weights"],                    # no architecture in the file
}

# Files of weights without an architecture, with the archive in whose config.json it stands.
WITH_ARCHITECTURE = {
    "weights_only": "tiny_resnet.keras",
}

# Models in which every channel is seen from outside, or is an input's.
NOTHING_TO_PRUNE = {
    "act_zoo",     # activations of the input only
    "conv_zoo",    # every convolution is an output
    "odd_activations",  # its convolutions reach an output
    "scaled_lambda",    # the same
    "more_operations",  # the same
    "chunked_weight_names",  # no convolutions
    "norm_zoo",    # no convolutions
    "merge_zoo",   # its one convolution gives one channel
    "pool_zoo",    # no convolutions
}

# Models that get all checks, one for each kind of coupling.
CLOSE_LOOK = {
    "tiny_vgg",          # flatten to dense
    "tiny_resnet",       # residual sums
    "tiny_effnet",       # depthwise, gates
    "tiny_mobilenetv2",  # depthwise, linear bottlenecks
    "tiny_densenet",     # concatenation
    "tiny_inception",    # branches
}

# ONNX models that must be refused with exit 65, and these words.
ONNX_REFUSED = {
    "fmt_external_escape": ["../secret.bin"],       # data outside the model's folder
}

# Models whose Keras files one generation can't load, by name or by (set, name), with which one.
ONE_GENERATION = {
    ("keras3", "op_parts"): {"tf_keras"},           # split has several results
    ("keras2", "op_parts"): {"keras3"},             # the same
    ("keras3", "act_zoo"): {"tf_keras"},            # squareplus takes a root
    ("keras3", "seq1d_zoo"): {"tf_keras"},          # layers around layers
    ("keras2", "seq1d_zoo"): {"keras3"},            # the same
    "stepped_model": {"tf_keras"},                  # the same
}

# Models of which Keras can't load its own files without more: they aren't written and loaded.
UNLOADABLE = {
    "norm_zoo",       # Keras 3 drops all but one axis of LayerNormalization
    "tiny_convnext",  # LayerScale and StochasticDepth are classes of keras.applications alone
}

# Models with layers that can't be written as Keras once they changed, with words of the error.
UNWRITABLE = {
    "seq1d_zoo": ["TimeDistributed", "td"],
}
