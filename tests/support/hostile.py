"""Files of a cell as nobody writes them, made from the good ones: each a function of a path."""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

Damage = Callable[[Path], None]


def _header(text: str, version: tuple[int, int] = (1, 0), length: int | None = None) -> bytes:
    """The start of an npy file with any header."""
    data = text.encode("latin1")
    n_bytes = len(data) if length is None else length
    return (
        b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version == (1, 0) else "<I", n_bytes)
    ) + data


def _with_member(name: str, content: bytes) -> Damage:
    """The archive with other bytes in one array's place."""

    def damage(path: Path) -> None:
        with zipfile.ZipFile(path) as file:
            members = {info.filename: file.read(info) for info in file.infolist()}
        with zipfile.ZipFile(path, "w") as file:
            for member, data in (members | {f"{name}.npy": content}).items():
                file.writestr(member, data)

    return damage


def _npy(values) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=True)
    return buffer.getvalue()


def _array(name: str, values) -> Damage:
    return _with_member(name, _npy(values))


def _shape(name: str, shape: str, descr: str = "'<f4'", values: bytes = b"\0" * 64) -> Damage:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n"
    return _with_member(name, _header(header) + values)


def _cut(share: float) -> Damage:
    def damage(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return damage


def _bytes(content: bytes) -> Damage:
    return lambda path: path.write_bytes(content)


def _flip(at: float) -> Damage:
    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[int(len(content) * at)] ^= 0xFF
        path.write_bytes(bytes(content))

    return damage


def _bomb(path: Path) -> None:
    """300 kB that declare, and hold, 300 million bytes."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file,
        file.open("templates.npy", "w", force_zip64=True) as stream,
    ):
        stream.write(_header("{'descr': '|u1', 'fortran_order': False, 'shape': (300000000,), }\n"))
        for _ in range(300):
            stream.write(b"\0" * 1_000_000)


def _lying_size(path: Path) -> None:
    """The list of members declares a terabyte."""
    content = bytearray(path.read_bytes())
    at = content.rfind(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<II", content, at + 20, 0xFFFFFFF0, 0xFFFFFFF0)
        at = content.rfind(b"PK\x01\x02", 0, at)
    path.write_bytes(bytes(content))


def _flagged(offset: int, value: int) -> Damage:
    """Another value of a field in each member's two headers (local; central is 2 later)."""

    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        for mark, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
            at = content.find(mark)
            while at >= 0:
                struct.pack_into("<H", content, at + offset + shift, value)
                at = content.find(mark, at + 4)
        path.write_bytes(bytes(content))

    return damage


def _many_members(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as file:
        for i in range(2000):
            file.writestr(f"x{i}.npy", b"")


def _sparse(n_bytes: int) -> Damage:
    def damage(path: Path) -> None:
        with path.open("r+b") as file:
            file.truncate(n_bytes)

    return damage


def _pipe(path: Path) -> None:
    import os

    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


class _Pickled:
    def __reduce__(self):
        return (print, ("unpickled",))


_DEEP = "(" * 4000 + ")" * 4000

#: ``templates.npz`` in ways that cannot be scored.
NPZ: dict[str, Damage] = {
    "cut in half": _cut(0.5),
    "cut by its end": _cut(0.99),
    "empty": _bytes(b""),
    "text": _bytes(b"not a zip file\n"),
    "a zip of nothing": _bytes(b"PK\x05\x06" + b"\0" * 18),
    "another file's magic": _bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 400),
    "a plain npy": _bytes(_npy(np.zeros((1, 90, 384), np.float32))),
    "a flipped byte": _flip(0.5),
    "a zip bomb": _bomb,
    "declared sizes that lie": _lying_size,
    "encrypted members": _flagged(6, 1),
    "an unknown compression": _flagged(8, 77),
    "bzip2 by name only": _flagged(8, 12),
    "lzma by name only": _flagged(8, 14),
    "deflate by name only": _flagged(8, 8),
    "two thousand members": _many_members,
    "a pipe": _pipe,
    "a folder": _folder,
    "a pickle": _array("templates", np.array([_Pickled()], dtype=object)),
    "an array of strings": _array("templates", np.full((1, 90, 384), "x")),
    "a complex array": _array("templates", np.ones((1, 90, 384), complex)),
    "dates": _array("templates", np.zeros((1, 90, 384), "M8[s]")),
    "a structured array": _array("templates", np.zeros((1, 90, 384), [("a", "f4"), ("b", "f4")])),
    "truth values": _array("templates", np.ones((1, 90, 384), bool)),
    "a single number": _array("templates", np.float32(1.0)),
    "no samples": _array("templates", np.zeros((1, 0, 384), np.float32)),
    "infinite values": _array("templates", np.full((1, 90, 384), np.inf, np.float32)),
    "values out of all bounds": _array("templates", np.full((1, 90, 384), 1e300)),
    "a shape of terabytes": _shape("templates", "(1, 4000000000000, 384)"),
    "a shape that overflows": _shape("templates", f"(1, {10**40}, 384)"),
    "a negative shape": _shape("templates", "(1, -90, 384)"),
    "a shape of words": _shape("templates", "('a', 'b')"),
    "an unknown type": _shape("templates", "(1, 90, 384)", "'<q99'"),
    "a type of no bytes": _shape("templates", "(1, 1000000000000, 384)", "'|V0'"),
    "a nested type": _shape("templates", "(1, 90, 384)", "[('a', " * 50 + "'<f4'" + ")]" * 50),
    "a header of brackets": _with_member("templates", _header(_DEEP)),
    "a header of 3 GB": _with_member("templates", _header("{", (2, 0), 3_000_000_000)),
    "a header of another version": _with_member("templates", _header("{}", (9, 9))),
    "no header": _with_member("templates", b""),
    "fewer values than declared": _shape("templates", "(1, 90, 384)"),
    "nbefore as a list": _array("nbefore", np.array([30, 31])),
    "nbefore as half a sample": _array("nbefore", np.array(30.5)),
    "nbefore as text": _array("nbefore", np.array("thirty")),
    "nbefore below 0": _array("nbefore", np.array(-1)),
    "a rate of 0": _array("sampling_frequency", np.array(0.0)),
    "a rate of NaN": _array("sampling_frequency", np.array(np.nan)),
    "another rate": _array("sampling_frequency", np.array(25_000.0)),
    "positions at infinity": _array("probe_positions", np.full((384, 2), np.inf)),
    "positions of another probe": _array("probe_positions", np.zeros((960, 2))),
}


def _json(change: Callable[[dict], object]) -> Damage:
    def damage(path: Path) -> None:
        values = json.loads(path.read_text())
        change(values)
        path.write_text(json.dumps(values))

    return damage


def _inside(name: str, text: str) -> Damage:
    """Any text as the value of a key."""

    def damage(path: Path) -> None:
        values = json.loads(path.read_text())
        values[name] = "HERE"
        path.write_text(json.dumps(values).replace('"HERE"', text))

    return damage


#: ``conversion_metadata.json`` in ways that cannot be scored.
METADATA: dict[str, Damage] = {
    "nested lists": _bytes(b"[" * 200_000),
    "nested lists that close": _bytes(b"[" * 100_000 + b"]" * 100_000),
    "nested objects": _bytes(b'{"a":' * 100_000),
    "a nested value": _inside("patch", '{"a":' * 50_000 + "1" + "}" * 50_000),
    "a nested list within": _inside("bad_channel_ids", "[" * 50_000 + "]" * 50_000),
    "cut": _cut(0.5),
    "empty": _bytes(b""),
    "zeros": _bytes(b"\0" * 1000),
    "six gigabytes": _sparse(6_000_000_000),
    "a list": _bytes(b"[]"),
    "a number of 5000 digits": _inside("n_spikes_total", "9" * 5000),
    "a number beyond float64": _inside("sampling_frequency", "1e999"),
    "NaN": _inside("sampling_frequency", "NaN"),
    "not UTF-8": _bytes(b'{"a": "\xff\xfe"}'),
    "half a surrogate": _inside("units", '"\\ud800"'),
    "a pipe": _pipe,
    "a folder": _folder,
    "a channel below 0": _json(lambda m: m.update(gt_electrode_chan_idx=-1)),
    "no electrode": _json(lambda m: m.update(unit_locations_um={"0": []})),
    "the public keys with a place of words": _bytes(
        b'{"unit_locations_um": {"0": ["a", "b"]}, "gt_electrode_chan_idx": 1,'
        b' "bad_channel_ids": [], "n_spikes_total": 1}'
    ),
    "the public keys with a channel of 10^30": _bytes(
        b'{"unit_locations_um": {"0": [1, 2, 3]}, "gt_electrode_chan_idx": 1,'
        b' "bad_channel_ids": [1' + b"0" * 30 + b'], "n_spikes_total": 1}'
    ),
}

#: ``patch.npz`` in ways that leave a cell its templates, and no spikes.
PATCH: dict[str, Damage] = {
    "cut in half": _cut(0.5),
    "text": _bytes(b"no zip file"),
    "a pickle": _array("spike_times_s", np.array([_Pickled()], dtype=object)),
    "strings": _array("spike_times_s", np.array(["1.0"])),
    "two dimensions": _array("spike_times_s", np.ones((2, 2))),
    "NaN": _array("spike_times_s", np.array([0.1, np.nan])),
    "before the window": _array("spike_times_s", np.array([-5.0, 0.1])),
    "after the window": _array("spike_times_s", np.array([0.1, 1e12])),
    "backwards": _array("spike_times_s", np.array([0.5, 0.1])),
    "a shape of terabytes": _shape("spike_times_s", "(4000000000000,)"),
}
