"""Scripts of Python 2, and names that NumPy and SciPy have removed: `run --modernize`.

Nothing is written: the text is translated in memory, by the package fissix, and the names come back
for this process alone.
"""

from __future__ import annotations

import importlib
import os
import re
import warnings
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType
from typing import Any

from convdispatch.errors import MissingPackage

_BUILTINS = ("xrange", "unicode", "raw_input", "basestring", "unichr", "reduce")
_MODULES = ("cPickle", "urllib2", "urlparse", "StringIO", "cStringIO", "Queue", "ConfigParser")
_ATTRIBUTES = ("iteritems", "itervalues", "iterkeys", "has_key")
_MISSING = re.compile("module 'numpy' has no attribute '([A-Za-z_0-9]+)'")
_CALLS, _IMPORTS, _USES = ("|".join(names) for names in (_BUILTINS, _MODULES, _ATTRIBUTES))
_OLD_WORDS = re.compile(
    rf"(?<![.\w])({_CALLS})\(|^\s*(import|from) ({_IMPORTS})\b|\.({_USES})\(", re.MULTILINE
)
_NUMPY = {
    "int": int, "float": float, "bool": bool, "object": object, "complex": complex, "str": str,
    "unicode": str, "long": int,
}  # fmt: skip
_RENAMED = {"Inf": "inf", "infty": "inf", "NaN": "nan", "float_": "float64", "product": "prod",
            "cumproduct": "cumprod", "sometrue": "any", "alltrue": "all", "in1d": "isin",
            "trapz": "trapezoid", "row_stack": "vstack"}  # fmt: skip


def modernized(text: str, name: str) -> str:
    """Return a script of Python 2 as one of Python 3."""
    try:
        refactor: Any = importlib.import_module("fissix.refactor")
    except ImportError as exc:
        raise MissingPackage(
            f"`--modernize` needs the package fissix: {exc}. Try `pip install fissix`."
        ) from exc
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fixers = refactor.get_fixers_from_package("fissix.fixes")
        tool = refactor.RefactoringTool(fixers)
        return str(tool.refactor_string(text if text.endswith("\n") else f"{text}\n", name))


def readable(text: bytes, path: str) -> bytes | str:
    """Return a script of Python 2 as one of Python 3; one that Python runs stays as it is."""
    written = text.decode("utf-8", "replace")
    try:
        compile(text, path, "exec", dont_inherit=True)
    except SyntaxError:
        return modernized(written, path)
    return modernized(written, path) if _OLD_WORDS.search(written) else text


class Beside(MetaPathFinder):
    """Finds the modules that lie in a script's folder, and translates those of Python 2."""

    def __init__(self, folder: str) -> None:
        self._folder = os.path.join(folder, "")

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return where the module is, None for one that lies elsewhere."""
        found = PathFinder.find_spec(fullname, path, target)
        origin = None if found is None else found.origin
        if origin is None or not os.path.realpath(origin).startswith(self._folder):
            return None
        assert found is not None
        if isinstance(found.loader, SourceFileLoader):
            found.loader = _Translated(fullname, origin)
        return found


class _Translated(SourceFileLoader):
    """Reads a module's text, never compiled code that was kept."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return compile(readable(self.get_data(path), path), path, "exec", dont_inherit=True)


def would_help(exc: BaseException) -> bool:
    """Whether an error is about words that `--modernize` translates or gives back.

    >>> would_help(NameError("name 'xrange' is not defined", name="xrange"))
    True
    """
    name, said = str(getattr(exc, "name", None) or ""), str(exc)
    if isinstance(exc, SyntaxError):
        return is_of_python_2(said)
    if isinstance(exc, NameError):
        return name in _BUILTINS
    if isinstance(exc, AttributeError):
        attribute = _MISSING.search(said)
        of_numpy = attribute is not None and attribute[1] in (*_NUMPY, *_RENAMED)
        return of_numpy or name in _ATTRIBUTES
    is_import = isinstance(exc, ImportError)
    return is_import and (name == "scipy.misc" or name.partition(".")[0] in _MODULES)


def is_of_python_2(said: str) -> bool:
    """Whether what Python says of a text's syntax is about Python 2's."""
    return any(one in said for one in ("print", "exec", "except", "leading zeros"))


def give_back_names() -> None:
    """Give NumPy and SciPy the names that they had when scripts were written."""
    import numpy

    for name, meant in _NUMPY.items():
        if name not in vars(numpy):
            setattr(numpy, name, meant)
    for name, new in _RENAMED.items():
        if name not in vars(numpy) and hasattr(numpy, new):
            setattr(numpy, name, getattr(numpy, new))
    try:
        scipy: Any = importlib.import_module("scipy")
    except ImportError:
        return
    if not hasattr(scipy, "misc") or not hasattr(scipy.misc, "imread"):
        _give_pictures(scipy)


def _give_pictures(scipy: Any) -> None:
    """Give back `scipy.misc.imread` and its like, by the package Pillow."""
    import sys
    from types import ModuleType

    import numpy

    module: Any = ModuleType("scipy.misc")

    def opened(path: Any) -> Any:
        try:
            from PIL import Image
        except ImportError as exc:
            raise MissingPackage(
                f"`scipy.misc` by `--modernize` needs the package Pillow: {exc}. Try `pip install "
                "pillow`."
            ) from exc
        return (
            Image.open(path)
            if isinstance(path, str) or hasattr(path, "read")
            else (Image.fromarray(numpy.asarray(path).astype("uint8")))
        )

    def imread(name: Any, flatten: bool = False, mode: str | None = None) -> Any:
        """Return a picture file as an array."""
        picture = opened(name)
        picture = picture.convert(mode) if mode else picture
        return numpy.asarray(picture.convert("F") if flatten else picture)

    def imresize(arr: Any, size: Any, interp: str = "bilinear", mode: Any = None) -> Any:
        """Return a picture of another size: a share, percents, or (rows, columns)."""
        picture = opened(arr)
        if isinstance(size, int | float):
            share = size if isinstance(size, float) else size / 100
            new = (int(picture.width * share), int(picture.height * share))
        else:
            new = (int(size[1]), int(size[0]))
        kinds = {"nearest": 0, "bilinear": 2, "bicubic": 3}
        return numpy.asarray(picture.resize(new, kinds.get(interp, 2)))

    def imsave(name: Any, arr: Any, format: Any = None) -> None:  # noqa: A002 - SciPy's name
        """Write an array to a picture file."""
        opened(arr).save(name, format)

    vars(module).update(imread=imread, imresize=imresize, imsave=imsave, toimage=opened)
    sys.modules["scipy.misc"] = scipy.misc = module
