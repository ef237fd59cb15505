#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the kept inputs of the fuzzers 'unpickle', 'zip' and 'safetensors': small valid files in every form, and
hostile ones. tests/unit/test-hostile-models.c checks what is said about each of them by name. Needs Python alone:
torch's names are stand-ins here, and nothing written is ever loaded by Python.

    tests/fuzz/corpus-model-files.py      (rewrites tests/fuzz/corpus/{unpickle,zip,safetensors})
"""
import collections
import io
import json
import os
import pickle
import struct
import sys
import types
import zipfile
import zlib

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def save(room, name, data):
    os.makedirs(os.path.join(CORPUS, room), exist_ok=True)
    with open(os.path.join(CORPUS, room, name), "wb") as file:
        file.write(data)


# --- pickles -----------------------------------------------------------------------------------------

def module(name):
    made = types.ModuleType(name)
    sys.modules[name] = made
    return made


torch, utils, storage_module = module("torch"), module("torch._utils"), module("torch.storage")
torch._utils = utils


class Storage:
    """Stands for a storage: pickled as a persistent id."""

    def __init__(self, kind, key, count, view=None):
        self.kind, self.key, self.count, self.view = kind, key, count, view


for _kind in ("Float", "Half", "BFloat16", "Double", "Long", "Int", "Short", "Char", "Byte", "Bool", "ComplexFloat"):
    _class = type(_kind + "Storage", (), {"__module__": "torch"})
    setattr(torch, _kind + "Storage", _class)


def _function(owner, module_name, name):
    def made(*args):
        raise RuntimeError("stand-in")
    made.__module__, made.__qualname__, made.__name__ = module_name, name, name
    setattr(owner, name, made)
    return made


rebuild_v2 = _function(utils, "torch._utils", "_rebuild_tensor_v2")
rebuild_v1 = _function(utils, "torch._utils", "_rebuild_tensor")
rebuild_parameter = _function(utils, "torch._utils", "_rebuild_parameter")
size_function = _function(torch, "torch", "Size")


class Reduced:
    """Pickled as a call."""

    def __init__(self, function, *args, state=None):
        self.function, self.args, self.state = function, args, state

    def __reduce__(self):
        return (self.function, self.args) if self.state is None else (self.function, self.args, self.state)


def tensor(storage, offset, shape, stride):
    return Reduced(rebuild_v2, storage, offset, tuple(shape), tuple(stride), False, collections.OrderedDict())


def dumps(value, protocol=2, legacy=False):
    out = io.BytesIO()
    pickler = pickle.Pickler(out, protocol)

    def persistent_id(item):
        if not isinstance(item, Storage):
            return None
        base = ("storage", getattr(torch, item.kind + "Storage"), item.key, "cpu", item.count)
        return base + (item.view,) if legacy else base
    pickler.persistent_id = persistent_id
    pickler.dump(value)
    return out.getvalue()


def plain_values():
    return {"none": None, "true": True, "false": False, "ints": [0, 1, 255, 256, 65535, 65536, -1, -2147483648, 2 ** 31,
            2 ** 40, -2 ** 63, 2 ** 63, -2 ** 200], "float": [0.5, -1e300], "text": ["", "a\nb", "\u00e9\u4e2d\U0001f600", "back\\slash"],
            "bytes": b"\x00\xff", "tuple": (), "nested": ((1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)), "list": [[], [1]],
            "set": {1}, "ordered": collections.OrderedDict([("a", 1)])}


def pickles():
    for protocol in range(6):
        save("unpickle", "plain-%d" % protocol, pickle.dumps(plain_values(), protocol))
    one = tensor(Storage("Float", "0", 6), 0, (2, 3), (3, 1))
    save("unpickle", "tensor", dumps({"model": collections.OrderedDict(w=one), "epoch": 3}))

    class Namespace:
        pass
    Namespace.__module__, Namespace.__qualname__ = "argparse", "Namespace"
    save("unpickle", "namespace", b"\x80\x02}(X\x05\x00\x00\x00modelq\x00}X\x04\x00\x00\x00argscargparse\nNamespace\n)\x81}(X\x02\x00\x00\x00lrG?\xb9\x99\x99\x99\x99\x99\x9aubu.")
    save("unpickle", "system", b"cos\nsystem\n(S'touch /tmp/alidade-was-here'\ntR.")
    save("unpickle", "eval", b"\x80\x02cbuiltins\neval\nX\x05\x00\x00\x00" + b"print" + b"\x85R.")
    save("unpickle", "stack-global", b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.")
    save("unpickle", "inst", b"(S'true'\nios\nsystem\n.")
    save("unpickle", "obj", b"(cos\nsystem\nS'true'\no.")
    save("unpickle", "newobj", b"\x80\x02csubprocess\nPopen\nX\x04\x00\x00\x00true\x85\x81.")
    save("unpickle", "newobj-ex", b"\x80\x04\x8c\x0asubprocess\x8c\x05Popen\x93)}\x92.")
    save("unpickle", "build-setstate", b"\x80\x02ccollections\nOrderedDict\n)R}X\x0c\x00\x00\x00__setstate__cos\nsystem\nsb(S'true'\ntb.")
    save("unpickle", "nested-reduce", b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n(S'os'\ntRS'system'\ntR(S'true'\ntR.")
    save("unpickle", "rebuild-without-storage", b"ctorch._utils\n_rebuild_tensor_v2\n(S'x'\nI0\n(t(tI00\n(ttR.")
    save("unpickle", "rebuild-nothing", b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.")
    save("unpickle", "parameter-of-text", b"\x80\x02ctorch._utils\n_rebuild_parameter\nX\x01\x00\x00\x00x\x85R.")
    save("unpickle", "persistent-text", b"Psome-id\n.")
    save("unpickle", "long-length", b"\x80\x02\x8b\xff\xff\xff\x7f.")
    save("unpickle", "text-length", b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.")
    save("unpickle", "memo-index", b"\x80\x02Nr\xff\xff\xff\xff.")
    save("unpickle", "memo-unknown", b"\x80\x02j\x10\x00\x00\x00.")
    save("unpickle", "dup-bomb", b"\x80\x02]" + b"2" * 2000 + b"\x86" * 1000 + b".")
    save("unpickle", "doubling", b"\x80\x04]\x94" + b"(h\x00h\x00t\x94" + b"".join(b"(j%sj%st\x94" % (struct.pack("<I", i), struct.pack("<I", i)) for i in range(1, 60)) + b".")
    save("unpickle", "cycle", b"\x80\x02]q\x00h\x00a.")
    save("unpickle", "cycle-dict", b"\x80\x02}q\x00X\x06\x00\x00\x00configh\x00s.")
    save("unpickle", "deep", b"(" * 3000 + b"t" * 3000 + b".")
    save("unpickle", "protocol-9", b"\x80\x09N.")
    save("unpickle", "extension", b"\x80\x02\x82\x01.")
    save("unpickle", "buffer", b"\x80\x05\x97.")
    save("unpickle", "underflow", b"\x80\x02R.")
    save("unpickle", "no-mark", b"\x80\x02t.")
    save("unpickle", "below-mark", b"\x80\x02N(0R.")
    save("unpickle", "odd-dict", b"(S'a'\nd.")
    save("unpickle", "append-to-text", b"X\x01\x00\x00\x00aNa.")
    save("unpickle", "bad-opcode", b"\x80\x02\xff.")
    save("unpickle", "bad-numbers", b"Ix\n.")
    save("unpickle", "no-stop", b"\x80\x02N")
    save("unpickle", "empty-stack", b"\x80\x02.")
    save("unpickle", "escapes", b"(S'a\\x41\\n\\'\\q'\nS\"q\"\nVx\\u00e9\\U0001F600\\ud\nF1.5\nF-inf\nL12345678901234567890123L\nI01\nl.")
    save("unpickle", "pop-marks", b"(1(0NN0.")


# --- containers --------------------------------------------------------------------------------------

def floats(*values):
    return struct.pack("<%df" % len(values), *values)


def container(tree, records, top="archive", compression=zipfile.ZIP_STORED, extra=()):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as file:
        def put(name, data):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = compression
            file.writestr(info, data)
        put(top + "/data.pkl", tree if isinstance(tree, bytes) else dumps(tree))
        for key, data in records.items():
            put("%s/data/%s" % (top, key), data)
        for name, data in extra:
            put(name, data)
    return out.getvalue()


def legacy(tree, records, sizes):
    out = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
    out += pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}, 2)
    out += dumps(tree, legacy=True) + pickle.dumps(sorted(records), 2)
    for key in sorted(records):
        out += struct.pack("<q", len(records[key]) // sizes[key]) + records[key]
    return out


def good_tree():
    shared = Storage("Float", "0", 8)
    return {"model": collections.OrderedDict([
        ("plain", tensor(shared, 0, (2, 3), (3, 1))), ("transposed", tensor(shared, 0, (3, 2), (1, 3))),
        ("offset", tensor(shared, 2, (2, 2), (2, 1))), ("step", tensor(shared, 1, (3,), (2,))),
        ("overlap", tensor(shared, 0, (4, 5), (1, 1))), ("scalar", tensor(shared, 7, (), ())),
        ("empty", tensor(Storage("Float", "1", 0), 0, (0, 4), (4, 1))),
        ("half", tensor(Storage("Half", "2", 2), 0, (2,), (1,))),
        ("bf16", tensor(Storage("BFloat16", "3", 2), 0, (2,), (1,))),
        ("double", tensor(Storage("Double", "4", 1), 0, (1,), (1,))),
        ("long", tensor(Storage("Long", "5", 1), 0, (1,), (1,))), ("int", tensor(Storage("Int", "6", 1), 0, (1,), (1,))),
        ("short", tensor(Storage("Short", "7", 1), 0, (1,), (1,))), ("char", tensor(Storage("Char", "8", 1), 0, (1,), (1,))),
        ("byte", tensor(Storage("Byte", "9", 1), 0, (1,), (1,))), ("bool", tensor(Storage("Bool", "10", 1), 0, (1,), (1,))),
        ("parameter", Reduced(rebuild_parameter, tensor(shared, 0, (8,), (1,)), True, collections.OrderedDict())),
    ]), "epoch": 7}


GOOD = {"0": floats(0, 1, 2, 3, 4, 5, 6, 7), "1": b"", "2": struct.pack("<2e", 1.5, 6e-8),
        "3": b"\xc0\x3f\x80\xc0", "4": struct.pack("<d", 0.1), "5": struct.pack("<q", -3), "6": struct.pack("<i", -70000),
        "7": struct.pack("<h", -300), "8": b"\xfe", "9": b"\xfe", "10": b"\x01"}
SIZES = dict(zip(GOOD, (4, 4, 2, 2, 8, 8, 4, 2, 1, 1, 1)))


def one(shape=(2,), stride=(1,), offset=0, kind="Float", key="0", count=2, name="w"):
    return {"model": {name: tensor(Storage(kind, key, count), offset, shape, stride)}}


def patched(data, at, new):
    return data[:at] + new + data[at + len(new):]


def containers():
    good = container(good_tree(), GOOD)
    two = {"0": floats(1, 2)}
    save("zip", "good", good)
    save("zip", "good-deflated", container(good_tree(), GOOD, compression=zipfile.ZIP_DEFLATED))
    save("zip", "good-legacy", legacy(good_tree(), GOOD, SIZES))
    save("zip", "good-big-endian", container(one(), {"0": struct.pack(">2f", 1, 2)}, extra=[("archive/byteorder", b"big")]))
    save("zip", "good-first-rebuilder", container({"w": Reduced(rebuild_v1, Storage("Float", "0", 2), 0, (2,), (1,))}, two))
    save("zip", "good-opaque-beside", container(b"\x80\x02}(X\x05\x00\x00\x00model" + dumps(one()["model"])[2:-1] + b"X\x04\x00\x00\x00argscargparse\nNamespace\n)\x81}X\x01\x00\x00\x00acposix\nsystem\nX\x04\x00\x00\x00true\x85Rsbu.", two))
    save("zip", "cut-directory", good[:-30])
    save("zip", "cut-half", good[:len(good) // 2])
    save("zip", "cut-legacy", legacy(good_tree(), GOOD, SIZES)[:-10])
    save("zip", "no-pickle", container(one(), two).replace(b"data.pkl", b"dat_.pkl"))
    save("zip", "two-pickles", container(one(), two, extra=[("other/data.pkl", dumps(one()))]))
    save("zip", "missing-record", container(one(key="5"), two))
    save("zip", "short-record", container(one(count=3), two))
    save("zip", "outside", container(one(offset=1), two))
    save("zip", "outside-stride", container(one(stride=(2,)), two))
    save("zip", "negative-offset", container(one(offset=-1), two))
    save("zip", "negative-shape", container(one(shape=(-2,)), two))
    save("zip", "negative-stride", container(one(stride=(-1,)), two))
    save("zip", "shape-overflow", container(one(shape=(2 ** 40, 2 ** 40), stride=(0, 0)), two))
    save("zip", "stride-overflow", container(one(shape=(3, 2), stride=(2 ** 62, 1)), two))
    save("zip", "expanded-stride", container(one(shape=(2 ** 34,), stride=(0,)), two))
    save("zip", "too-many-dims", container(one(shape=(1,) * 9, stride=(1,) * 9), two))
    save("zip", "unequal-dims", container(one(shape=(2,), stride=()), two))
    save("zip", "shape-of-text", container({"model": {"w": Reduced(rebuild_v2, Storage("Float", "0", 2), 0, ("a",), (1,), False, None)}}, two))
    save("zip", "complex", container(one(kind="ComplexFloat"), {"0": b"\0" * 16}))
    save("zip", "name-empty", container(one(name=""), two))
    save("zip", "name-control", container(one(name="a\nb"), two))
    save("zip", "name-nul", container(one(name="a\0b"), two))
    save("zip", "name-long", container(one(name="n" * 600), two))
    save("zip", "name-number", container({"model": {5: tensor(Storage("Float", "0", 2), 0, (2,), (1,))}}, two))
    save("zip", "no-weights", container({"epoch": 3}, two))
    save("zip", "no-dictionary", container([1, 2], two))
    save("zip", "weights-opaque", container(b"\x80\x02}X\x05\x00\x00\x00modelcmodels\nALBEF\n)\x81s.", two))
    save("zip", "weight-opaque", container(b"\x80\x02}X\x05\x00\x00\x00model}X\x01\x00\x00\x00wcposix\nsystem\nX\x04\x00\x00\x00true\x85Rss.", two))
    save("zip", "weight-cycle", container(b"\x80\x02}q\x00X\x05\x00\x00\x00modelh\x00s.", two))
    twice = dumps(one())
    twice = twice[:-1]
    save("zip", "name-twice", container(b"\x80\x02}X\x05\x00\x00\x00model}(X\x01\x00\x00\x00w" + dumps(one()["model"]["w"])[2:-1] + b"X\x01\x00\x00\x00w" + dumps(one()["model"]["w"])[2:-1] + b"us.", two))

    plain = container(one(), two)
    first = plain.index(b"PK\x01\x02")
    second = plain.index(b"PK\x01\x02", first + 4)
    end = plain.index(b"PK\x05\x06")
    save("zip", "overlapping-sizes", patched(patched(plain, first + 20, struct.pack("<I", 400)), first + 24, struct.pack("<I", 400)))
    save("zip", "offset-outside", patched(plain, second + 42, struct.pack("<I", 0x7fffffff)))
    save("zip", "directory-outside", patched(plain, end + 16, struct.pack("<I", 0x7fffffff)))
    save("zip", "too-many-entries", patched(plain, end + 10, struct.pack("<H", 60000)))
    save("zip", "two-names", patched(plain, plain.index(b"archive/data/0"), b"archive/data/1"))
    save("zip", "encrypted", patched(plain, second + 8, struct.pack("<H", 1)))
    save("zip", "method-lzma", patched(plain, second + 10, struct.pack("<H", 14)))
    save("zip", "two-sizes", patched(plain, second + 24, struct.pack("<I", 4)))
    save("zip", "same-name-twice", container(one(), two, extra=[("archive/data/0", floats(5, 6))]))
    deflated = container(one(), {"0": floats(1, 2) * 200}, compression=zipfile.ZIP_DEFLATED)
    at = deflated.index(b"PK\x01\x02", deflated.index(b"PK\x01\x02") + 4)
    save("zip", "bomb-claim", patched(deflated, at + 24, struct.pack("<I", 0x7fffffff)))
    save("zip", "bomb-short-claim", patched(deflated, at + 24, struct.pack("<I", 100)))
    save("zip", "bomb-crc", patched(deflated, at + 16, b"\1\2\3\4"))
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = packed.compress(b"\0" * (1 << 20)) + packed.flush()
    save("zip", "zeros", container(one(count=1 << 18), {"0": b"\0" * (1 << 20)}, compression=zipfile.ZIP_DEFLATED))
    assert len(zeros) < 2000
    save("zip", "zip64-locator", plain[:end] + b"PK\x06\x07" + struct.pack("<IQI", 0, 1 << 60, 1) + plain[end:])
    save("zip", "zip64-missing", patched(plain, second + 20, b"\xff\xff\xff\xff\xff\xff\xff\xff"))
    save("zip", "git-lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    save("zip", "web-page", b"<!DOCTYPE html><html>404</html>")
    save("zip", "empty", b"")
    save("zip", "legacy-protocol", legacy(good_tree(), GOOD, SIZES).replace(pickle.dumps(1001, 2), pickle.dumps(1002, 2), 1))
    save("zip", "legacy-view", legacy({"w": tensor(Storage("Float", "0", 8, ("v", 2, 4)), 0, (4,), (1,))}, {"0": GOOD["0"]}, {"0": 4}))
    save("zip", "legacy-view-outside", legacy({"w": tensor(Storage("Float", "0", 8, ("v", 6, 4)), 0, (4,), (1,))}, {"0": GOOD["0"]}, {"0": 4}))
    save("zip", "legacy-count", legacy({"w": tensor(Storage("Float", "0", 8), 0, (8,), (1,))}, {"0": GOOD["0"]}, {"0": 4})[:-40] + struct.pack("<q", 2 ** 61) + GOOD["0"])


# --- safetensors -------------------------------------------------------------------------------------

def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor_entry(begin, end, shape, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def headers():
    eight = floats(1, 2)
    save("safetensors", "good", safetensors({"__metadata__": {"vocab": "a\0b\n"}, "a": tensor_entry(0, 8, [2]), "b": tensor_entry(8, 12, []), "c": tensor_entry(12, 12, [0, 3]), "d": tensor_entry(12, 20, [1], "I64"), "e": tensor_entry(20, 24, [2], "F16"), "f": tensor_entry(24, 26, [1], "BF16"), "g": tensor_entry(26, 29, [3], "U8"), "h": tensor_entry(29, 30, [1], "BOOL")}, floats(1, 2, 3) + struct.pack("<q2eHBBBB", -5, 1, -2, 0x3f80, 1, 2, 3, 1)))
    save("safetensors", "none", safetensors({}))
    save("safetensors", "header-huge", safetensors({}, length=1 << 62))
    save("safetensors", "header-cut", safetensors({"a": tensor_entry(0, 8, [2])}, length=1000))
    save("safetensors", "header-not-json", safetensors(b"{\"a\": "))
    save("safetensors", "header-list", safetensors(b"{}", length=1))
    save("safetensors", "header-deep", safetensors(b"{\"a\":" + b"[" * 5000 + b"]" * 5000 + b"}"))
    save("safetensors", "header-not-utf8", safetensors(b"{\"\xff\xfe\": 1}"))
    save("safetensors", "short", b"\1\0\0\0\0\0\0\0{")
    save("safetensors", "duplicate", safetensors(b"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", b"12"))
    save("safetensors", "overlap", safetensors({"a": tensor_entry(0, 8, [2]), "b": tensor_entry(4, 12, [2])}, eight + eight[:4]))
    save("safetensors", "hole", safetensors({"a": tensor_entry(0, 8, [2]), "b": tensor_entry(12, 20, [2])}, eight * 3))
    save("safetensors", "extra-bytes", safetensors({"a": tensor_entry(0, 8, [2])}, eight * 2))
    save("safetensors", "cut-data", safetensors({"a": tensor_entry(0, 8, [2])}, eight[:5]))
    save("safetensors", "wrong-type", safetensors({"a": tensor_entry(0, 8, [2], "F128")}, eight))
    save("safetensors", "wrong-size", safetensors({"a": tensor_entry(0, 8, [3])}, eight))
    save("safetensors", "backwards", safetensors({"a": tensor_entry(8, 0, [2])}, eight))
    save("safetensors", "negative", safetensors({"a": tensor_entry(-8, 0, [2])}, eight))
    save("safetensors", "negative-shape", safetensors({"a": tensor_entry(0, 8, [-2])}, eight))
    save("safetensors", "shape-overflow", safetensors({"a": tensor_entry(0, 8, [1 << 40, 1 << 40])}, eight))
    save("safetensors", "shape-zero-times-huge", safetensors({"a": tensor_entry(0, 0, [0, 1 << 62, 1 << 62])}))
    save("safetensors", "shape-text", safetensors({"a": tensor_entry(0, 8, ["2"])}, eight))
    save("safetensors", "many-dims", safetensors({"a": tensor_entry(0, 4, [1] * 20)}, eight[:4]))
    save("safetensors", "no-offsets", safetensors({"a": {"dtype": "F32", "shape": [2]}}, eight))
    save("safetensors", "entry-number", safetensors({"a": 5}, eight))
    save("safetensors", "metadata-number", safetensors({"__metadata__": {"a": 5}}))
    save("safetensors", "metadata-list", safetensors({"__metadata__": []}))
    save("safetensors", "integer-overflow", safetensors(b"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}", eight))
    save("safetensors", "name-control", safetensors({"a\u0001": tensor_entry(0, 8, [2])}, eight))


pickles()
containers()
headers()
