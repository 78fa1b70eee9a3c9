"""The accuracy of a linear classifier on a model's features, with no part of ecconvert in it.

ONNX Runtime computes what the model's last product reads; scikit-learn fits a softmax regression to
it. Serves to check the accuracies that ecconvert reports for `--finetune`.
"""
import numpy as np
import onnx
import onnxruntime
from PIL import Image
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

BATCH = 32
RESAMPLING = Image.Resampling.BILINEAR
TORCH_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
TORCH_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
CAFFE_MEAN = np.array([103.939, 116.779, 123.68], np.float32)
PREPROCESSING = {
    "none": lambda x: x,
    "unit": lambda x: x / 255,
    "tf": lambda x: x / 127.5 - 1,
    "torch": lambda x: (x / 255 - TORCH_MEAN) / TORCH_DEVIATION,
    "caffe": lambda x: x[..., ::-1] - CAFFE_MEAN,
}


def feature_session(path):
    """A session whose only output is what the last product reads."""
    model = onnx.load(path)
    products = [node for node in model.graph.node if node.op_type in ("Gemm", "MatMul")]
    if not products:
        raise SystemExit(f"{path}: no Gemm or MatMul to take for the classifier")
    del model.graph.output[:]
    model.graph.output.append(onnx.ValueInfoProto(name=products[-1].input[0]))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"])


class Images:
    """Images as a model takes them, decoded once."""

    def __init__(self, examples, preprocess):
        self.examples = examples
        self.preprocess = PREPROCESSING[preprocess]
        self.batches = {}

    def array(self, shape):
        """All images for an input of a shape such as ['n', 3, 224, 224] or ['n', 224, 224, 3]."""
        first = shape[1] in (1, 3)
        channels, height, width = shape[1:] if first else (shape[3], shape[1], shape[2])
        key = (first, channels, height, width)
        if key not in self.batches:
            self.batches[key] = np.stack([
                self.decoded(example.path, *key) for example in self.examples])
        return self.batches[key]

    def decoded(self, path, first, channels, height, width):
        with Image.open(path) as image:
            image = image.convert("L" if channels == 1 else "RGB").resize((width, height), RESAMPLING)
        pixels = self.preprocess(np.asarray(image, np.float32).reshape(height, width, channels))
        return np.ascontiguousarray(pixels.transpose(2, 0, 1) if first else pixels)


def features(path, images):
    """Features [images, channels]."""
    session = feature_session(path)
    entry = session.get_inputs()[0]
    array = images.array(entry.shape)
    parts = [session.run(None, {entry.name: array[k:k + BATCH]})[0]
             for k in range(0, len(array), BATCH)]
    return np.concatenate(parts).reshape(len(array), -1)


def accuracy(found, labels, train, test, weight_decay):
    """The share of rows `test` that a head fitted to rows `train` labels rightly.

    The head minimises mean cross-entropy + weight_decay / 2 · squared weights on features of mean 0
    and variance 1.
    """
    mean, deviation = found[train].mean(0), found[train].std(0) + 1e-6
    scaled = (found - mean) / deviation
    head = LogisticRegression(C=1 / (weight_decay * len(train)), max_iter=1000)
    with threadpool_limits(1):  # threads that wait for others cost more than these sums
        return head.fit(scaled[train], labels[train]).score(scaled[test], labels[test])
