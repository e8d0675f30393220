"""What no file may hold, manifest or not: each check prepares once, then looks at one file's bytes after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from matrix_secrets.findings import Finding

Scanner: TypeAlias = Callable[[str, bytes], Iterable[Finding]]
"""Looks at a file: its name relative to the root, and its bytes. Hooks give it staged contents in the same way."""


def line_of(raw: bytes, offset: int) -> int:
    """The line of an offset, counted from 1."""
    return raw.count(b"\n", 0, offset) + 1


def is_yaml(file: str) -> bool:
    """Whether a file is YAML, by its name."""
    return file.endswith((".yaml", ".yml"))
