"""What run_oracle.py expects of the models that make_keras_models.py makes.

Every model that isn't named here must convert exactly and must lose channels when pruned.
"""

# Models that must be refused with exit 65, by name or by (set, name), each with the words that the
# error must hold: the class that can't be carried, and a layer of it.
REFUSED = {
    "lambda_layer": ["Lambda", "scale"],            # Python code inside the model
    "custom_layer": ["ScaleShift", "ss"],           # a class of the user
    "weights_only": ["weights"],                    # no architecture in the file
    "merge_zoo": ["Dot", "dot"],                    # no rule for Dot
    "norm_zoo": ["GroupNormalization", "LayerNormalization", "UnitNormalization"],
    "op_layers": [],                                # bare tensor functions, not layers
    "pool_zoo": ["RepeatVector", "repeat_vector"],
    "seq1d_zoo": ["MultiHeadAttention", "TimeDistributed", "mha"],
    "tiny_convnext": ["LayerNormalization", "layernorm"],
    ("keras2", "tiny_mobilenetv3"): ["TFOpLambda"],  # its hard swish is bare tensor arithmetic
    "transfer_functional": [],                      # bare arithmetic before the base model
}

# Models in which every channel is seen from outside, or is an input's.
NOTHING_TO_PRUNE = {
    "act_zoo",     # activations of the input only
    "conv_zoo",    # every convolution is an output
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
