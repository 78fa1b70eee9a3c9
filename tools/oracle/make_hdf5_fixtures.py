#!/usr/bin/env python3
"""Write the tiny HDF5 files that ECHDF5Tests reads, with h5py.

    make_hdf5_fixtures.py OUTDIR        normally fixtures/hdf5

Every number array holds value k at row-major position k (times a stated scale), so that a test
needs no second copy of the numbers.
"""
import os
import sys

import h5py
import numpy as np


def ramp(shape, dtype="<f4", scale=1.0):
    return (np.arange(int(np.prod(shape))) * scale).reshape(shape).astype(dtype)


def text(kind, length=None, pad=h5py.h5t.STR_NULLPAD, cset=h5py.h5t.CSET_ASCII):
    t = h5py.h5t.C_S1.copy()
    t.set_size(h5py.h5t.VARIABLE if kind == "variable" else length)
    if kind != "variable":
        t.set_strpad(pad)
    t.set_cset(cset)
    return t


def raw_attribute(obj, name, type_id, value, shape=()):
    space = (h5py.h5s.create(h5py.h5s.SCALAR) if shape == ()
             else h5py.h5s.create_simple(shape))
    a = h5py.h5a.create(obj.id, name.encode(), type_id, space)
    a.write(value, mtype=type_id)


def attributes(path):
    with h5py.File(path, "w") as f:
        f.attrs["variable_utf8"] = "größe"
        f.attrs.create("variable_ascii", "plain", dtype=h5py.string_dtype("ascii"))
        f.attrs["fixed_nullpad"] = np.bytes_("fixed")
        raw_attribute(f, "fixed_padded", text("fixed", 12), np.array(b"padded", "S12"))
        raw_attribute(f, "fixed_space", text("fixed", 12, h5py.h5t.STR_SPACEPAD),
                      np.array(b"spaced      ", "S12"))
        raw_attribute(f, "fixed_nullterm", text("fixed", 12, h5py.h5t.STR_NULLTERM),
                      np.array(b"ended\0xyz", "S12"))
        raw_attribute(f, "fixed_utf8", text("fixed", 8, cset=h5py.h5t.CSET_UTF8),
                      np.array("größe".encode(), "S8"))
        raw_attribute(f, "one_element", text("fixed", 5), np.array([b"alone"], "S5"), (1,))
        f.attrs["null"] = h5py.Empty(h5py.string_dtype())
        f.attrs["number"] = np.int64(3)
        f.attrs["list_fixed"] = np.array([b"a", b"conv/kernel:0", b"bc"])
        f.attrs["list_variable"] = np.array(["a", "größe", "bc"], dtype=h5py.string_dtype())
        f.attrs["list_empty"] = np.zeros((0,))
        f.attrs["list_numbers"] = np.arange(3)
        f.attrs["chunked0"] = np.array([b"one", b"two"])
        f.attrs["chunked1"] = np.array([b"three"])
        f.attrs["chunked2"] = np.array([b"four"])
        f.attrs["long_variable"] = "j" * 20000


def datasets(path):
    with h5py.File(path, "w") as f:
        f.create_dataset("plain", data=ramp((2, 3, 4)))
        f.create_dataset("big_endian", data=ramp((5,), ">f4"))
        f.create_dataset("half", data=ramp((3, 3), "<f2", 0.5))
        f.create_dataset("double", data=ramp((3, 3), "<f8", 0.25))
        f.create_dataset("integer", data=np.int64(1 << 40))
        f.create_dataset("bytes", data=ramp((7,), "u1"))
        f.create_dataset("scalar", data=np.float32(1.5))
        f.create_dataset("chunked", data=ramp((6, 4)), chunks=(4, 3))
        f.create_dataset("packed", data=ramp((40, 20)), chunks=(16, 20), compression="gzip",
                         compression_opts=6, shuffle=True, fletcher32=True)
        f.create_dataset("packed_big_endian", data=ramp((40,), ">f4"), chunks=(16,),
                         compression="gzip")
        f.create_dataset("lzf", data=ramp((64,)), chunks=(64,), compression="lzf")
        f.create_dataset("compact", data=ramp((4,)), dcpl=compact())
        f.create_dataset("empty", shape=(0, 4), dtype="<f4")
        f.create_dataset("words", data=np.array([b"x", b"y"]))
        odd = h5py.h5t.STD_I32LE.copy()
        odd.set_precision(24)
        h5py.h5d.create(f.id, b"odd_precision", odd, h5py.h5s.create_simple((4,)))
        f.create_dataset("huge", shape=(1 << 20, 1 << 18), dtype="<f4")
        f.create_dataset("huge_chunked", shape=(1 << 20, 1 << 18), dtype="<f4", chunks=(8, 8))
        f.create_dataset("expanded/depthwise/kernel:0", data=ramp((3,)))
        f.create_dataset("expanded/depthwise/BatchNorm/gamma:0", data=ramp((2,)))
        f["shared"] = f["plain"]


def compact():
    p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    p.set_layout(h5py.h5d.COMPACT)
    return p


def links(path):
    with h5py.File(path, "w") as f:
        f.create_dataset("real/values", data=ramp((3,)))
        f["soft"] = h5py.SoftLink("/real/values")
        f["soft_group"] = h5py.SoftLink("/real")
        f["dangling"] = h5py.SoftLink("/nowhere")
        f["loop"] = h5py.SoftLink("/loop")
        f["outside"] = h5py.ExternalLink("datasets.h5", "/plain")
        f["outside_group"] = h5py.ExternalLink("datasets.h5", "/expanded")
        f["soft_to_outside"] = h5py.SoftLink("/outside")
        f.create_dataset("stored_outside", shape=(4,), dtype="<f4",
                         external=[("datasets.h5", 2048, 16)])
        layout = h5py.VirtualLayout((3,), "<f4")
        layout[:] = h5py.VirtualSource("datasets.h5", "big_endian", (3,))
        f.create_virtual_dataset("assembled", layout)


def latest(path):
    with h5py.File(path, "w", libver="latest") as f:
        f.attrs["layer_names"] = np.array([b"conv"])
        g = f.create_group("model/conv")
        g.create_dataset("kernel", data=ramp((3, 3)))
        g.create_dataset("growing", data=ramp((6, 2)), chunks=(2, 2), maxshape=(None, 2))


def user_block(path):
    with h5py.File(path, "w", userblock_size=512) as f:
        f.create_dataset("values", data=ramp((3,)))
    with open(path, "r+b") as f:
        f.write(b"#!/bin/sh\n")


def truncated(path):
    whole = path + ".whole"
    datasets(whole)
    with open(whole, "rb") as s, open(path, "wb") as d:
        d.write(s.read()[:3000])
    os.remove(whole)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    h5py.get_config().track_order = False
    for make in (attributes, datasets, links, latest, user_block, truncated):
        make(os.path.join(out, make.__name__ + ".h5"))
    with open(os.path.join(out, "not_hdf5.h5"), "wb") as f:
        f.write(b"PK\3\4 this is no HDF5 file\n")


if __name__ == "__main__":
    main()
