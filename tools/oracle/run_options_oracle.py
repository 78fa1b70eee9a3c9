#!/usr/bin/env python3
"""Check the options of the written ONNX file from outside, on the models of the other oracles.

    run_options_oracle.py [--ecconvert PATH] [--few] [--only NAME...] [--opsets N...]
                          [--sets S...] [--jobs N] [--keep DIR]

Checks for every model that converts:
    opset-N   --opset N: onnx.checker, the version written, outputs equal those stored
    fp16      --dtype fp16: onnx.checker, the edge unchanged, most weights in half precision,
              outputs close to those stored
    fp32      --dtype fp32 of what --dtype fp16 wrote: nothing in half precision, outputs close
    batch-3   --batch 3: the extent written, outputs of a batch of three
    nchw, nhwc  --inputs-as-nchw, --inputs-as-nhwc: the same outputs for images transposed
    external  --external-data always: offsets at pages, exact lengths, nothing else left; the file
              runs with its data moved along, and is read again into one file
    dynamic   --batch dynamic, of what --batch 3 wrote: outputs of a batch of two
Where nodes are carried without being understood, another opset and a batch that was fixed may be refused
for their sake.  And once, on models made here: weights and activations beyond the range of half precision keep
float32 and are named, --input-shape fixes what a file leaves open, and what can't be is refused.
"""
import json
import re
import shutil
import sys

from models import ONNX_REFUSED, REFUSED
from run_oracle import CACHE, Checks, arguments, finish_making, make_models, parse, run_all, \
    start_making

# Models whose outputs cancel to so little that half precision is off by more than is allowed, which
# verification must find.
NOT_IN_HALF = {"merge_zoo"}

OPSETS = [13, 15, 17, 18, 19, 20, 21, 22, 23, 24]


# Models with a constant of the batch's extent once --batch fixed it: no file of them is dynamic again.
BAKED = {"op_positions"}

# Models with attributes that older versions of the operator don't have, with the first that has.
SAYABLE_FROM = {"op_resize_modes": 19}

# Models that amplify the roundings of half precision: they may be off as far as with another converter.
STEEP = {"tiny_mobilenetv3"}

# With --few: models that differ in what the options meet, and the opsets at which spellings change.
FEW = {
    "tiny_effnet",        # gates, depthwise convolutions
    "tiny_convnext",      # layer normalization, gelu
    "multi_io",           # several inputs and outputs
    "op_parts",           # split and stacked tensors, images scaled
    "op_activations",     # every activation
    "c_nhwc_transposes",  # channels last inside
    "fmt_if",             # a carried subgraph that captures values
    "fmt_custom_domain",  # a carried operator
    "fmt_f16_cast",       # half precision in the source
    "fmt_static_batch",   # a batch that the file fixes
}
FEW_OPSETS = [13, 18, 20, 24]


def bytes_of(tensor):
    """The size of a tensor's data."""
    import math
    import onnx
    return math.prod(tensor.dims) * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize


