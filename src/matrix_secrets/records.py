"""``dataclass`` as the standard library has it, made faster: a command line defines eighty before it does anything.

``dataclasses`` compiles up to six methods for each class. Those that are the same but for the names of the fields are
taken from here, which leaves three fifths of the time. Source of what they do: Python 3.11, Lib/dataclasses.py.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass  # noqa: PLC0414  (for whoever reads types, it is no other one)
else:

    def dataclass(cls: type | None = None, /, **options: bool) -> Any:  # noqa: ANN401  as the other one
        """Make a dataclass; ``options`` as in ``dataclasses.dataclass``."""
        return _made(cls, options) if cls is not None else lambda cls: _made(cls, options)


def _made(cls: type, options: dict[str, bool]) -> Any:  # noqa: ANN401  as it is given back
    if options.get("order"):  # those compare in more ways
        return dataclasses.dataclass(cls, **options)
    own = dict(vars(cls))
    cls.__doc__ = cls.__doc__ or cls.__name__  # else a signature is made, only to be written there
    made: Any = dataclasses.dataclass(cls, **options, eq=False, repr=False)
    fields = dataclasses.fields(made)
    compared = _taking(tuple(field.name for field in fields if field.compare))
    if "__repr__" not in own:
        made.__repr__ = _shown(tuple(field.name for field in fields if field.repr))
    if "__eq__" not in own:
        made.__eq__ = _equal(compared)
    if own.get("__hash__") is None:
        made.__hash__ = _hashed(compared) if options.get("frozen") else None
    return made


def _taking(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        taking: Callable[[Any], tuple[Any, ...]] = attrgetter(*names)
        return taking
    return lambda self: tuple(getattr(self, name) for name in names)


def _shown(names: tuple[str, ...]) -> Callable[[Any], str]:
    return lambda self: f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"


def _equal(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any, object], Any]:
    return lambda self, other: values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented


def _hashed(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], int]:
    return lambda self: hash(values(self))
