"""Ways to break a file, each a function of its bytes and a seeded random generator."""

import copy
import io
import json
import re
import struct
import warnings
import zipfile
import zlib

import protobuf

INTERESTING = [
    0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256, 511, 512, 1000, 1023, 1024,
    4096, 32767, 32768, 65535, 65536, 1 << 20, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1,
    1 << 32, 1 << 40, (1 << 48) - 1, (1 << 62), (1 << 63) - 1, 1 << 63, (1 << 64) - 1,
    (1 << 64) - 2, (1 << 64) - 8, (1 << 64) // 3,
]

# What marks the structures of the formats; weights, which nothing depends on, lie elsewhere.
MARKS = re.compile(
    rb"\x89HDF|TREE|HEAP|SNOD|GCOL|OHDR|OCHK|FRHP|FHDB|FHIB|BTHD|BTLF|BTIN|FSHD|FSSE|SMTB"
    rb"|PK\x01\x02|PK\x03\x04|PK\x05\x06|PK\x06\x06|\x93NUMPY|IHDR|IDAT|PLTE|tRNS|\xff[\xc0-\xfe]"
)


def _places(data):
    return [found.start() for found in MARKS.finditer(data)]


def place(data, random, places):
    """An offset, mostly close behind a mark."""
    if places and random.random() < 0.7:
        near = random.choice(places) + min(int(random.expovariate(1 / 40)), 600)
        return min(near, len(data) - 1)
    return random.randrange(len(data))


def flip_bits(data, random, at):
    data[at] ^= 1 << random.randrange(8)


def overwrite_run(data, random, at):
    count = random.choice([1, 2, 4, 8, 16, 64, 300])
    fill = random.choice([b"\x00", b"\xff", None])
    run = fill * count if fill else random.randbytes(count)
    data[at : at + count] = run[: len(data) - at]


def put_number(data, random, at):
    width = random.choice([1, 2, 4, 8])
    order = random.choice(["little", "little", "big"])
    number = random.choice(INTERESTING) & ((1 << (8 * width)) - 1)
    data[at : at + width] = number.to_bytes(width, order)[: len(data) - at]


def change_number(data, random, at):
    """Adds a little to, or enlarges, the number that stands at a place."""
    width = random.choice([1, 2, 4, 8])
    number = int.from_bytes(data[at : at + width], "little")
    number = random.choice([number + 1, number - 1, number * 2, number + 8, number << 8, -number])
    data[at : at + width] = (number & ((1 << (8 * width)) - 1)).to_bytes(width, "little")[
        : len(data) - at
    ]


def copy_block(data, random, at):
    count = random.choice([4, 8, 16, 40, 128, 512])
    source = random.randrange(len(data))
    data[at : at + count] = data[source : source + count][: len(data) - at]


def insert_block(data, random, at):
    source = random.randrange(len(data))
    data[at:at] = data[source : source + random.choice([1, 2, 4, 8, 24, 128])]


def delete_block(data, random, at):
    del data[at : at + random.choice([1, 2, 4, 8, 24, 128])]


IN_PLACE = [flip_bits, flip_bits, overwrite_run, put_number, put_number, change_number, copy_block]


def any_bytes(data, random):
    """Byte changes that know nothing of a format but its marks."""
    if not data:
        return b"\x00"
    if random.random() < 0.08:
        return data[: random.randrange(len(data))]
    places, data = _places(data), bytearray(data)
    for _ in range(random.choice([1, 1, 1, 2, 3, 8])):
        way = random.choice(IN_PLACE)
        if random.random() < 0.06:
            way = random.choice([insert_block, delete_block])
        way(data, random, place(data, random, places))
        if not data:
            return b""
    return bytes(data)


# JSON


def _slots(value, found):
    """All places of a JSON value, as pairs of a container and a key."""
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = range(len(value))
    else:
        return found
    for key in keys:
        found.append((value, key))
        _slots(value[key], found)
    return found


def _deep(random):
    value = 0
    for _ in range(random.choice([5, 400, 600])):
        value = [value] if random.random() < 0.5 else {"config": value}
    return value


