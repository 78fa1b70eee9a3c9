#!/usr/bin/env python3
"""Write small networks with the gradients that PyTorch finds, for the tests of training.

    make_gradient_fixtures.py OUTDIR        normally fixtures/gradients; needs torch and onnx

Each network NAME gives NAME.onnx and NAME.tensors. The latter holds named float32 tensors: the input
x, the labels, the loss, gradient/W for every initializer W, and the losses of 20 steps of SGD and of
AdamW from the same start. Where batch normalization takes its statistics from the batch, `batch` is 1
and statistics/W are the stored statistics after one step of SGD. reading/M is, for every sample and channel
that a convolution or dense layer M mixes, how the sample's loss answers to a gate of 1 at that place:
activation times gradient, summed over the positions.
"""
import copy
import os
import struct
import sys
import warnings

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

CLASSES = 4
warnings.filterwarnings("ignore")


class Residual(nn.Module):
    """Two units of a residual network, the second with a projection."""

    def __init__(self, c):
        super().__init__()
        self.stem = nn.Conv2d(3, c, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(n) for n in (c, c, c, 2 * c, 2 * c))
        self.a = nn.Conv2d(c, c, 3, padding=1, bias=False)
        self.b = nn.Conv2d(c, c, 1, bias=False)
        self.c = nn.Conv2d(c, 2 * c, 3, stride=2, padding=1, bias=False)
        self.d = nn.Conv2d(c, 2 * c, 1, stride=2, bias=False)
        self.fc = nn.Linear(2 * c, CLASSES)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norms[0](self.stem(x))), 3, 2, 1)
        x = F.relu(x + self.norms[2](self.b(F.relu(self.norms[1](self.a(x))))))
        x = F.relu(self.norms[3](self.c(x)) + self.norms[4](self.d(x)))
        return self.fc(x.mean((2, 3)))


class Inverted(nn.Module):
    """An inverted residual with squeeze and excitation."""

    def __init__(self, c):
        super().__init__()
        self.stem = nn.Conv2d(3, c, 3, stride=2, padding=1)
        self.expand = nn.Conv2d(c, 3 * c, 1, bias=False)
        self.depth = nn.Conv2d(3 * c, 3 * c, 5, padding=2, groups=3 * c, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(n) for n in (3 * c, 3 * c, c))
        self.squeeze, self.excite = nn.Conv2d(3 * c, 5, 1), nn.Conv2d(5, 3 * c, 1)
        self.project = nn.Conv2d(3 * c, c, 1, bias=False)
        self.fc = nn.Linear(c, CLASSES)

    def forward(self, x):
        x = F.silu(self.stem(x))
        y = F.hardswish(self.norms[0](self.expand(x)))
        y = F.relu6(self.norms[1](self.depth(y)))
        gate = self.excite(F.silu(self.squeeze(F.adaptive_avg_pool2d(y, 1))))
        y = x + self.norms[2](self.project(y * torch.sigmoid(gate)))
        return self.fc(F.adaptive_avg_pool2d(y, 1).flatten(1))


class Dense(nn.Module):
    """Layers that are joined to what they were made of, one of them grouped."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.a = nn.Conv2d(8, 4, 3, padding=1, groups=2)
        self.b = nn.Conv2d(12, 6, 3, padding=2, dilation=2)
        self.fc = nn.Linear(18, CLASSES)

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = torch.cat([x, F.elu(self.a(x))], 1)
        x = torch.cat([x, F.gelu(self.b(F.avg_pool2d(x, 3, 1, 1)))], 1)
        return self.fc(F.adaptive_max_pool2d(x, 1).flatten(1))


class Mixed(nn.Module):
    """What is rarer: transposed convolution, resizing, padding, other normalizations, PReLU."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2)
        self.instance, self.layer = nn.InstanceNorm2d(8, affine=True), nn.LayerNorm(6)
        self.slope = nn.PReLU(8)
        self.up = nn.ConvTranspose2d(8, 6, 3, stride=2, padding=1, output_padding=1)
        self.fc = nn.Linear(6, CLASSES)

    def forward(self, x):
        x = self.slope(self.instance(self.stem(F.pad(x, (1, 0, 0, 1)))))
        x = torch.tanh(self.up(x))[:, :, 1:, ::2] * 1.5
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        return self.fc(self.layer(x.amax(3).mean(2)))


