# SPDX-License-Identifier: MIT
"""libalbef from another language: Python's ctypes, with nothing but the shared library and albef.h's contract.

    test_ctypes.py LIBRARY

From the version to the map of a word: engine, model, picture, maps; the error path beside it.
"""

import ctypes
import math
import os
import pathlib
import sys

import tap

lib = ctypes.CDLL(sys.argv[1])
pointer, text, integer, real = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_double

OK, ERROR_FILE = 0, 2
IMAGE_FOR_PEOPLE = 1


class Error(ctypes.Structure):
    _fields_ = [("status", integer), ("message", ctypes.c_char * 1024)]


class Word(ctypes.Structure):
    _fields_ = [("start", ctypes.c_size_t), ("end", ctypes.c_size_t), ("first_piece", integer), ("n_pieces", integer),
                ("state", integer), ("function_word", ctypes.c_bool)]


# name: result, arguments (albef.h)
FUNCTIONS = {
    "albef_version": (text, []),
    "albef_engine_open": (integer, [pointer, pointer, pointer]),
    "albef_engine_close": (None, [pointer]),
    "albef_engine_device": (text, [pointer]),
    "albef_engine_precision": (text, [pointer]),
    "albef_embedded_model_path": (text, []),
    "albef_sample_scenes_path": (text, []),
    "albef_model_open": (integer, [pointer, text, pointer, pointer, pointer]),
    "albef_model_free": (None, [pointer]),
    "albef_model_hash": (text, [pointer]),
    "albef_image_open": (integer, [text, integer, pointer, pointer]),
    "albef_image_width": (integer, [pointer]),
    "albef_image_height": (integer, [pointer]),
    "albef_image_pixels": (pointer, [pointer]),
    "albef_image_free": (None, [pointer]),
    "albef_maps_compute": (integer, [pointer, pointer, text, pointer, pointer, pointer, pointer]),
    "albef_maps_match": (real, [pointer]),
    "albef_maps_query": (pointer, [pointer]),
    "albef_maps_n_words": (integer, [pointer]),
    "albef_maps_grid_width": (integer, [pointer]),
    "albef_maps_grid_height": (integer, [pointer]),
    "albef_maps_word": (ctypes.POINTER(ctypes.c_float), [pointer, integer]),
    "albef_maps_strength": (real, [pointer, integer]),
    "albef_maps_free": (None, [pointer]),
    "albef_query_new": (integer, [pointer, text, integer, pointer, pointer]),
    "albef_model_report": (pointer, [pointer]),
    "albef_report_count": (integer, [pointer, integer]),
    "albef_report_entry": (text, [pointer, integer, integer, pointer]),
    "albef_query_word": (ctypes.POINTER(Word), [pointer, integer]),
}
SENTENCE = "the dog next to a sheep"


def declare():
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments


def make(function, *arguments):
    """Calls a function that returns a status and fills an out-parameter; gives status, object, error."""
    made, error = pointer(), Error()
    status = function(*arguments, ctypes.byref(made), ctypes.byref(error))
    return status, made, error


def check_maps(model, image):
    status, maps, error = make(lambda *a: lib.albef_maps_compute(model, image, SENTENCE.encode(), None, None, *a))
    if not tap.ok(status == OK and maps, "/ctypes/maps are computed", error.message.decode()):
        return
    match = lib.albef_maps_match(maps)
    tap.ok(0.5 < match <= 1.0, "/ctypes/the sample's own sentence matches", f"match {match}")
    words, query = lib.albef_maps_n_words(maps), lib.albef_maps_query(maps)
    typed = [SENTENCE.encode()[w.start:w.end].decode() for w in (lib.albef_query_word(query, i)[0] for i in range(words))]
    tap.ok(typed == SENTENCE.split(), "/ctypes/words point into what was typed", str(typed))
    cells = lib.albef_maps_grid_width(maps) * lib.albef_maps_grid_height(maps)
    peaks = {}
    for i, word in enumerate(typed):
        values = lib.albef_maps_word(maps, i)
        values = values[:cells] if values else [math.nan]
        peaks[word] = max(values) if all(math.isfinite(v) and v >= 0 for v in values) else math.nan
    tap.ok(cells > 0 and all(math.isfinite(v) for v in peaks.values()), "/ctypes/every word has a finite map", str(peaks))
    strengths = [lib.albef_maps_strength(maps, i) for i in range(words)]
    tap.ok(abs(max(strengths, default=0) - 1) < 1e-6, "/ctypes/the strongest word has strength 1", str(strengths))
    lib.albef_maps_free(maps)


def check_flow():
    status, engine, error = make(lib.albef_engine_open, None)
    if not tap.ok(status == OK and engine, "/ctypes/engine opens", error.message.decode()):
        return
    tap.ok(lib.albef_engine_device(engine) == b"cpu", "/ctypes/device is the processor")
    tap.ok(lib.albef_engine_precision(engine) in (b"f32", b"bf16"), "/ctypes/precision is stated")

    status, model, error = make(lib.albef_model_open, engine, b"no/such/model.safetensors", None)
    tap.ok(status == ERROR_FILE and error.status == ERROR_FILE and not model, "/ctypes/a missing model is an error", str(status))
    tap.ok(b"no/such/model.safetensors" in error.message, "/ctypes/the message names the file", error.message.decode())

    status, model, error = make(lib.albef_model_open, engine, b"no/\xff.safetensors", None)
    tap.ok(status == ERROR_FILE and "no/?.safetensors" in error.message.decode(), "/ctypes/messages are UTF-8 whatever names are")

    embedded, samples = lib.albef_embedded_model_path(), lib.albef_sample_scenes_path()
    if not tap.ok(embedded and samples, "/ctypes/embedded model and samples are found", f"{embedded} {samples}"):
        return
    status, model, error = make(lib.albef_model_open, engine, embedded, None)
    if tap.ok(status == OK and model, "/ctypes/embedded model opens", error.message.decode()):
        tap.ok(len(lib.albef_model_hash(model)) == 64, "/ctypes/model has a hash")
        status, query, error = make(lib.albef_query_new, model, None, 0)
        tap.ok(status != OK and not query and error.message, "/ctypes/no text is an error", str(status))
        report = lib.albef_model_report(model)
        n = lib.albef_report_count(report, 0)
        tap.ok(n > 0 and lib.albef_report_entry(report, 0, n - 1, None) and lib.albef_report_count(report, 99) == 0
               and all(lib.albef_report_entry(report, group, i, None) is None for group, i in ((0, n), (0, -1), (99, 0))),
               "/ctypes/an entry of the report that there is not")
        picture = os.fsencode(pathlib.Path(os.fsdecode(samples)) / "scene-06.png")
        status, image, error = make(lib.albef_image_open, picture, IMAGE_FOR_PEOPLE)
        if tap.ok(status == OK and image, "/ctypes/sample picture opens", error.message.decode()):
            size = lib.albef_image_width(image), lib.albef_image_height(image)
            tap.ok(min(size) > 0 and lib.albef_image_pixels(image), "/ctypes/picture has pixels", str(size))
            check_maps(model, image)
        lib.albef_image_free(image)
    lib.albef_model_free(model)
    lib.albef_engine_close(engine)


def main():
    declare()
    version = lib.albef_version().decode()
    tap.ok(len(version.split(".")) == 3 and all(part.isdigit() for part in version.split(".")), "/ctypes/version", version)
    check_flow()
    return tap.done()


sys.exit(main())
