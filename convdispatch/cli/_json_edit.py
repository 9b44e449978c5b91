"""Change a few values in the text of a JSON object; every other character stays.

Reading a whole file and writing it anew would lose what Python does not keep: the spelling of
numbers (1e999 would become Infinity, which is no JSON), escapes, indents and the ends of lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

_SPACE = re.compile(r"[ \t\r\n]*")
_decoder = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class _Member:
    """The position of a key and its value, from the end of the '{' or ',' before them."""

    begin: int
    key_begin: int
    key: str
    key_end: int
    value_begin: int
    value_end: int


def edited(text: str, changes: Mapping[str, object]) -> str:
    """Return `text`, a JSON object that has been parsed, with these values; new keys come last.

    >>> edited('{"a":1, "b": 1e999}', {"a": 2, "c": "x"})
    '{"a":2, "b": 1e999, "c": "x"}'
    """
    members = _members(text)
    if not members:
        return _fresh(text, changes)
    for member in reversed(members):  # so that the places before it stay right
        if member.key in changes:
            value = _spelled(changes[member.key])
            text = text[: member.value_begin] + value + text[member.value_end :]
    known = {member.key for member in members}
    added = {key: value for key, value in changes.items() if key not in known}
    return _with_added(text, added) if added else text


def _fresh(text: str, changes: Mapping[str, object]) -> str:
    """Return the first members of an object that has none, in Keras's own style."""
    before, after = text[: text.index("{")], text[text.rindex("}") + 1 :]
    return before + json.dumps(changes, indent=4) + (after or "\n")


def _with_added(text: str, added: Mapping[str, object]) -> str:
    """Return `text` with new members, laid out as the last one is."""
    members = _members(text)
    last = members[-1]
    lead = text[last.begin : last.key_begin]
    colon = text[last.key_end : last.value_begin]
    if len(members) == 1 and not lead and colon != colon.rstrip():
        lead = " "  # {"a": 1}: a single member shows by its colon alone whether spaces are used
    new = "".join(f",{lead}{json.dumps(key)}{colon}{_spelled(v)}" for key, v in added.items())
    return text[: last.value_end] + new + text[last.value_end :]


def _spelled(value: object) -> str:
    return json.dumps(value, allow_nan=False)


def _members(text: str) -> list[_Member]:
    """Return the members of the outermost object, in their order."""
    members: list[_Member] = []
    place = text.index("{") + 1
    while True:
        begin, key_begin = place, _after_space(text, place)
        if text[key_begin] == "}":
            return members
        key, key_end = _decoder.raw_decode(text, key_begin)
        value_begin = _after_space(text, _after_space(text, key_end) + 1)
        _, value_end = _decoder.raw_decode(text, value_begin)
        members.append(_Member(begin, key_begin, key, key_end, value_begin, value_end))
        place = _after_space(text, value_end)
        if text[place] == "}":
            return members
        place += 1


def _after_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    assert found is not None  # it matches nothing, too
    return found.end()