class OptionChecks(Checks):
    """The checks of one model."""

    opsets = OPSETS

    carries = False

    def refused_option(self, check, words, *options):
        """Whether the source is refused with these options, naming what it carries."""
        done = self.run(self.source, "-o", self.folder / "refused.onnx", "--force", *options)
        return done.returncode == 65 and words in done.stderr and self.add(check, True)

    def arrays(self):
        import numpy as np
        from compare import numbered
        with np.load(self.case) as case:
            return numbered(case, "in"), numbered(case, "out")

    def outputs(self, path, inputs):
        """Outputs in onnxruntime, for inputs by position."""
        from channel_masks import quiet_session
        from compare import dtype_of
        session = quiet_session(str(path))
        feed = {i.name: v.astype(dtype_of(i)) for i, v in zip(session.get_inputs(), inputs)}
        return session.run(None, feed)

    def close(self, check, path, inputs, expected, tolerance):
        """onnx.checker, and outputs as expected."""
        import onnx
        from compare import difference
        try:
            onnx.checker.check_model(str(path), full_check=True)
            worst = 0.0
            for e, f in zip(expected, self.outputs(path, inputs)):
                d, m = difference(e, f)
                worst = max(worst, d / max(m, 1e-30))
        except Exception as e:
            return self.add(check, False, str(e).strip().splitlines()[0][:300])
        return self.add(check, worst <= tolerance, f"outputs differ by {worst:.2e}")

    def opset(self, version):
        import onnx
        check, path = f"opset-{version}", self.folder / f"opset{version}.onnx"
        if self.carries and self.refused_option(check, "is carried from opset", "--opset", version):
            return
        if version < SAYABLE_FROM.get(self.name, 0):
            if not self.refused_option(check, "can't be said in ONNX", "--opset", version):
                self.add(check, False, "wasn't refused")
            return
        if not self.write(check, self.source, path, "--opset", version):
            return
        model = onnx.load(str(path), load_external_data=False)
        written = {o.domain: o.version for o in model.opset_import}
        if written.get("") != version:
            self.add(check, False, f"the file has {written}")
            return
        self.close(check, path, *self.arrays(), self.tolerance)

    def rounding(self, full):
        """How far half precision alone takes outputs off: those of onnxruntime's own converter."""
        import onnx
        from compare import difference
        from onnxruntime.transformers.float16 import convert_float_to_float16
        path = self.folder / "peer.onnx"
        onnx.save(convert_float_to_float16(onnx.load(str(full)), keep_io_types=True), str(path))
        inputs, expected = self.arrays()
        pairs = [difference(e, f) for e, f in zip(expected, self.outputs(path, inputs))]
        return max(d / max(m, 1e-30) for d, m in pairs)

    def half(self, full):
        import onnx
        from mask_check import edge, parameters, real_inputs
        path = self.folder / "half.onnx"
        if self.name in NOT_IN_HALF:
            done = self.run(self.source, "-o", path, "--dtype", "fp16")
            self.add("fp16", done.returncode == 76, f"exit {done.returncode}, expected 76")
            return
        if not self.write("fp16", self.source, path, "--dtype", "fp16"):
            return
        before, after = onnx.load(str(full)), onnx.load(str(path))
        if (edge(real_inputs(before)), edge(before.graph.output)) != (
                edge(real_inputs(after)), edge(after.graph.output)):
            self.add("fp16", False, "the edge changed")
            return
        halves = sum(t.data_type == onnx.TensorProto.FLOAT16 for t in after.graph.initializer)
        contracts = any(n.op_type in ("Conv", "Gemm") for n in before.graph.node)
        if contracts and not halves and not self.carries and parameters(before) > 100:
            self.add("fp16", False, "no weight is in half precision")
            return
        allowed = 2e-2
        if self.name in STEEP:
            allowed = max(allowed, 1.25 * self.rounding(full))
        if not self.close("fp16", path, *self.arrays(), allowed):
            return
        wide = self.folder / "wide.onnx"
        if not self.write("fp32", path, wide, "--rtol", allowed, "--dtype", "fp32"):
            return
        model = onnx.load(str(wide))
        halves = [t.name for t in model.graph.initializer
                  if t.data_type == onnx.TensorProto.FLOAT16]
        casts = [n.name for n in model.graph.node if n.op_type == "Cast"
                 and n.attribute[0].i == onnx.TensorProto.FLOAT16]
        if halves or casts:
            self.add("fp32", False, f"half precision is left: {(halves + casts)[:3]}")
            return
        self.close("fp32", wide, *self.arrays(), allowed)

    def batched(self, full):
        import numpy as np
        import onnx
        from mask_check import real_inputs
        shapes = [[d.dim_value for d in i.type.tensor_type.shape.dim]
                  for i in real_inputs(onnx.load(str(full)))]
        if not all(s and s[0] == 0 for s in shapes):
            return
        # Some models mix their samples, so that the stored outputs say nothing of fewer.
        picked = [np.concatenate([v] * 3)[:3] for v in self.arrays()[0]]
        fewer = [v[:2] for v in picked]
        path = self.folder / "batch.onnx"
        if not self.write("batch-3", self.source, path, "--batch", "3"):
            return
        model = onnx.load(str(path))
        extents = {i.type.tensor_type.shape.dim[0].dim_value for i in real_inputs(model)}
        if extents != {3}:
            self.add("batch-3", False, f"batches written are {extents}")
            return
        if not self.close("batch-3", path, picked, self.outputs(full, picked), self.tolerance):
            return
        again = self.folder / "dynamic.onnx"
        if self.carries or self.name in BAKED:
            words = "built for a batch" if self.name in BAKED else "is carried as it is"
            done = self.run(path, "-o", again, "--batch", "dynamic")
            self.add("dynamic", done.returncode == 65 and words in done.stderr,
                     f"exit {done.returncode}: {done.stderr.strip()}")
            return
        if self.write("dynamic", path, again, "--batch", "dynamic"):
            self.close("dynamic", again, fewer, self.outputs(full, fewer), self.tolerance)

    def layouts(self, full):
        import numpy as np
        import onnx
        from mask_check import real_inputs
        inputs, expected = self.arrays()
        images = [i for i in real_inputs(onnx.load(str(full)))
                  if len(i.type.tensor_type.shape.dim) == 4]
        if not images:
            return
        for name in ("nchw", "nhwc"):
            path = self.folder / f"{name}.onnx"
            done = self.run(self.source, "-o", path, f"--inputs-as-{name}")
            if done.returncode == 64 and "nothing says where its channels stand" in done.stderr:
                continue
            if done.returncode:
                self.add(name, False, done.stderr.strip()[-300:])
                continue
            after = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim]
                     for i in real_inputs(onnx.load(str(path)))}
            given = []
            for i, v in zip(real_inputs(onnx.load(str(full))), inputs):
                before = [d.dim_value for d in i.type.tensor_type.shape.dim]
                moved = v.ndim == 4 and before != after[i.name]
                order = [0, 3, 1, 2] if name == "nchw" else [0, 2, 3, 1]
                given.append(np.transpose(v, order) if moved else v)
            self.close(name, path, given, expected, self.tolerance)

    def external(self):
        import onnx
        place = self.folder / "external"
        place.mkdir(exist_ok=True)
        path = place / "model.onnx"
        if not self.write("external", self.source, path, "--external-data", "always"):
            return
        names = sorted(p.name for p in place.iterdir())
        if [n for n in names if n not in ("model.onnx", "model.onnx.data")]:
            return self.add("external", False, f"it left {names}")
        moved = self.folder / "elsewhere"
        shutil.rmtree(moved, ignore_errors=True)
        shutil.move(place, moved)
        tensors = onnx.load(str(moved / "model.onnx"), load_external_data=False).graph.initializer
        inside = [t.name for t in tensors if len(t.raw_data) >= 1024]
        if inside:
            self.add("external", False, f"weights inside: {inside[:3]}")
            return
        for t in tensors:
            entries = {e.key: e.value for e in t.external_data}
            if entries and (int(entries["offset"]) % 4096
                            or int(entries["length"]) != bytes_of(t)):
                self.add("external", False, f"{t.name}: {entries}")
                return
        again = self.folder / "inside.onnx"
        if not self.write("external", moved / "model.onnx", again, "--external-data", "never"):
            return
        if (self.folder / "inside.onnx.data").exists():
            self.add("external", False, "--external-data never wrote a file of weights")
            return
        self.close("external", again, *self.arrays(), self.tolerance)
        self.close("external", moved / "model.onnx", *self.arrays(), self.tolerance)

    def all(self):
        full = self.folder / "full.onnx"
        done = self.run(self.source, "-o", full)
        if done.returncode:
            return self.add("left out", True)   # the other oracles tell why
        self.carries = "carried as it is" in done.stderr
        for version in self.opsets:
            self.opset(version)
        self.half(full)
        self.batched(full)
        self.layouts(full)
        self.external()


