"""``.sops.yaml``: found, read and asked exactly as sops 3.13 does (config/config.go)."""

from __future__ import annotations

import os
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matrix_secrets.records import dataclass
from matrix_secrets.sops.configfile import parse_config, read_config
from matrix_secrets.sops.creationrule import CreationRule, matches, rule_of
from matrix_secrets.sops.recipientnames import recipient_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matrix_secrets.sops.configfile import ConfigFile

__all__ = ["CONFIG_NAME", "CreationRule", "CreationRules", "find_config", "load_rules", "misnamed_config", "rules_of"]

CONFIG_NAME: Final = ".sops.yaml"
_ALTERNATE_NAME: Final = ".sops.yml"
_MAX_DEPTH: Final = 100


@dataclass(frozen=True, slots=True)
class CreationRules:
    """The rules that hold in a directory. ``config_file`` is their file's name relative to it, with ``/``.

    ``root`` and ``path`` are absolute. Files are asked for by their names relative to ``root``.
    """

    root: Path
    path: Path
    config_file: str
    config: ConfigFile
    _made: dict[int, CreationRule] = field(default_factory=dict, compare=False, repr=False)

    @property
    def text(self) -> str:
        """The file's text."""
        return self.config.stream.text

    @property
    def names(self) -> Mapping[str, str]:
        """The name of each recipient that has one: its anchor's, else the comment behind it."""
        return recipient_names(self.config.stream)

    @property
    def rules(self) -> tuple[CreationRule, ...]:
        """All rules in order. Raises RefusedError for the first that sops would refuse if it came to it."""
        return tuple(rule_of(fields, index, self.config_file) for index, fields in enumerate(self.config.rules or ()))

    def relative(self, file: str) -> str:
        """Return the path of a file as path_regex sees it: relative to the rules' directory, absolute outside of it."""
        whole = os.path.normpath(os.path.join(self.root, file))  # noqa: PTH118  (asked for every file)
        return whole.removeprefix(str(self.path.parent) + os.sep).replace(os.sep, "/")

    def rule_for(self, file: str) -> CreationRule | None:
        """Return the first rule that matches, None where none does.

        Raises RefusedError, as sops does, for a broken expression before the first match and for two selectors in it.
        Recipients are not looked at more closely: `agekeys.recipient` tells what is wrong with one.
        """
        path = self.relative(file)
        for index, fields in enumerate(self.config.rules or ()):
            if matches(fields, path, index, self.config_file):
                if index not in self._made:  # asked about every file
                    self._made[index] = rule_of(fields, index, self.config_file)
                return self._made[index]
        return None


def find_config(root: Path, env: Mapping[str, str]) -> Path | None:
    """Return the configuration that sops takes when it runs in ``root``: SOPS_CONFIG, else the nearest upwards."""
    if env.get("SOPS_CONFIG"):
        return root / env["SOPS_CONFIG"]
    directory = Path(os.path.abspath(root))  # noqa: PTH100  sops goes up by names; resolve() would follow links
    for parent in (directory, *directory.parents)[:_MAX_DEPTH]:
        if (parent / CONFIG_NAME).exists():
            return parent / CONFIG_NAME
    return None


def misnamed_config(root: Path) -> str | None:
    """Return the name of a ``.sops.yml``, which sops passes over, where there is no ``.sops.yaml``."""
    alone = (root / _ALTERNATE_NAME).exists() and not (root / CONFIG_NAME).exists()
    return _ALTERNATE_NAME if alone else None


def load_rules(root: Path, env: Mapping[str, str] | None = None) -> CreationRules | None:
    """Read the rules that hold in a repository's root; None without a configuration or without creation_rules.

    Raises RefusedError where SOPS_CONFIG names a file that cannot be read, BadManifestError where sops could not
    understand the file.
    """
    path = find_config(root, os.environ if env is None else env)
    if path is None:
        return None
    name = os.path.relpath(path, root).replace(os.sep, "/")
    config = read_config(path, name)
    return None if config.rules is None else _rules(root, path, name, config)


def rules_of(root: Path, text: str, name: str = CONFIG_NAME) -> CreationRules | None:
    """Read the rules of a text that is not on disk yet (a planned ``.sops.yaml``), as `load_rules` would read them."""
    config = parse_config(text, name)
    return None if config.rules is None else _rules(root, root / name, name, config)


def _rules(root: Path, path: Path, name: str, config: ConfigFile) -> CreationRules:
    whole = Path(os.path.abspath(path))  # noqa: PTH100  see find_config
    return CreationRules(Path(os.path.abspath(root)), whole, name, config)  # noqa: PTH100