class Attention(nn.Module):
    """One head of attention over the places of a picture."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 2, stride=2)
        self.norm = nn.LayerNorm(8)
        self.q, self.k, self.v = (nn.Parameter(torch.randn(8, 8) / 3) for _ in range(3))
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.norm(self.stem(x).flatten(2).transpose(1, 2))
        scores = (x @ self.q) @ (x @ self.k).transpose(1, 2) / 8**0.5
        x = x + torch.softmax(scores, 2) @ (x @ self.v)
        return self.fc(x.mean(1))


def vgg():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.LeakyReLU(0.1), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64, 12), nn.Sigmoid(), nn.Linear(12, CLASSES))


NETWORKS = {
    "vgg": (vgg, False), "residual_frozen": (lambda: Residual(8), False),
    "residual_batch": (lambda: Residual(8), True), "inverted_frozen": (lambda: Inverted(6), False),
    "inverted_batch": (lambda: Inverted(6), True), "concat": (Dense, False),
    "mixed": (Mixed, False), "attention": (Attention, False),
}


def export(model, x, path):
    """Write the model as ONNX, nothing folded and the batch left open."""
    torch.onnx.export(
        copy.deepcopy(model).eval(), (x,), path, dynamo=False, do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE, opset_version=17, input_names=["x"],
        dynamic_axes={"x": {0: "batch"}})


def losses(model, optimizer, x, labels, criterion, steps):
    found = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = criterion(model(x), labels)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def readings(model, x, labels):
    """The slope of every sample's loss by a gate at each channel that a layer mixes, [n, c]."""
    gates, layers = {}, {name: module for name, module in model.named_modules()
                         if isinstance(module, (nn.Conv2d, nn.Linear)) and
                         getattr(module, "groups", 1) == 1}
    def gate(name):
        def hook(_, inputs):
            shape = inputs[0].shape[:2] + (1,) * (inputs[0].ndim - 2)
            gates[name] = torch.ones(shape, requires_grad=True)
            return inputs[0] * gates[name]
        return hook
    hooks = [module.register_forward_pre_hook(gate(name)) for name, module in layers.items()]
    F.cross_entropy(model(x), labels, reduction="sum").backward()
    for hook in hooks:
        hook.remove()
    return {name: value.grad.flatten(1) for name, value in gates.items()}


def groups(model, decay):
    weights = list(model.parameters())
    return [{"params": [w for w in weights if w.ndim > 1], "weight_decay": decay},
            {"params": [w for w in weights if w.ndim < 2], "weight_decay": 0}]


def write(path, tensors):
    with open(path, "wb") as file:
        for name, values in tensors.items():
            values = np.asarray(values, "<f4")
            text = name.encode()
            file.write(struct.pack(f"<i{len(text)}si", len(text), text, values.ndim))
            file.write(struct.pack(f"<{values.ndim}i", *values.shape) + values.tobytes())


def make(name, build, batch, folder):
    torch.manual_seed(len(name))
    model = build()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5), nn.init.uniform_(module.bias, -0.3, 0.3)
            module.running_mean.uniform_(-0.3, 0.3), module.running_var.uniform_(0.5, 1.5)
    x, labels = torch.randn(6, 3, 8, 8), torch.tensor([0, 1, 2, 3, 1, 0])
    export(model, x, os.path.join(folder, f"{name}.onnx"))
    model.train(batch)
    criterion = nn.CrossEntropyLoss()
    first = copy.deepcopy(model)
    loss = criterion(first(x), labels)
    loss.backward()
    tensors = {"x": x, "labels": labels, "loss": loss.detach(), "batch": float(batch)}
    for key, weight in first.named_parameters():
        tensors[f"gradient/{key}"] = weight.grad
    if not batch:
        for key, slopes in readings(copy.deepcopy(model), x, labels).items():
            tensors[f"reading/{key}"] = slopes
    smooth = copy.deepcopy(model)
    weights = torch.tensor([0.5, 1.0, 2.0, 1.5])
    value = nn.CrossEntropyLoss(weight=weights, label_smoothing=0.1)(smooth(x), labels)
    tensors |= {"class_weights": weights, "smooth_loss": value.detach()}
    teacher, heat, share = torch.randn(6, CLASSES), 3.0, 0.4
    scores = copy.deepcopy(model)(x)
    soft = F.kl_div(F.log_softmax(scores / heat, 1), F.softmax(teacher / heat, 1),
                    reduction="batchmean")
    value = (1 - share) * criterion(scores, labels) + share * heat**2 * soft
    tensors |= {"teacher": teacher, "distilled_loss": value.detach()}
    sgd = copy.deepcopy(model)
    optimizer = torch.optim.SGD(groups(sgd, 5e-3), lr=0.02, momentum=0.9)
    first_loss = losses(sgd, optimizer, x, labels, criterion, 1)
    if batch:
        for key, value in sgd.named_buffers():
            if key.endswith(("running_mean", "running_var")):
                tensors[f"statistics/{key}"] = value.clone()
    tensors["sgd"] = first_loss + losses(sgd, optimizer, x, labels, criterion, 19)
    other = copy.deepcopy(model)
    optimizer = torch.optim.SGD(groups(other, 5e-3), lr=0.02, momentum=0.9, nesterov=True)
    tensors["nesterov"] = losses(other, optimizer, x, labels, criterion, 20)
    adam = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(groups(adam, 0.05), lr=2e-3)
    tensors["adamw"] = losses(adam, optimizer, x, labels, criterion, 20)
    write(os.path.join(folder, f"{name}.tensors"), tensors)
    print(f"{name}: {os.path.getsize(os.path.join(folder, name + '.onnx'))} bytes, "
          f"losses {tensors['sgd'][0]:.3f} to {tensors['sgd'][-1]:.3f}")


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for name, (build, batch) in NETWORKS.items():
        make(name, build, batch, folder)


if __name__ == "__main__":
    main()
