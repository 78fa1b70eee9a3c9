#!/usr/bin/env python3
"""Export a torchvision or timm classifier by PyTorch's exporters, with the network's own outputs.

    make.py FAMILY/NAME DIR [--variants script-folded script-kept dynamo-folded dynamo-kept]

Writes DIR/VARIANT.onnx and DIR/case.npz (in_0, out_0).  'script' is the TorchScript exporter at opset
17, 'dynamo' the torch.export one at opset 18; 'folded' has batch normalization folded into the
convolutions where the exporter does so, 'kept' has the graph as traced.  Weights are random by a
fixed seed; the statistics of batch normalizations are measured on a few random batches, and
parameters that start as constants (layer scale, zero-initialised branches) get noise, so that every
branch counts and deep networks stay tame.
"""
import argparse
import pathlib
import sys
import traceback
import warnings
import zlib

import numpy as np

VARIANTS = ["script-folded", "script-kept", "dynamo-folded", "dynamo-kept"]


def torchvision_module():
    """torchvision, also where its C++ operators don't load beside a PyTorch without CUDA."""
    import torch
    try:
        import torchvision
    except RuntimeError:
        # It registers shapes for two operators of its library, which classifiers never call.
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision
        torchvision_module.library = library
    return torchvision


def network(family, name):
    import torch
    torch.manual_seed(zlib.crc32(name.encode()))
    vision = torchvision_module()
    if family == "torchvision":
        options = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
        if name in ("googlenet", "inception_v3"):
            # The auxiliary heads act in training only.
            options["aux_logits"] = False
        return vision.models.get_model(name, weights=None, **options)
    import timm
    return timm.create_model(name, pretrained=False, exportable=True)


def stir(model):
    """Noise on constant parameters, so that no scale is one and no branch is zero."""
    import torch
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim <= 3 and parameter.numel() > 1 and (parameter == parameter.flatten()[0]).all():
                start = parameter.flatten()[0].item()
                parameter.add_(torch.randn_like(parameter) * 0.2)
                if start == 1:
                    parameter.clamp_(0.3, 2)


def calibrate(model, size):
    """Statistics of batch normalizations, measured on random batches."""
    import torch
    norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    model.eval()
    if not norms:
        return
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    with torch.no_grad():
        for _ in range(2):
            model(torch.randn(4, 3, size, size))
    model.eval()


def export(model, sample, variant, path):
    import torch
    exporter, norms = variant.split("-")
    if exporter == "script":
        options = {}
        if norms == "kept":
            options = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
        torch.onnx.export(
            model, (sample,), str(path), dynamo=False, opset_version=17, input_names=["input"],
            output_names=["logits"], dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
            **options)
    else:
        torch.onnx.export(
            model, (sample,), str(path), dynamo=True, opset_version=18, input_names=["input"],
            output_names=["logits"], dynamic_shapes=({0: torch.export.Dim("batch")},),
            optimize=norms == "folded", external_data=False, verbose=False)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("model", help="torchvision/NAME or timm/NAME")
    ap.add_argument("folder", type=pathlib.Path)
    ap.add_argument("--variants", nargs="+", default=VARIANTS, choices=VARIANTS)
    a = ap.parse_args()
    warnings.filterwarnings("ignore")
    import torch
    from catalog import size
    torch.set_num_threads(2)
    family, name = a.model.split("/")
    pixels = size(family, name)
    a.folder.mkdir(parents=True, exist_ok=True)
    model = network(family, name)
    stir(model)
    calibrate(model, pixels)
    sample = torch.randn(2, 3, pixels, pixels)
    with torch.no_grad():
        expected = model(sample)
    np.savez(a.folder / "case.npz", in_0=sample.numpy(), out_0=expected.numpy())
    failed = 0
    for variant in a.variants:
        try:
            export(model, sample, variant, a.folder / f"{variant}.onnx")
            print(f"{variant}: ok", flush=True)
        except Exception as e:
            failed += 1
            reason = str(e).strip().splitlines() or [type(e).__name__]
            print(f"{variant}: {type(e).__name__}: {reason[0][:200]}", flush=True)
            traceback.print_exc(file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
