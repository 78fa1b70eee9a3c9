#!/usr/bin/env python3
"""Convert a Keras 2 file to ONNX with tf_keras and tf2onnx.

    peer_tf2onnx.py MODEL.h5 OUT.onnx
"""
import os
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def main():
    import tensorflow as tf
    import tf_keras
    import tf2onnx
    model = tf_keras.models.load_model(sys.argv[1], compile=False)
    signature = [tf.TensorSpec(i.shape, i.dtype, name=i.name.split(":")[0]) for i in model.inputs]
    tf2onnx.convert.from_keras(model, input_signature=signature, opset=17,
                               output_path=sys.argv[2])
    print(f"{os.path.getsize(sys.argv[2])} bytes")


if __name__ == "__main__":
    main()
