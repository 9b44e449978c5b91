"""Docstrings as reStructuredText.

Ours are plain text with names in backticks, blocks that are set in by four spaces, lists with '- '
and examples after '>>>'. All else is text: no star or underline in it is a mark.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z_][\w.]*(\(\))?")


def restructured(text: str) -> str:
    """Return a docstring in reStructuredText."""
    made: list[str] = []
    in_list = False
    for block in re.split(r"\n\s*\n", text.expandtabs().strip("\n")):
        lines = block.split("\n")
        if lines[0].lstrip().startswith(">>>"):
            made.append(_literal(block, "pycon"))
        elif all(line.startswith(" ") for line in lines) and not in_list:
            made.append(_literal(block, "text"))
        else:
            made.append(_paragraph(lines))
            in_list = bool(re.match(r"[-*] |\w+: ", lines[-1])) or (in_list and lines[0][:1] == " ")
    return _joined(made)


def _literal(block: str, language: str) -> str:
    width = min(len(line) - len(line.lstrip()) for line in block.split("\n") if line.strip())
    body = "\n".join(f"   {line[width:]}".rstrip() for line in block.split("\n"))
    return f".. code-block:: {language}\n\n{body}"


def _joined(blocks: list[str]) -> str:
    """Return blocks with empty lines between; blocks of literal text that follow are one."""
    text = ""
    for block in blocks:
        first, _, body = block.partition("\n\n")
        if (
            first.startswith(".. code-block::")
            and text.rpartition("\n.. code")[2]
            and (_last_directive(text) == first)
        ):
            text += f"\n\n{body}"
        else:
            text += f"\n\n{block}" if text else block
    return text + "\n"


def _last_directive(text: str) -> str:
    """Return the directive that a text ends inside of, if any."""
    for line in reversed(text.split("\n")):
        if line and not line.startswith(" "):
            return line if line.startswith(".. code-block::") else ""
    return ""


def _paragraph(lines: list[str]) -> str:
    """Return a paragraph, or a list whose items may take several lines."""
    made: list[str] = []
    for line in lines:
        if re.match(r"\s*- ", line) and made and not re.match(r"\s*- |^$|   ", made[-1]):
            made.append("")
        made.append(line)
    # `argument: what it is` with lines set in below it is a definition list of a kind.
    if len(lines) > 1 and all(re.match(r"[\w`, *]+: |\s{4}", line) for line in lines):
        return "\n".join(
            f"- {line}" if line[0] != " " else f"  {line.strip()}" for line in _marked(lines)
        )
    return "\n".join(_marked(made))


def _marked(lines: list[str]) -> list[str]:
    """Return lines in which names are references, other code is literal, and the rest is text."""
    text = re.sub(r"^(\s*)\* ", r"\1- ", "\n".join(lines), flags=re.M)
    parts = re.split(r"``?([^`]+)``?", text)
    made = ""
    for place, part in enumerate(parts):
        if place % 2 == 0:
            made += re.sub(r"([*|\\]|_(?!\w))", r"\\\1", part)
            continue
        code = " ".join(part.split())
        before = "" if not made or made[-1] in " \n(['\"-/:" else "\\ "
        following = parts[place + 1][:1]
        after = "" if not following or following in " \n)]'\"-/:.,;!?" else "\\ "
        is_name = _NAME.fullmatch(code)
        made += before + (f":py:obj:`{code}`" if is_name else f"``{code}``") + after
    return made.split("\n")
