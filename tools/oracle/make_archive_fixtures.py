"""Writes the zip archives under fixtures/archive with Python's zipfile, sound ones and broken ones."""
import io
import pathlib
import struct
import warnings
import zipfile

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "archive"
DATE = (1980, 1, 1, 0, 0, 0)


def archive(entries, method=zipfile.ZIP_STORED):
    """The bytes of an archive of (name, bytes) pairs."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, data in entries:
            file.writestr(zipfile.ZipInfo(name, DATE), data, method)
    return target.getvalue()


def patched(data, signature, offset, value):
    """The archive with a 32-bit number changed at an offset after the last such signature."""
    at = data.rindex(signature) + offset
    return data[:at] + struct.pack("<I", value) + data[at + 4:]


def main():
    FOLDER.mkdir(exist_ok=True)
    ramp = bytes(range(256)) * 16
    good = archive([("config.json", b"{}"), ("assets/", b""), ("model.weights.h5", ramp)])
    deflated = archive([("config.json", b"{}"), ("model.weights.h5", ramp)], zipfile.ZIP_DEFLATED)
    central = b"PK\x01\x02"
    files = {
        "stored": good,
        "deflated": deflated,
        "empty": archive([]),
        "truncated": good[: len(good) // 2],
        "parent": archive([("config.json", b"{}"), ("../outside", b"x")]),
        "absolute": archive([("/outside", b"x")]),
        "duplicate": archive([("config.json", b"{}"), ("config.json", b"[]")]),
        # claims 3 GB in some 60 packed bytes
        "bomb": patched(deflated, central, 24, 3_000_000_000),
        # claims more stored bytes than the file has
        "beyond": patched(patched(good, central, 20, 1 << 20), central, 24, 1 << 20),
        "method": archive([("config.json", b"{}")], zipfile.ZIP_LZMA),
        # general purpose flag 1: encrypted
        "encrypted": archive([("config.json", b"{}")]).replace(
            central + struct.pack("<HHH", 0x0314, 20, 0), central + struct.pack("<HHH", 0x0314, 20, 1)),
        "checksum": patched(good, central, 16, 0xDEADBEEF),
    }
    for name, data in files.items():
        (FOLDER / f"{name}.zip").write_bytes(data)


if __name__ == "__main__":
    main()
