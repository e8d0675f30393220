"""New YAML for a manifest, spelled from plain data: as lines in block style, or on one line in flow style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from matrix_secrets.manifests.render import is_plain_string, quoted
from matrix_secrets.records import dataclass


@dataclass(frozen=True, slots=True)
class Noted:
    """A number with a comment behind it, where there is a line for one."""

    number: int
    comment: str


Data: TypeAlias = "str | int | bool | Noted | Mapping[str, Data] | Sequence[Data]"


def flow(data: Data) -> str:
    """Spell data on one line."""
    match data:
        case str():
            return data if is_plain_string(data, flow=True) else quoted(data)
        case bool():
            return "true" if data else "false"
        case int():
            return str(data)
        case Noted(number=number):
            return str(number)
        case Mapping():
            return "{" + ", ".join(f"{flow(key)}: {flow(value)}" for key, value in data.items()) + "}"
        case _:
            return "[" + ", ".join(flow(item) for item in data) + "]"


def block(data: Mapping[str, Data] | Sequence[Data], indent: str) -> list[str]:
    """Spell a mapping or a list as lines, each with the indentation before it; a list's dashes stand at it."""
    if isinstance(data, Mapping):
        return [line for key, value in data.items() for line in _entry(key, value, indent)]
    found: list[str] = []
    for item in data:
        if isinstance(item, str) or not isinstance(item, Mapping | Sequence):
            found.append(f"{indent}- {_scalar(item)}")
        else:
            first, *others = block(item, f"{indent}  ")
            found.extend([f"{indent}- {first.lstrip()}", *others])
    return found


def _entry(key: str, value: Data, indent: str) -> list[str]:
    name = key if is_plain_string(key) else quoted(key)
    if isinstance(value, str) or not isinstance(value, Mapping | Sequence):
        return [f"{indent}{name}: {_scalar(value)}"]
    return [f"{indent}{name}:", *block(value, f"{indent}  ")]


def _scalar(data: str | int | Noted) -> str:
    match data:
        case str():
            return data if is_plain_string(data) else quoted(data)
        case Noted(number=number, comment=comment):
            return f"{number}  # {comment}"
        case _:
            return flow(data)
