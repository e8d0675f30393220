"""Where a stack stands on its way from the guide's manifests to encrypted ones, and the next command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.records import dataclass
from matrix_secrets.stack.model import OPEN_STATES, Stack, ValueState
from matrix_secrets.stack.placeholders import is_example_host, is_example_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CONFIGURE: Final = "matrix-secrets configure --server-name NAME --node-ip IP"
_NAMES_SHOWN: Final = 2


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that is done (``done``), that is to do, or (None) that cannot be told; ``then`` mends it."""

    done: bool | None
    text: str
    detail: str = ""
    then: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A stack and its points, in the order of the work."""

    stack: Stack
    points: tuple[Point, ...]

    @property
    def next(self) -> str:
        """The next command."""
        return next((point.then for point in self.points if point.then), "matrix-secrets verify")


def standing(stack: Stack, *, has_rules: bool, has_identity: Callable[[], bool]) -> Standing:
    """Say where a stack stands. ``has_identity`` is asked only where that matters."""
    encryption = _encryption(stack, has_rules=has_rules, has_identity=has_identity)
    first = [point for point in encryption if point.then == "matrix-secrets keys generate"]
    points = (_names(stack), _secrets(stack), *encryption)
    # A key comes first: everything after it can then be encrypted at once.
    ordered = sorted(points, key=lambda point: point not in first)
    return Standing(stack, tuple(ordered))


def _names(stack: Stack) -> Point:
    names = [name for config in stack.homeservers if (name := config.text(("server_name",))) is not None]
    if any(not config.readable for config in stack.homeservers) and not names:
        return Point(done=None, text="server_name cannot be read", detail="its file does not open, or does not parse")
    example = next((name for name in names if is_example_host(name)), None)
    if example is not None:
        return Point(done=False, text=f"server_name is {example}", then=CONFIGURE)
    url = next((url for url in _urls(stack) if is_example_url(url)), None)
    if url is not None:
        return Point(done=False, text=f"a URL still is {url}", then=CONFIGURE)
    if not names:
        return Point(done=None, text="there is no homeserver.yaml with a server_name here")
    return Point(done=True, text=f"server_name is {names[0]}")


def _urls(stack: Stack) -> Iterator[str]:
    paths = [(config, ("public_baseurl",)) for config in stack.homeservers]
    for config, path in [*paths, *((config, _BASE_URL) for config in stack.elements)]:
        url = config.text(path)
        if url is not None:
            yield url


_BASE_URL: Final = ("default_server_config", "m.homeserver", "base_url")


def _secrets(stack: Stack) -> Point:
    total = _count(len(stack.managed), "secret")
    unknown = [secret.name for secret in stack.managed if secret.state is ValueState.UNREADABLE]
    open_ones = [
        secret.name for secret in stack.managed if any(place.state in OPEN_STATES for place in secret.locations)
    ]
    differing = [secret.name for secret in stack.managed if len(secret.values) > 1]
    if open_ones:
        many = "is a placeholder or missing" if len(open_ones) == 1 else "are placeholders or missing"
        text = f"{_count(len(open_ones), 'secret')} {many}"
        return Point(done=False, text=text, detail=_some(open_ones), then="matrix-secrets generate")
    if differing:
        text = f"{_count(len(differing), 'secret')} with different values in different places"
        return Point(done=False, text=text, detail=_some(differing), then="matrix-secrets show")
    if unknown:
        text = f"{_count(len(unknown), 'secret')} cannot be read"
        return Point(done=None, text=text, detail=_some(unknown))
    if not stack.managed:
        return Point(done=None, text="no managed secret stands here")
    return Point(done=True, text=f"{total} set, each the same in all its places")


def _encryption(stack: Stack, *, has_rules: bool, has_identity: Callable[[], bool]) -> list[Point]:
    files = stack.secret_files
    plain = [file for file in files if not stack.file(file).encrypted]
    if not plain:
        text = f"{_count(len(files), 'file')} with secrets encrypted"
        return [Point(done=True, text=text, detail=_some(files))] if files else []
    some = f"{_count(len(plain), 'file')} with secrets not encrypted"
    what = "nothing is encrypted" if len(plain) == len(files) else some
    rules = "" if has_rules else "there is no .sops.yaml"
    if has_rules or has_identity():
        return [Point(done=False, text=what, detail=rules or _some(plain), then="matrix-secrets encrypt")]
    missing = "; ".join(part for part in (rules, "you have no age identity yet") if part)
    return [Point(done=False, text=what, detail=missing, then="matrix-secrets keys generate")]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown}, …"
