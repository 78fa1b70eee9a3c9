#!/usr/bin/env python3
"""Prune half of the channels of a torchvision model with torch-pruning and export it to ONNX.

    peer_torch_pruning.py resnet50|vgg16 OUT.onnx
"""
import os
import sys


def main():
    import torch
    # Beside a CPU-only torch, PyPI's torchvision can't load its compiled operators.  The models use
    # none of them, but importing torchvision wants the names of these two.
    operators = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision
    import torch_pruning
    torch.manual_seed(0)
    model = getattr(torchvision.models, sys.argv[1])(weights=None).eval()
    images = torch.randn(1, 3, 224, 224)
    last = model.fc if hasattr(model, "fc") else model.classifier[-1]
    pruner = torch_pruning.pruner.MetaPruner(
        model, images, importance=torch_pruning.importance.MagnitudeImportance(p=1),
        pruning_ratio=0.5, ignored_layers=[last])
    pruner.step()
    torch.onnx.export(model, (images,), sys.argv[2], dynamo=False, opset_version=17)
    print(f"{os.path.getsize(sys.argv[2])} bytes")


if __name__ == "__main__":
    main()
