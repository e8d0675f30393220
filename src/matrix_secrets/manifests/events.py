"""YAML's events and tokens with positions: libyaml's where there is one, else those of ruamel.yaml.

libyaml is PyYAML's (0.2.5): the one that ruamel.yaml's own extra brings (0.1.7) refuses ``{image: foo:1.2}`` and other
flow collections that Kubernetes and sops accept. ruamel.yaml's parser, in Python, gives the same events and tokens more
slowly: for a PyYAML that was built without libyaml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

try:
    from yaml import YAMLError
    from yaml.cyaml import CParser  # type: ignore[attr-defined]  # there only if PyYAML was built with libyaml
except ImportError:
    CParser = None  # type: ignore[assignment,misc]


class BrokenYamlError(Exception):
    """A text does not parse. ``line`` and ``column`` count from 1, ``index`` from 0; None: not known.

    ``problem`` may quote the text.
    """

    def __init__(self, problem: str, line: int | None, column: int | None, index: int | None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line
        self.column = column
        self.index = index


def events(text: str, *, in_python: bool = False) -> Iterator[Any]:
    """Yield the events of a text without byte order mark. Raises BrokenYamlError.

    ``in_python`` takes ruamel.yaml's in any case.
    """
    if in_python or CParser is None:
        parser, _, error = _in_python(text)
        return _checked(parser.get_event, error)
    source = _in_c(text)
    return _checked(source.get_event, YAMLError)


def tokens(text: str, *, in_python: bool = False) -> Iterator[Any]:
    """Yield the tokens of a text, otherwise as `events`."""
    if in_python or CParser is None:
        _, scanner, error = _in_python(text)
        return _checked(scanner.get_token, error)
    source = _in_c(text)
    return _checked(source.get_token, YAMLError)


def _in_c(text: str) -> Any:  # noqa: ANN401  the library has no types
    try:
        return CParser(text)
    except (YAMLError, ValueError) as error:  # characters that are not allowed, half a surrogate pair
        raise _broken(error) from None


def _in_python(text: str) -> tuple[Any, Any, type[Exception]]:
    from ruamel.yaml import YAML  # noqa: PLC0415  (0.03 s, only where there is no libyaml)
    from ruamel.yaml.error import YAMLError as RuamelError  # noqa: PLC0415

    yaml = YAML(typ="safe", pure=True)
    try:
        _, parser = yaml.get_constructor_parser(text)
    except (RuamelError, ValueError) as error:
        raise _broken(error) from None
    return parser, yaml.scanner, RuamelError


def _checked(take: Callable[[], Any], errors: type[Exception]) -> Iterator[Any]:
    try:
        yield from iter(take, None)  # None comes behind the last one
    except (errors, ValueError) as error:
        raise _broken(error) from None


def _broken(error: Exception) -> BrokenYamlError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return BrokenYamlError(
            str(getattr(error, "problem", None) or "not YAML"), mark.line + 1, mark.column + 1, mark.index
        )
    position = getattr(error, "position", None)
    index = position if isinstance(position, int) else None
    return BrokenYamlError("a character that YAML does not allow", None, None, index)
