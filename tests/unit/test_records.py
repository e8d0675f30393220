"""Records are dataclasses in all that can be seen of them."""

from __future__ import annotations

import copy
import dataclasses
import operator
import pickle
from dataclasses import field
from typing import TYPE_CHECKING, Any

import pytest

from matrix_secrets import records

if TYPE_CHECKING:
    from collections.abc import Callable


def plain(dataclass: Callable[..., Any]) -> type[Any]:
    @dataclass(frozen=True, slots=True)
    class Pair:
        """Two things."""

        left: object
        right: tuple[int, ...] = ()
        hidden: str = field(default="", repr=False)
        aside: list[int] = field(default_factory=list, compare=False)

    return Pair


def single(dataclass: Callable[..., Any]) -> type[Any]:
    @dataclass(frozen=True, slots=True)
    class Single:
        left: object

    return Single


def empty(dataclass: Callable[..., Any]) -> type[Any]:
    @dataclass(frozen=True, slots=True)
    class Empty:
        """Nothing."""

    return Empty


def changing(dataclass: Callable[..., Any]) -> type[Any]:
    @dataclass(slots=True)
    class Changing:
        left: object

    return Changing


def special(dataclass: Callable[..., Any]) -> type[Any]:
    @dataclass(frozen=True, slots=True)
    class Special:  # noqa: PLW1641  that is what is tried
        left: object

        def __repr__(self) -> str:
            return "<hidden>"

        def __eq__(self, other: object) -> bool:
            return True

    return Special


def hashed(dataclass: Callable[..., Any]) -> type[Any]:
    @dataclass(frozen=True, slots=True)
    class Hashed:
        left: object

        def __hash__(self) -> int:
            return 7

    return Hashed


def ordered(dataclass: Callable[..., Any]) -> type[Any]:
    @dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        left: object

    return Ordered


def outcome(do: Callable[..., object], *arguments: object) -> object:
    try:
        return do(*arguments)
    except (TypeError, AttributeError) as error:
        return type(error).__name__


def seen(kind: type[Any]) -> list[object]:
    arguments: list[tuple[object, ...]] = [(1,), (2,), ([1],), (1, (2,)), (1, (2,), "h"), (1, (2,), "h", [3]), ()]
    made = [each for each in (outcome(kind, *each) for each in arguments) if isinstance(each, kind)]
    pairs = [(one, other) for one in made for other in made]
    names = [each.name for each in dataclasses.fields(kind)]
    return [
        [str(each) for each in made],
        [one == other for one, other in pairs],
        [outcome(operator.lt, one, other) for one, other in pairs],
        [one == object() for one in made],
        [outcome(hash, each) for each in made],
        [outcome(setattr, each, "left", 9) for each in made],
        [outcome(delattr, each, "left") for each in map(copy.copy, made)],
        [outcome(setattr, each, "other", 9) for each in made],
        [str(copy.deepcopy(each)) for each in made],
        [str(dataclasses.replace(each, **dict.fromkeys(names[:1], 5))) for each in made],
        [kind.__match_args__, kind.__slots__, names],
    ]


@pytest.mark.parametrize("kind", [plain, single, empty, changing, special, hashed, ordered])
def test_a_record_behaves_as_a_dataclass(kind: Callable[[Callable[..., Any]], type[Any]]) -> None:
    assert seen(kind(records.dataclass)) == seen(kind(dataclasses.dataclass))


@records.dataclass(frozen=True, slots=True)
class Sent:
    """Something that goes through a pipe."""

    left: int
    right: str


def test_a_record_goes_through_a_pipe() -> None:
    assert pickle.loads(pickle.dumps(Sent(1, "x"))) == Sent(1, "x")  # noqa: S301  made here


def test_records_of_two_classes_are_never_equal() -> None:
    assert single(records.dataclass)(1) != single(records.dataclass)(1)


def test_a_decorator_without_arguments() -> None:
    class Bare:
        left: int

    assert str(outcome(records.dataclass(Bare), 1)).endswith("Bare(left=1)")
