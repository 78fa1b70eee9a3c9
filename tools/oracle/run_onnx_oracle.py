#!/usr/bin/env python3
"""Convert and prune the models of make_onnx_models.py with our binary, and check from outside.

    run_onnx_oracle.py [--ecconvert PATH] [--only NAME...] [--small] [--jobs N] [--keep DIR]

Checks for every model (fmt_* file forms, op_* operator versions, c_* couplings, x_* barriers, m_*
networks of some size):
    convert     ONNX -> ONNX: onnx.checker, outputs equal those of onnxruntime on the source
    edge        names, types and extents at the edge, operator sets and metadata are the source's
    again       what was written, converted once more: the same
    prune       --prune 0.5: the slim model equals the masked full one
    groups      producers share a group, or are frozen, as the model's record states
    cut         the record's worked cut, given as a plan: the stated shapes and outputs
    barriers    every layer whose channels are frozen by more than being an output has a reason
Models that are broken on purpose must be refused with exit 65.
"""
import json
import sys

from coupling_checks import check_couplings
from models import ONNX_REFUSED
from run_oracle import CACHE, Checks, arguments, finish_making, parse, run_all, start_making


class ONNXChecks(Checks):
    """The checks of one ONNX model."""

    def __init__(self, *rest):
        super().__init__(*rest)
        self.record = json.loads(self.source.with_suffix(".json").read_text())

    def edge(self, full):
        """What callers and tools rely on outside the nodes."""
        import onnx
        from mask_check import edge, real_inputs
        before = onnx.load(str(self.source), load_external_data=False)
        after = onnx.load(str(full), load_external_data=False)
        pairs = {
            "inputs": [edge(real_inputs(m)) for m in (before, after)],
            "outputs": [edge(m.graph.output) for m in (before, after)],
            "opsets": [{(o.domain, o.version) for o in m.opset_import
                        if o.domain not in {f.domain for f in before.functions}}
                       for m in (before, after)],
            "metadata": [[(e.key, e.value) for e in m.metadata_props] for m in (before, after)],
            "docs": [[m.doc_string, m.domain, m.model_version, m.graph.name, m.graph.doc_string]
                     for m in (before, after)],
        }
        faults = [f"{what}: {x} became {y}" for what, (x, y) in pairs.items() if x != y]
        if after.graph.value_info:
            faults.append("value_info is written")
        self.add("edge", not faults, "; ".join(faults))

    def barriers(self):
        """Frozen producers, outputs apart, come with a reason in the report."""
        reasons = {v["frozen"] for v in self.record["expect"].values() if "frozen" in v}
        # Whole groups may leave, where the record freezes what is normalised over groups.
        if all(r == "graph output" or "its group" in r for r in reasons):
            return
        fields = json.loads((self.folder / "prune.json").read_text())
        found = [b["reason"] for b in fields.get("pruning", {}).get("barriers", [])]
        self.add("barriers", any(r != "graph output" for r in found),
                 f"expected a reason like {sorted(reasons - {'graph output'})}, found {found}")

    def all(self):
        if self.name in ONNX_REFUSED:
            return self.refused("refused", self.source, ONNX_REFUSED[self.name])
        full = self.folder / "full.onnx"
        if not self.write("convert", self.source, full):
            return
        self.equals_stored("convert", full)
        self.edge(full)
        again = self.folder / "again.onnx"
        if self.write("again", full, again):
            self.equals_stored("again", again)
        self.prune("prune", full, "--prune", "0.5", "--round-to", "1", "--repair", "none",
                   may_keep_all=not any("group" in v for v in self.record["expect"].values()))
        if (self.folder / "prune.json").is_file():
            self.barriers()
        check_couplings(self, self.record)


def main():
    ap = arguments(__doc__.splitlines()[0])
    ap.add_argument("--small", action="store_true", help="leave out the networks of some size")
    a = parse(ap)
    running = start_making(CACHE / "onnx", "make_onnx_models.py")
    if running:
        finish_making(running)
    work = []
    for path in sorted((CACHE / "onnx").glob("*.json")):
        if a.only and path.stem not in a.only or a.small and path.stem.startswith("m_"):
            continue
        half = path.stem.startswith("fmt_fp16")
        work.append(("onnx", path.with_suffix(".onnx"), 5e-3 if half else 1e-4))
    return run_all(ONNXChecks, work, a)


if __name__ == "__main__":
    sys.exit(main())
