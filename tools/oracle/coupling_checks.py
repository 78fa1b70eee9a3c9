"""Whether our channel groups, and cuts of single channels, are those that a model's record states.

The record NAME.json of make_onnx_models.py says which producers share a group, which are frozen,
and for many models a worked cut: what leaves every initializer, and the outputs that are left.  Our
binary is asked by its command line alone: `plan` names the groups, `--plan` carries out the cut.
"""
import contextlib
import io
import json

# What the record calls a group here is one of several that our plan has, since an initializer in
# between can't lose channels any other way; see the notes of the models.
COARSER = {
    "c_groupconv",      # the cut takes other channels of every group of a convolution
}


class Producers:
    """The nodes of a model that make channels, as their record calls them: by their results."""

    def __init__(self, model, edits):
        self.weights = {t.name: t for t in model.graph.initializer}
        self.nodes = {n.output[0]: n for n in model.graph.node}
        self.edits = {(name, axis): removed for name, axis, removed in edits}
        self.functions = {(f.domain, f.name) for f in model.functions}

    def group(self, tensor, group_of):
        """The group of a tensor's producer; that of a call is that of a node of the function."""
        node = self.nodes[tensor]
        if (node.domain, node.op_type) not in self.functions:
            return group_of.get(node.name or tensor)
        inside = {g for layer, g in group_of.items() if layer.startswith(f"{node.name}/")}
        return inside.pop() if len(inside) == 1 else None

    def attribute(self, node, name, default=0):
        return next((a.i for a in node.attribute if a.name == name), default)

    def is_depthwise(self, tensor):
        node = self.nodes[tensor]
        return (node.op_type == "Conv" and self.attribute(node, "group", 1) > 1
                and self.weights[node.input[1]].dims[1] == 1)

    def removed(self, tensor):
        """The channels that a worked cut takes from a producer."""
        node = self.nodes[tensor]
        left = node.op_type == "MatMul" and node.input[0] in self.weights
        name = node.input[0 if left else 1]
        maker = self.nodes.get(name)
        if maker and maker.op_type == "DequantizeLinear":
            name = maker.input[0]
        if node.op_type == "ConvTranspose":
            group = self.attribute(node, "group", 1)
            if group > 1:     # only whole groups here: as many inputs as outputs of each
                return self.edits.get((name, 0), [])
            axis = 1
        elif node.op_type == "Gemm":
            axis = 0 if self.attribute(node, "transB") else 1
        else:
            axis = 0 if node.op_type == "Conv" or left else 1
        return self.edits.get((name, axis), [])


def plan_of(checks):
    """The groups that our binary finds: by layer, the group and the unit of each channel."""
    path = checks.folder / "groups.json"
    path.unlink(missing_ok=True)
    done = checks.run("plan", checks.source, "--prune", "0.5", "-o", path)
    if done.returncode != 0:
        checks.add("groups", False, f"exit {done.returncode}: {done.stderr.strip()}")
        return None
    return json.loads(path.read_text())


def check_groups(checks, record, producers, plan):
    """Producers of one label, and only those, are in one group; frozen ones are in none."""
    group_of = {layer: k for k, g in enumerate(plan["groups"]) for layer in g["layers"]}
    faults, seen = [], {}
    for tensor, expected in record["expect"].items():
        if tensor not in producers.nodes or producers.is_depthwise(tensor):
            continue
        found = producers.group(tensor, group_of)
        if "group" in expected:
            if found is None:
                faults.append(f"'{tensor}' is frozen, expected in group {expected['group']}")
            elif seen.setdefault(expected["group"], found) != found:
                faults.append(f"'{tensor}' is not with the others of {expected['group']}")
        elif found is not None and "its group" not in expected["frozen"]:
            faults.append(f"'{tensor}' may be cut, expected frozen: {expected['frozen']}")
    if len(set(seen.values())) != len(seen):
        faults.append(f"groups are joined: {seen}")
    checks.add("groups", not faults, "; ".join(faults))


def check_cut(checks, record, producers, plan):
    """The worked cut as a plan gives the stated shapes and outputs."""
    import onnx
    from compare import compare
    result = {"schemaVersion": plan["schemaVersion"], "groups": []}
    tensor_of = {n.name or t: t for t, n in producers.nodes.items()}
    for group in plan["groups"]:
        leaving = set()
        for layer in group["layers"]:
            channels = producers.removed(tensor_of[layer])
            units = group.get("units", {}).get(layer, list(range(group["channels"])))
            leaving |= {units[c] for c in channels}
        keep = [k for k in range(group["channels"]) if k not in leaving]
        result["groups"].append(
            {"layers": group["layers"], "channels": group["channels"], "keep": keep})
    path, slim = checks.folder / "cut-plan.json", checks.folder / "cut.onnx"
    path.write_text(json.dumps(result))
    if not checks.write("cut", checks.source, slim, "--plan", path, "--repair", "none", "--force"):
        return
    model = onnx.load(str(slim))
    faults = []
    found = {t.name: list(t.dims) for t in model.graph.initializer}
    for name, shape in record["cut"]["shapes"].items():
        if producers.weights[name].data_type == onnx.TensorProto.FLOAT and name in found:
            # A vector along the last axis of an image stands before its picture axes once that moved.
            if found[name] not in (shape, shape + [1, 1]):
                faults.append(f"'{name}' is {found[name]}, expected {shape}")
    for tensor in record["expect"]:
        node = producers.nodes.get(tensor)
        names = [i for i in node.input if i in producers.weights] if node else []
        kernels = [n for n in names if len(producers.weights[n].dims) > 1]
        own = f"{node.name}/kernel" if node else ""
        if kernels and kernels[0] not in found and own not in found:
            faults.append(f"the weight '{kernels[0]}' is lost")
    words = io.StringIO()
    with contextlib.redirect_stdout(words):
        passed = compare(str(slim), str(checks.source.with_suffix(".pruned.npz")), checks.tolerance)
    if not passed:
        faults.append(words.getvalue().strip())
    checks.add("cut", not faults, "; ".join(faults))


def check_couplings(checks, record):
    """Groups, and the worked cut if the model has one."""
    import onnx
    if not record.get("expect"):
        return
    model = onnx.load(str(checks.source))
    edits = record["cut"]["edits"] if "cut" in record else []
    producers = Producers(model, edits)
    plan = plan_of(checks)
    if plan is None:
        return
    check_groups(checks, record, producers, plan)
    if "cut" in record and checks.name not in COARSER:
        check_cut(checks, record, producers, plan)
