"""Follows removed channels through an ONNX graph and masks them where operators mix channels.

A *state* is an int8 array shaped like its tensor at batch 1: KEPT, REMOVED or FREE (padding that
may leave with any partner).  Layout operators act on states as on data: the node is run on them.
"""
import numpy as np
import onnx
from onnx import helper, numpy_helper
import onnxruntime as ort

REMOVED, KEPT, FREE = 0, 1, 2

UNARY = set("""Relu LeakyRelu Clip Sigmoid Tanh HardSigmoid HardSwish Elu Selu Celu ThresholdedRelu
    Softplus Softsign Mish Gelu Swish Erf Exp Log Sqrt Neg Abs Reciprocal Floor Ceil Round Sign Sin
    Cos Identity Dropout Cast BatchNormalization InstanceNormalization Not
    QuantizeLinear DequantizeLinear""".split())
BINARY = set("""Add Sub Mul Div Pow Max Min Mean Sum PRelu Where Mod Greater GreaterOrEqual Less
    LessOrEqual Equal And Or Xor""".split())
POOL = set("""MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool Resize
    Upsample""".split())
LAYOUT = set("""Concat Split Slice Gather GatherND Transpose Reshape Flatten Squeeze Unsqueeze Expand Tile
    DepthToSpace SpaceToDepth""".split())
REDUCE = set("""ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2
    ReduceSumSquare ReduceLogSumExp""".split())


def quiet_session(model, optimise=True):
    o = ort.SessionOptions()
    o.log_severity_level = 3
    if not optimise:
        o.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    blob = model if isinstance(model, (bytes, str)) else model.SerializeToString()
    return ort.InferenceSession(blob, o, providers=["CPUExecutionProvider"])


def attributes(node):
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


