"""From an error to its page: what somebody copies from a message is found by the site's search.

The search asks its index for stems and shows the pages that have all of them. The environment
variable CONVDISPATCH_TEST_SITE names the folder of the site.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from site_search import SITE, pages_with

from convdispatch import Sequential, layers, load_model
from convdispatch.errors import ConvDispatchError
from convdispatch.formulas import activations
from convdispatch.runtime.config import load_config

pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").exists(), reason="CONVDISPATCH_TEST_SITE names no site: `tox -e docs`"
)
NUMPY = {"backend": "numpy"}
IMAGE = np.zeros((2, 6, 6, 3), "float32")


def conv(**given: Any) -> Any:
    """Return a layer of that with a kernel of three by three."""
    return layers.Conv2D(4, 3, **NUMPY, **given)


def built() -> Any:
    """Return one for three channels."""
    layer = conv()
    layer(IMAGE)
    return layer


def malformed(folder: Path) -> Any:
    """Read a keras.json that is not JSON."""
    (folder / "keras.json").write_text("{", encoding="utf-8")
    return load_config(folder / "keras.json", {})


def not_a_model(folder: Path) -> Any:
    """Load a file that no Keras wrote."""
    (folder / "model.h5").write_bytes(b"not a model")
    return load_model(folder / "model.h5")


# What goes wrong, and the words of its message that somebody looks for beside the error's name.
ERRORS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "padding": (lambda _: conv(padding="smae"), "valid same full"),
    "groups": (lambda _: conv(groups=3), "multiple groups"),
    "keyword": (lambda _: conv(kernel_constraints=None), "keyword argument"),
    "no-cell": (lambda _: conv()(IMAGE[:, :2]), "cells output spatial axis"),
    "no-batch": (lambda _: conv()(IMAGE[0]), "batch channel axis missing"),
    "channels": (lambda _: built()(IMAGE[..., :2]), "channels"),
    "integers": (lambda _: conv()(IMAGE.astype(int)), "element types"),
    "theano": (lambda _: layers.Conv2D(4, 3, backend="theano"), "theano"),
    "not-connected": (lambda _: conv().output, "symbolic"),
    "unknown-name": (lambda _: activations.get("rleu"), "unknown allowed"),
    "configuration": (malformed, "line column keras"),
    "document": (not_a_model, "file"),
    "empty-model": (lambda _: Sequential([conv()], **NUMPY).predict(IMAGE[0]), "shape"),
}


@pytest.mark.parametrize(("fail", "words"), ERRORS.values(), ids=ERRORS)
def test_an_error_leads_to_its_page(
    fail: Callable[[Path], Any], words: str, tmp_path: Path
) -> None:
    """The error's name, and words of its message with it, find the page on errors."""
    with pytest.raises(ConvDispatchError) as caught:
        fail(tmp_path)
    name, message = type(caught.value).__name__, str(caught.value).lower()
    said = set(re.findall(r"[a-z_]+", message))
    assert said.issuperset(words.split())
    assert "reference/errors" in pages_with(name)
    assert "reference/errors" in pages_with(f"{name} {words}")