def _other(value, random, slots):
    choice = random.random()
    if choice < 0.3:
        container, key = random.choice(slots)
        return copy.deepcopy(container[key])
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)) and choice < 0.85:
        number = random.choice(INTERESTING)
        return random.choice([number, -number, number / 3, value + 1, value - 1, -value, 1e308])
    if isinstance(value, str) and choice < 0.85:
        return random.choice(
            ["", value + "x", value[1:], value[::-1], "\u0000", "/", "../" + value, "é" * 9, value * 9]
        )
    if isinstance(value, list) and choice < 0.85:
        return random.choice([value[1:], value[:-1], value + value, value[::-1], [value], []])
    return random.choice([None, True, 0, -1, 1 << 62, 0.5, "", "same", [], [0], {}, [[]], _deep(random)])


def json_tree(value, random):
    """Changes a few places of a JSON value."""
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        slots = _slots(value, [])
        if not slots:
            return value
        container, key = random.choice(slots)
        choice = random.random()
        if choice < 0.15:
            del container[key]
        elif choice < 0.25 and isinstance(container, dict):
            container[random.choice(list(container))] = copy.deepcopy(container[key])
        elif choice < 0.3 and isinstance(container, list):
            container.insert(random.randrange(len(container)), copy.deepcopy(container[key]))
        else:
            container[key] = _other(container[key], random, slots)
    return value


def json_text(data, random):
    """Changes the values, or the bytes, of a JSON text."""
    try:
        if random.random() < 0.7:
            value = json_tree(json.loads(data), random)
            return json.dumps(value).encode()
    except (ValueError, RecursionError):
        pass
    return any_bytes(data, random)


def embedded_json(data, random):
    """Changes a JSON text inside a binary file without moving what stands behind it."""
    starts = [found.start() for found in re.finditer(rb'\{"', data)]
    for start in starts[:1] or []:
        text = data[start:].split(b"\x00")[0].decode("utf-8", "ignore")
        try:
            value, end = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            continue
        room = len(text[:end].encode())
        for _ in range(4):
            changed = json.dumps(json_tree(value, random), separators=(",", ":")).encode()
            if len(changed) <= room:
                return data[:start] + changed.ljust(room) + data[start + room :]
    return None


# Tables and YAML

WORDS = [
    "", " ", "0", "-1", "1e308", "nan", "~", "null", "yes", "no", "true", '"', "'", '""', ",", ";", "\t", "\r",
    "\x00", "\ufeff", "é", "../x", "/etc/passwd", "/dev/zero", ".", "..", "//", "*", "&a", "*a", "<<: *a",
    "!!binary x", "!!python/object/apply:os.system [ls]", "? ", "- ", ": ", "|", ">-", "{", "}", "[", "]",
    "[" * 2000, "{a: " * 700, "---", "...", "%YAML 9.9", "# ", "train", "val", "label", "path", "x" * 70000,
]


def lines(data, random):
    """Changes lines, and the words in them, of a table or a YAML text; or any bytes."""
    if random.random() < 0.3:
        return any_bytes(data, random)
    rows = data.decode("utf-8", "surrogateescape").split("\n")
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        place, choice = random.randrange(len(rows)), random.random()
        if choice < 0.1 and len(rows) > 1:
            del rows[place]
        elif choice < 0.2:
            rows.insert(random.randrange(len(rows)), rows[place])
        elif choice < 0.3:
            rows[place] = " " * random.choice([1, 2, 9, 3000]) + rows[place]
        elif choice < 0.4:
            rows.insert(place, random.choice(WORDS))
        else:
            parts = re.split(r"([,;:\s\[\]{}]+)", rows[place])
            part = random.randrange(len(parts))
            parts[part] = random.choice([random.choice(WORDS), parts[part] * 2, ""])
            rows[place] = "".join(parts)
    return "\n".join(rows).encode("utf-8", "surrogateescape")


# The formats


def hdf5(data, random):
    if random.random() < 0.3:
        changed = embedded_json(data, random)
        if changed is not None:
            return changed
    return any_bytes(data, random)


def _zip(entries, random):
    out = io.BytesIO()
    method = random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as archive:
        warnings.simplefilter("ignore")  # names that stand twice are meant
        for name, payload in entries:
            archive.writestr(zipfile.ZipInfo(name), payload, compress_type=method)
    return out.getvalue()


def _enlarged_sizes(data, random):
    """Writes another size into a zip directory."""
    data = bytearray(data)
    records = [found.start() for found in re.finditer(rb"PK\x01\x02|PK\x03\x04", data)]
    if records:
        start = random.choice(records)
        field = start + (random.choice([20, 24, 42]) if data[start + 2] == 1 else 18)
        size = random.choice([0, 1, 1 << 16, 1 << 28, 1 << 30, (1 << 31) - 1, (1 << 32) - 1])
        struct.pack_into("<I", data, min(field, len(data) - 4), size)
    return bytes(data)


