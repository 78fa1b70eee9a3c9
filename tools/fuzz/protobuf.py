"""A protobuf message as a tree that can be changed and written again, for ONNX files."""

# The fields of each ONNX message that hold messages themselves.
NESTED = {
    "Model": {7: "Graph", 8: "OperatorSet", 14: "Entry", 25: "Function"},
    "Graph": {1: "Node", 5: "Tensor", 11: "Value", 12: "Value", 13: "Value", 15: "Sparse"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 14: "Type", 22: "Sparse"},
    "Sparse": {1: "Tensor", 2: "Tensor"},
    "Tensor": {3: "Segment", 13: "Entry"},
    "Value": {2: "Type"},
    "Type": {1: "TensorType", 4: "SequenceType", 5: "MapType"},
    "TensorType": {2: "Shape"},
    "SequenceType": {1: "Type"},
    "MapType": {2: "Type"},
    "Shape": {1: "Dimension"},
    "Function": {7: "Node", 9: "OperatorSet", 11: "Attribute", 12: "Value"},
}


def varint(number):
    """The bytes of a number that is written seven bits at a time."""
    number &= (1 << 64) - 1
    text = bytearray()
    while number > 0x7F:
        text.append(number & 0x7F | 0x80)
        number >>= 7
    text.append(number)
    return bytes(text)


def read_varint(data, at):
    """A number and the offset behind it."""
    number = 0
    for k in range(10):
        byte = data[at + k]
        number |= (byte & 0x7F) << (7 * k)
        if byte < 0x80:
            return number, at + k + 1
    raise ValueError("a number of more than ten bytes")


class Field:
    """A field: `value` is a number, bytes, or the list of fields of the message `kind`."""

    def __init__(self, number, wire, value, kind=None):
        self.number, self.wire, self.value, self.kind = number, wire, value, kind

    def copy(self):
        value = [field.copy() for field in self.value] if self.kind else self.value
        return Field(self.number, self.wire, value, self.kind)

    def bytes(self):
        tag = varint(self.number << 3 | self.wire)
        if self.wire == 0:
            return tag + varint(self.value)
        if self.wire == 2:
            payload = write(self.value) if self.kind else self.value
            return tag + varint(len(payload)) + payload
        return tag + self.value


def read(data, kind="Model"):
    """The fields of a message; raises for bytes that are none."""
    fields, at = [], 0
    while at < len(data):
        tag, at = read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        inner = None
        if wire == 0:
            value, at = read_varint(data, at)
        else:
            count = {1: 8, 5: 4}.get(wire)
            if wire == 2:
                count, at = read_varint(data, at)
            if count is None or at + count > len(data):
                raise ValueError("not a message")
            value, at = data[at : at + count], at + count
            inner = NESTED.get(kind, {}).get(number) if wire == 2 else None
            if inner:
                value = read(value, inner)
        fields.append(Field(number, wire, value, inner))
    return fields


def write(fields):
    """The bytes of a message."""
    return b"".join(field.bytes() for field in fields)


def lists(fields):
    """All lists of fields in a tree, the outermost first."""
    found = [fields]
    for field in fields:
        if field.kind:
            found += lists(field.value)
    return found