class Masker:
    """The states of every tensor of a model, and the masks that its mixing operators need."""

    def __init__(self, model, entries, feed):
        self.model = model
        self.problems, self.notes = [], []
        self.initializers = {t.name: t for t in model.graph.initializer}
        self.values = self._evaluate(feed)
        self.constants = set(self.initializers)
        for n in model.graph.node:
            if all(i in self.constants for i in n.input if i):
                self.constants.update(n.output)
        self.states, self.fills, self.masked = {}, {}, {}
        self.listed = self._resolve(entries)
        self.edits = []            # (node index, input index, tensor)
        self.deltas = []           # (node index, per-output-channel constant)
        for i, node in enumerate(model.graph.node):
            self._visit(i, node)
        for o in model.graph.output:
            if o.name in self.states and (self.states[o.name] == REMOVED).any():
                self.problems.append(f"graph output '{o.name}' lost channels")

    # ---------------------------------------------------------------- values

    def _evaluate(self, feed):
        """Every tensor of the model for one batch-1 input."""
        m = onnx.ModelProto()
        m.CopyFrom(self.model)
        del m.graph.output[:]
        names = [o for n in m.graph.node for o in n.output if o]
        m.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names)
        found = quiet_session(m, optimise=False).run(names, feed)
        return {**feed, **dict(zip(names, found))}

    def value(self, name):
        if name not in self.values:
            self.values[name] = numpy_helper.to_array(self.initializers[name])
        return self.values[name]

    def shape(self, name):
        if name in self.initializers:
            return tuple(self.initializers[name].dims)
        return np.shape(self.value(name))

    # --------------------------------------------------------------- entries

    def _resolve(self, entries):
        by_node = {n.name: n.output[0] for n in self.model.graph.node if n.name}
        produced = {o for n in self.model.graph.node for o in n.output}
        listed = {}
        for e in entries:
            name = e["name"] if e["name"] in produced else by_node.get(e["name"])
            if name is None:
                self.problems.append(f"report names '{e['name']}', which the full model lacks")
                continue
            shape, axis, keep = self.shape(name), e["axis"], e["keep"]
            if not -len(shape) <= axis < len(shape):
                self.problems.append(f"'{name}': axis {axis} of a tensor of rank {len(shape)}")
                continue
            extent = shape[axis]
            if not keep or keep != sorted(set(keep)) or keep[0] < 0 or keep[-1] >= extent:
                self.problems.append(f"'{name}': keep is empty, unsorted or beyond {extent}")
                continue
            mask = np.full(extent, REMOVED, np.int8)
            mask[keep] = KEPT
            fill = np.zeros(extent, np.float32)
            for k, v in (e.get("fill") or {}).items():
                if not 0 <= int(k) < extent or mask[int(k)] == KEPT:
                    self.problems.append(f"'{name}': fill of channel {k}, which is kept or absent")
                    continue
                fill[int(k)] = v
            form = [1] * len(shape)
            form[axis] = extent
            listed[name] = (np.broadcast_to(mask.reshape(form), shape),
                            np.broadcast_to(fill.reshape(form), shape))
        return listed

    # ------------------------------------------------------------ propagation

    def state(self, name):
        if name in self.states:
            return self.states[name]
        return np.full(self.shape(name), KEPT, np.int8)

    def fill(self, name):
        return self.fills.get(name, np.zeros(1, np.float32))

    def _visit(self, index, node):
        for o in node.output:
            if o in self.listed and o not in self.constants:
                break
        else:
            if not any(i in self.states for i in node.input):
                return
        out = self._transfer(index, node)
        for k, name in enumerate(node.output):
            if not name:
                continue
            state, fill = out.get(k, (None, None))
            if name in self.listed:
                mask, constant = self.listed[name]
                if state is not None and ((state == REMOVED) & (mask == KEPT)).any():
                    self.problems.append(f"'{name}' keeps channels that its inputs lost")
                state = np.where(mask == REMOVED, REMOVED, KEPT if state is None else state)
                fill = constant if fill is None else np.where(constant != 0, constant, fill)
            if state is not None and not (state == KEPT).all():
                self.states[name] = np.asarray(state, np.int8)
                if fill is not None and np.any(fill):
                    self.fills[name] = np.broadcast_to(np.asarray(fill, np.float32), state.shape)

    def _transfer(self, index, node):
        op = node.op_type if node.domain in ("", "ai.onnx") else "?"
        x = node.input[0] if node.input else None
        shape = self.shape(node.output[0])
        if op in ("Conv", "ConvTranspose"):
            return self._convolution(index, node, shape)
        if op in UNARY:
            return {0: (self.state(x), self.fill(x))}
        if op in BINARY:
            return {0: self._meet(node, shape)}
        if op in POOL:
            return {0: (self._per_channel(self.state(x), shape),
                        self._per_channel(self.fill(x), shape))}
        if op == "Pad":
            return {0: (self._pad(node, self.state(x), FREE), self._pad(node, self.fill(x), 0))}
        if op in LAYOUT:
            states = self._run_on(node, self.state)
            fills = (self._run_on(node, lambda n: np.broadcast_to(self.fill(n), self.shape(n)))
                     if any(i in self.fills for i in node.input) else [None] * len(states))
            return {k: (np.rint(s).astype(np.int8), f)
                    for k, (s, f) in enumerate(zip(states, fills))}
        if op in REDUCE:
            reduced = self._reduce(node, shape)
            if reduced is not None:
                return {0: reduced}
        if op == "GroupNormalization" and self._loses_whole_groups(node):
            return {0: (self.state(x), self.fill(x))}
        if op == "Shape":
            return {}
        self._mask_inputs(index, node, exact=op in ("Gemm", "MatMul"))
        return {}

    @staticmethod
    def _per_channel(array, shape):
        """The state of each channel spread over another spatial extent."""
        if array.ndim < 2:
            return np.broadcast_to(array, shape)
        first = array[(slice(None), slice(None)) + (slice(0, 1),) * (array.ndim - 2)]
        return np.broadcast_to(first, shape)

    def _convolution(self, index, node, shape):
        x, w = node.input[0], self.shape(node.input[1])
        channels, group = self.shape(x)[1], attributes(node).get("group", 1)
        depthwise = (node.op_type == "Conv" and group == channels and w[1] == 1 and group > 1
                     and node.input[1] in self.constants)
        if not depthwise:
            self._mask_inputs(index, node, exact=False)
            return {}
        state = np.repeat(self._per_channel(self.state(x), self.shape(x)), w[0] // channels, 1)
        fill = self.fill(x)
        if fill.ndim > 1:
            fill = self._per_channel(np.repeat(fill, w[0] // channels, 1), shape)
        return {0: (self._per_channel(state, shape), fill)}

    def _meet(self, node, shape):
        """Element-wise meeting: a position leaves when every operand that varies there lost it."""
        names = [i for i in node.input if i and i not in self.constants]
        states = [self.state(n) for n in names]
        lost = np.zeros(shape, bool)
        for s in states:
            lost |= np.broadcast_to(s == REMOVED, shape)
        varies = {a for a in range(len(shape))
                  if (lost != lost.take([0], axis=a)).any()}
        kept = np.zeros(shape, bool)
        free = np.ones(shape, bool)
        for s in states:
            padded = (1,) * (len(shape) - s.ndim) + s.shape
            free &= np.broadcast_to(s == FREE, shape)
            if not any(padded[a] == 1 and shape[a] > 1 for a in varies):
                kept |= np.broadcast_to(s == KEPT, shape)
        if (lost & kept).any():
            text = f"{node.op_type} '{node.output[0]}' meets kept with removed channels"
            (self.notes if node.op_type == "Mul" else self.problems).append(text)
            lost &= ~kept if node.op_type != "Mul" else True
        fills = [np.broadcast_to(self.fills[n], shape) for n in names if n in self.fills]
        fill = None
        if fills:
            fill = fills[0]
            for other in fills[1:]:
                fill = np.where(fill == 0, other, fill)
                if (np.abs(fill - other) > 1e-6 * np.abs(fill)).any():
                    self.notes.append(f"'{node.output[0]}': partners name different fills")
        return np.where(lost, REMOVED, np.where(free, FREE, KEPT)), fill

    def _loses_whole_groups(self, node):
        """Whether every normalisation group keeps all or none of its channels."""
        state = self._per_channel(self.state(node.input[0]), self.shape(node.input[0]))
        lost = (state[0].reshape(state.shape[1], -1)[:, 0] == REMOVED)
        groups = lost.reshape(attributes(node)["num_groups"], -1)
        return bool((groups == groups[:, :1]).all())

    def _pad(self, node, array, constant):
        a = attributes(node)
        rank = len(self.shape(node.input[0]))
        pads = [int(p) for p in (a["pads"] if "pads" in a else self.value(node.input[1]))]
        axes = ([int(i) for i in self.value(node.input[3])]
                if len(node.input) > 3 and node.input[3] else list(range(rank)))
        array = np.broadcast_to(array, self.shape(node.input[0]))
        for k, axis in enumerate(axes):
            low, high = pads[k], pads[k + len(axes)]
            cut = slice(max(0, -low), array.shape[axis] - max(0, -high))
            array = array[(slice(None),) * axis + (cut,)]
            width = [(0, 0)] * rank
            width[axis] = (max(0, low), max(0, high))
            if any(width[axis]):
                same = (array == array.take([0], axis=axis)).all()
                array = (np.pad(array, width, mode="edge") if same
                         else np.pad(array, width, constant_values=constant))
        return array

    def _reduce(self, node, shape):
        """A reduction over axes along which nothing was lost; None when it mixes channels."""
        state, fill = self.state(node.input[0]), self.fill(node.input[0])
        a = attributes(node)
        axes = a.get("axes")
        if axes is None and len(node.input) > 1 and node.input[1]:
            axes = self.value(node.input[1])
        if axes is None or not len(axes):
            return None
        for axis in sorted((int(i) % state.ndim for i in axes), reverse=True):
            first = state.take([0], axis=axis)
            if (state != first).any():
                return None
            state = first
            if fill.ndim > 1:
                fill = fill.take([0], axis=axis)
        return state.reshape(shape), fill.reshape(shape) if fill.ndim > 1 else fill

    def _run_on(self, node, of):
        """Runs a layout node on arrays that stand in for its activations."""
        arrays = {}
        for k, name in enumerate(node.input):
            if not name:
                continue
            moved = k == 0 or node.op_type == "Concat"
            arrays[name] = of(name).astype(np.float32) if moved else self.value(name)
        inputs = [helper.make_tensor_value_info(
            n, helper.np_dtype_to_tensor_dtype(np.asarray(v).dtype), np.shape(v))
            for n, v in arrays.items()]
        outputs = [helper.make_tensor_value_info(o, onnx.TensorProto.FLOAT, None)
                   for o in node.output]
        graph = helper.make_graph([node], "layout", inputs, outputs)
        m = helper.make_model(graph, opset_imports=self.model.opset_import)
        m.ir_version = self.model.ir_version
        return quiet_session(m, optimise=False).run(
            None, {n: np.asarray(v) for n, v in arrays.items()})

    # ---------------------------------------------------------------- masking

    def _mask_inputs(self, index, node, exact):
        for k, name in enumerate(node.input):
            if name in self.states and (self.states[name] == REMOVED).any():
                self.edits.append((index, k, name))
                if exact or name not in self.fills:
                    continue
                if node.op_type == "Conv" and k == 0 and node.input[1] in self.constants:
                    self.deltas.append((index, self._bias_of_fill(node, name)))
                else:
                    self.problems.append(f"'{name}': fill read by {node.op_type}: not understood")
        if node.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
            self.notes.append(f"{node.op_type} '{node.output[0]}' reads removed channels as zero")

    def _bias_of_fill(self, node, name):
        """What the fills add to a convolution's outputs, a bias that zero padding doesn't thin."""
        w = self.value(node.input[1]).astype(np.float64)
        w = w.reshape(w.shape[0], w.shape[1], -1).sum(2)
        lost = self._per_channel(self.states[name], self.shape(name)) == REMOVED
        fill = np.where(lost, self.fills[name], 0)[0].reshape(self.shape(name)[1], -1)[:, 0]
        group = attributes(node).get("group", 1)
        rows, width = w.shape[0] // group, w.shape[1]
        return np.array([w[o] @ fill[o // rows * width:(o // rows + 1) * width]
                         for o in range(w.shape[0])])

    def masked_model(self):
        """A copy of the model with a mask in front of every reader that mixes removed channels."""
        m = onnx.ModelProto()
        m.CopyFrom(self.model)
        nodes, before, after = list(m.graph.node), {}, {}
        biased = {i for i, _ in self.deltas}
        for index, k, name in self.edits:
            fill = None if index in biased else self.fills.get(name)
            key = (name, fill is not None)
            if key not in self.masked:
                self.masked[key] = f"{name}__masked{len(self.masked)}"
                before.setdefault(index, []).extend(
                    self._mask_nodes(m, name, self.masked[key], fill))
            nodes[index].input[k] = self.masked[key]
        for index, delta in self.deltas:
            node = nodes[index]
            inner, constant = node.output[0] + "__unfilled", node.output[0] + "__fill"
            rank = len(self.shape(node.output[0]))
            form = delta.astype(self.value(node.output[0]).dtype)
            m.graph.initializer.append(numpy_helper.from_array(
                form.reshape([1, -1] + [1] * (rank - 2)), constant))
            after[index] = [helper.make_node("Add", [inner, constant], [node.output[0]])]
            node.output[0] = inner
        del m.graph.node[:]
        for i, node in enumerate(nodes):
            m.graph.node.extend(before.get(i, []) + [node] + after.get(i, []))
        return m

    def _mask_nodes(self, m, name, result, fill):
        dtype = self.value(name).dtype
        lost = self.states[name] == REMOVED
        mask = compact(np.where(lost, 0, 1).astype(dtype))
        m.graph.initializer.append(numpy_helper.from_array(mask, result + "_mask"))
        if fill is None:
            return [helper.make_node("Mul", [name, result + "_mask"], [result])]
        constant = compact(np.where(lost, fill, 0).astype(dtype))
        m.graph.initializer.append(numpy_helper.from_array(constant, result + "_fill"))
        return [helper.make_node("Mul", [name, result + "_mask"], [result + "_kept"]),
                helper.make_node("Add", [result + "_kept", result + "_fill"], [result])]


def compact(array):
    """Drops the extent of every axis along which an array is constant."""
    for axis in range(array.ndim):
        first = array.take([0], axis=axis)
        if array.shape[axis] > 1 and (array == first).all():
            array = first
    return np.ascontiguousarray(array)