class EdgeCases(Checks):
    """What only models made for it show; `source` is a folder."""

    def net(self, name, first=1.0, shape=("batch", 3, 8, 8)):
        import numpy as np
        import onnx
        from onnx import TensorProto, helper, numpy_helper
        rng = np.random.default_rng(0)
        weights = {"a": rng.standard_normal((4, 3, 3, 3)) * first,
                   "b": rng.standard_normal((4, 4, 3, 3)) * 0.2}
        nodes = [helper.make_node("Conv", ["x", "a"], ["y"], "conv_a", pads=[1, 1, 1, 1]),
                 helper.make_node("Conv", ["y", "b"], ["z"], "conv_b", pads=[1, 1, 1, 1]),
                 helper.make_node("GlobalAveragePool", ["z"], ["p"], "pool"),
                 helper.make_node("Flatten", ["p"], ["out"], "flat")]
        graph = helper.make_graph(
            nodes, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("out", TensorProto.FLOAT, [shape[0], 4])],
            [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        path = self.folder / f"{name}.onnx"
        onnx.save(model, str(path))
        return path

    def all(self):
        import onnx
        cases = [
            ("plain", 1.0, []),
            ("large-weight", 1e6, ["conv_a", "65504"]),
            ("large-result", 2e4, ["conv_a"]),
            ("tiny-weight", 1e-7, ["conv_a", "below the precise range"]),
        ]
        for name, scale, words in cases:
            source, path = self.net(name, scale), self.folder / f"{name}-half.onnx"
            done = self.run(source, "-o", path, "--dtype", "fp16")
            halves = {t.name.split("/")[0] for t in onnx.load(str(path)).graph.initializer
                      if t.data_type == onnx.TensorProto.FLOAT16} if path.is_file() else set()
            passed = done.returncode == 0 and all(w in done.stderr for w in words) and (
                ("a" in halves) == (name == "plain"))
            self.add(name, passed, f"exit {done.returncode}, {halves}: {done.stderr.strip()}")
        free = self.net("free", shape=("batch", 3, "h", "w"))
        shaped = self.folder / "shaped.onnx"
        for text in ("1,3,16,12", "x:1,3,16,12"):
            done = self.run(free, "-o", shaped, "--force", "--input-shape", text)
            dims = [d.dim_value for d in
                    onnx.load(str(shaped)).graph.input[0].type.tensor_type.shape.dim]
            self.add("input-shape", done.returncode == 0 and dims == [1, 3, 16, 12],
                     f"{dims} {done.stderr}")
        refusals = [("--input-shape", "1,4,16,12"), ("--input-shape", "y:1,3,16,12"),
                    ("--input-shape", "1,3,16"), ("--opset", "12"), ("--opset", "25"),
                    ("--dtype", "int8")]
        for option in refusals:
            done = self.run(free, "-o", self.folder / "refused.onnx", *option)
            good = done.returncode == 64 and re.search("^error: ", done.stderr, re.M)
            self.add(" ".join(option), good, f"exit {done.returncode}: {done.stderr}")


def main():
    ap = arguments(__doc__.splitlines()[0])
    ap.add_argument("--sets", nargs="+", default=["keras3", "onnx"],
                    choices=["keras3", "keras2", "onnx"])
    ap.add_argument("--opsets", nargs="+", type=int)
    ap.add_argument("--few", action="store_true", help="few models and opsets, as a quick look")
    a = parse(ap)
    OptionChecks.opsets = a.opsets or (FEW_OPSETS if a.few else OPSETS)
    chosen = FEW if a.few else set(a.only or [])
    make_models([s for s in a.sets if s != "onnx"])
    work = []
    for name in a.sets:
        if name == "onnx":
            running = start_making(CACHE / "onnx", "make_onnx_models.py")
            if running:
                finish_making(running)
            files = [p.with_suffix(".onnx") for p in sorted((CACHE / "onnx").glob("*.json"))
                     if p.stem not in ONNX_REFUSED and not p.stem.startswith(("m_", "fmt_fp16"))]
            work += [("onnx", p, 1e-4) for p in files if not chosen or p.stem in chosen]
        else:
            for record in json.loads((CACHE / name / "MANIFEST.json").read_text()):
                model = record["name"]
                if record["tolerance"] == "half" or model in REFUSED or (name, model) in REFUSED:
                    continue
                if not chosen or model in chosen:
                    work.append((name, CACHE / name / f"{model}.h5", 1e-4))
    status = run_all(OptionChecks, work, a) if work else 0
    if not a.only:
        status |= run_all(EdgeCases, [("options", CACHE / "edge-cases", 1e-4)], a)
    return status


if __name__ == "__main__":
    sys.exit(main())
