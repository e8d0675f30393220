"""The global options, as given before or after the command or in the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_STORE: Final = "matrix_secrets.settings"
ENV_PREFIX: Final = "MATRIX_SECRETS_"
# What click takes for true: https://click.palletsprojects.com/en/stable/parameter-types/ (BOOL)
_TRUE: Final = frozenset({"1", "true", "t", "yes", "y", "on"})


class Settings(NamedTuple):
    """The values of the global options. ``start`` is the directory that file arguments are relative to."""

    start: Path
    stacks: tuple[str, ...] = ()
    all_stacks: bool = False
    engine: str = "auto"
    context: str | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    yes: bool = False
    no_color: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Settings:
        """Make settings from what the options stored, by option name."""
        from pathlib import Path  # noqa: PLC0415  --help does without

        known = {key: value for key, value in given.items() if key in cls._fields and value is not None}
        return cls(start=Path(given.get("repo") or "."), **known)


def stored(meta: dict[str, Any]) -> dict[str, Any]:
    """Return what the global options were given, by name: kept in the meta of click's contexts, which share it."""
    found: dict[str, Any] = meta.setdefault(_STORE, {})
    return found


def json_wanted(argv: Sequence[str], env: Mapping[str, str]) -> bool:
    """Whether the output is JSON, said before anything is parsed: a usage error has to be JSON, too."""
    before_names = argv[: argv.index("--")] if "--" in argv else argv
    return "--json" in before_names or env.get(f"{ENV_PREFIX}JSON", "").strip().lower() in _TRUE
