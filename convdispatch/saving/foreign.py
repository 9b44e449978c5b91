"""What a file is that is none of a model's, and what to do with it: one sentence for each kind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

HEAD = 4096  # bytes from the beginning that tell nearly every kind
TAIL = 64
Test = Callable[[bytes, bytes], bool]

_LOAD_THERE = (
    "Load it there by `torch.load(..., weights_only=True)`, and give its arrays to "
    "`model.set_weights`"
)
# Protocols 2 to 5, and what Python 2 wrote of lists, dictionaries and NumPy's arrays.
_PICKLED = re.compile(
    rb"\x80[\x02-\x05]|\(?[dl]p\d|\(?c(?:copy_reg|numpy[.\w]*|__\w+__)\n|[\]}]q\x01"
)
_KINDS: Sequence[tuple[Test, str]] = (
    (lambda head, _: not head, "is empty: nothing was written to it. Copy or save it again"),
    (
        lambda head, _: head.startswith(b"version https://git-lfs.github.com/spec/"),
        "is a pointer of Git LFS, which stands for a file that was not fetched. Run `git lfs pull` "
        "in its repository",
    ),
    (
        lambda head, _: head.startswith(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"),
        f"is a file of PyTorch. {_LOAD_THERE}",
    ),
    (
        lambda head, tail: bool(_PICKLED.match(head)) and tail.rstrip(b"\n").endswith(b"."),
        "is a pickle, which can run any code when it is read, so it is never read here. Load it "
        "where you trust it, and write the model by `model.save` there",
    ),
    (
        lambda head, _: first_member(head).endswith(b"/data.pkl"),
        f"is a file of PyTorch. {_LOAD_THERE}",
    ),
    (
        lambda head, _: first_member(head).endswith(b".npy"),
        "is an archive of NumPy's arrays: weights without an architecture. Make the model of its "
        "layers, and call `model.load_weights` with this file",
    ),
    (
        lambda head, tail: head.startswith(b"PK") and b"PK\x05\x06" not in tail,
        "is a zip archive that is cut: its end is missing. Copy or save it again",
    ),
    (
        lambda head, _: head.startswith(b"PK"),
        "is a zip archive, but not of a model: it has no 'config.json'. Name the file of the model "
        "in it",
    ),
    (
        lambda head, _: head.startswith(b"model_checkpoint_path:"),
        "is the list of TensorFlow's checkpoints in a folder. Load the model in TensorFlow, and "
        "save it as '.keras' or '.h5'",
    ),
    (
        lambda _, tail: tail.endswith(b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"),
        "is the index of a checkpoint of TensorFlow. Load it there into the model "
        "(`model.load_weights(prefix)`), and save that as '.keras' or '.h5'",
    ),
    (
        lambda head, _: head[4:8] == b"TFL3",
        "is a model of TensorFlow Lite, which has no layers any more. Use the model that it was "
        "converted from",
    ),
    (
        lambda head, _: head.startswith(b"\x93NUMPY"),
        "is a single array of NumPy. `numpy.load` reads it; an archive of all weights ends in "
        "'.npz'",
    ),
    (
        lambda head, _: head.startswith(b"GGUF"),
        "is a model of llama.cpp (GGUF), which has no layers of Keras",
    ),
    (
        lambda head, _: head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf")),
        "is compressed. Unpack it first",
    ),
    (lambda head, _: head[257:262] == b"ustar", "is an archive of tar. Unpack it first"),
    (
        lambda head, _: head.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")),
        "is a web page, probably an error that was saved in place of the file. Download it again",
    ),
    (
        lambda head, _: head.startswith(b"\x08") and b"onnx" in head[:64].lower(),
        "is a model of ONNX, which has no layers of Keras. Use the model that it was exported from",
    ),
    (
        lambda head, _: b"saved_model_schema_version" in head or b"\x12\x04serve" in head[:64],
        "is a graph of TensorFlow's SavedModel. Load its folder in TensorFlow, and save the model "
        "as '.keras' or '.h5'",
    ),
)
_UNKNOWN = (
    "is of no known kind: it begins with {begins!r}. Files of models are those of Keras 1, 2 and 3 "
    "('.h5', '.keras', '.weights.h5', '.json'), safetensors and NumPy's '.npz'"
)


def first_member(head: bytes) -> bytes:
    """Return the name of the first file in a zip archive, by its first bytes; '' of another."""
    if not head.startswith(b"PK\x03\x04") or len(head) < 30:
        return b""
    size = int.from_bytes(head[26:28], "little")
    return head[30 : 30 + size]


def may_be_keras(head: bytes) -> bool:
    """Return whether a file may be a '.keras' one, by its first bytes."""
    first = first_member(head)
    return first in (b"metadata.json", b"config.json", b"model.weights.h5") or first == b"assets/"


def sentence_about(title: str, head: bytes, tail: bytes) -> str:
    """Return a sentence that says what a file is, by its first and last bytes.

    >>> sentence_about("the file 'a'", b"", b"")
    "the file 'a' is empty: nothing was written to it. Copy or save it again."
    """
    for is_one, words in _KINDS:
        if is_one(head, tail):
            return f"{title} {words}."
    by_name = sentence_about_name(title, title.rstrip("'\""))
    if by_name is not None:
        return by_name
    return f"{title} {_UNKNOWN.format(begins=head[:16])}."


def sentence_about_folder(title: str, folder: Path) -> str:
    """Return a sentence that says what a folder is."""
    if (folder / "saved_model.pb").exists():
        return (
            f"{title} is a SavedModel of TensorFlow. Load it there, and save the model as '.keras' "
            "or '.h5'."
        )
    if (folder / "checkpoint").exists():
        return (
            f"{title} holds checkpoints of TensorFlow. Load one there into the model, and save "
            "that as '.keras' or '.h5'."
        )
    if (folder / "config.json").exists() and (folder / "metadata.json").exists():
        return f"{title} is an unpacked '.keras' file. Pack it as a zip archive again."
    return f"{title} is a folder. Name the file of the model in it."


def sentence_about_name(title: str, name: str) -> str | None:
    """Return a sentence on a part of TensorFlow's checkpoints, which its name alone tells."""
    if not re.search(r"\.(?:data-\d{5}-of-\d{5}|index|meta)$", name):
        return None
    return (
        f"{title} is a part of a checkpoint of TensorFlow, by its name. Load it there into the "
        "model (`model.load_weights(prefix)`), and save that as '.keras' or '.h5'."
    )


def sentence_about_missing(title: str, path: Path) -> str | None:
    """Return a sentence on a name that is the beginning of a checkpoint's files, else None."""
    if path.name and path.with_name(f"{path.name}.index").exists():
        return (
            f"{title} does not exist, but {path.name + '.index'!r} does: a checkpoint of "
            "TensorFlow. Load it there into the model (`model.load_weights(prefix)`), and save "
            "that as '.keras' or '.h5'."
        )
    return None


def is_json(head: bytes) -> bool:
    """Return whether a file may be a JSON object."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b'"'))


def is_yaml(head: bytes) -> bool:
    """Return whether a file may be a model's YAML, as Keras 1 and 2 wrote it."""
    return bool(re.search(rb"^(?:class_name|backend|config):", head, re.MULTILINE))


def unquoted(text: str) -> str:
    """Return the document in a text: scripts wrote `json.dumps(model.to_json())`, quoted twice."""
    if text.lstrip().startswith('"'):
        try:
            inner = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return inner if isinstance(inner, str) else text
    return text