def archive(data, random, inner):
    """Changes an entry of a zip archive by its own format, or the archive itself."""
    choice = random.random()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            entries = [(entry.filename, opened.read(entry)) for entry in opened.infolist()]
    except Exception:  # whatever is wrong with it, it's no archive
        return any_bytes(data, random)
    if choice < 0.15:
        return _enlarged_sizes(data, random)
    if choice < 0.35 or not entries:
        return any_bytes(data, random)
    place = random.randrange(len(entries))
    name, payload = entries[place]
    if choice < 0.42:
        name = random.choice(["../" + name, "/" + name, name + "\\..\\x", "", name + "/", "a" * 70000])
        entries[place] = (name[:65535], payload)
    elif choice < 0.46:
        entries.append(entries[place] if random.random() < 0.5 else ("x", b""))
    elif choice < 0.5:
        del entries[place]
    else:
        entries[place] = (name, inner(name)(payload, random))
    return _zip(entries, random)


def keras(data, random):
    return archive(data, random, lambda name: json_text if name.endswith(".json") else hdf5)


def npz(data, random):
    return archive(data, random, lambda name: npy)


def npy(data, random):
    """Changes the header of an array, or any bytes."""
    header = re.search(rb"\{[^}]*\}", data[:400])
    if not header or random.random() < 0.4:
        return any_bytes(data, random)
    text = header.group().decode("latin-1")
    numbers = list(re.finditer(r"\d+", text))
    if numbers and random.random() < 0.6:
        found = random.choice(numbers)
        text = text[: found.start()] + str(random.choice(INTERESTING)) + text[found.end() :]
    else:
        text = text.replace(*random.choice([("<f4", "<f8"), ("<f4", "|O"), ("(", "(-"), (",", "")]))
    return data[: header.start()] + text.encode("latin-1") + data[header.end() :]


def mat(data, random):
    """Changes what a packed variable of a MATLAB file holds, its size, or any bytes."""
    starts = [found.start() for found in re.finditer(rb"\x0f\x00\x00\x00....\x78", data, re.DOTALL)]
    if not starts or random.random() < 0.4:
        return any_bytes(data, random)
    start = random.choice(starts)
    (size,) = struct.unpack_from("<I", data, start + 4)
    try:
        inner = zlib.decompress(data[start + 8 : start + 8 + size])
    except zlib.error:
        return any_bytes(data, random)
    changed = any_bytes(inner, random)
    if random.random() < 0.1:
        changed += bytes(random.choice([1 << 16, 80 << 20]))
    packed = zlib.compress(changed, 9)
    stated = len(packed) if random.random() < 0.9 else random.choice(INTERESTING) & 0xFFFFFFFF
    head = b"\x0f\x00\x00\x00" + struct.pack("<I", stated)
    return data[:start] + head + packed + data[start + 8 + size :]


def _field(field, random, siblings):
    if field.wire == 0:
        small = field.value + random.choice([-1, 1])
        field.value = random.choice([small, random.choice(INTERESTING), random.randrange(32)])
    elif field.kind:
        field.value = random.choice([[], field.value * 2, field.value[::-1], field.value[:-1]])
    elif field.value and random.random() < 0.5:
        others = [other.value for other in siblings if other.wire == 2 and not other.kind]
        field.value = random.choice(others or [b""])
    elif isinstance(field.value, bytes) and len(field.value) < 5000:
        changed = any_bytes(field.value, random)
        field.value = changed if field.wire == 2 else changed[: len(field.value)].ljust(len(field.value))


def onnx(data, random):
    """Changes fields of the messages, or any bytes."""
    if random.random() < 0.35:
        return any_bytes(data, random)
    try:
        tree = protobuf.read(data)
    except (ValueError, IndexError, RecursionError):
        return any_bytes(data, random)
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        messages = [fields for fields in protobuf.lists(tree) if fields]
        if not messages:
            break
        fields = random.choice(messages)
        place = random.randrange(len(fields))
        choice = random.random()
        if choice < 0.15:
            del fields[place]
        elif choice < 0.25:
            fields.insert(random.randrange(len(fields)), fields[place].copy())
        elif choice < 0.3:
            random.shuffle(fields)
        elif choice < 0.36:
            other = random.choice(random.choice(messages))
            fields.insert(place, other.copy())
        else:
            strangers = random.choice(messages)
            _field(fields[place], random, fields + strangers)
    return protobuf.write(tree)
