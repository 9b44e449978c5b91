"""A question on the terminal."""

from __future__ import annotations

from typing import Any


def ask_to_proceed_with_overwrite(filepath: Any) -> bool:
    """Ask whether a file may be replaced, until the answer is y or n."""
    question = f"[WARNING] {filepath} already exists - overwrite? [y/n]"
    answer = input(question).strip().lower()
    while answer not in ("y", "n"):
        answer = input('Enter "y" (overwrite) or "n" (cancel).').strip().lower()
    return answer == "y"
