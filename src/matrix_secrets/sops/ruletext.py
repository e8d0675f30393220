"""How a new rule of ``.sops.yaml`` is spelled: the lines of the rule, its path_regex, a whole new file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.render import is_plain_string, quoted
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER: Final = (
    "# What sops encrypts: in which files, for whom, and which parts of them. The first rule that fits a file counts.",
    "# Reference: https://getsops.io/docs/#using-sops-yaml-conf-to-select-kms-pgp-and-age-for-new-files",
)
_SPECIAL: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
_PLAIN_EXPRESSION: Final = re.compile(r"\^[A-Za-z0-9_./()|\\$-]*")


@dataclass(frozen=True, slots=True)
class NewRule:
    """What a new rule says. ``recipients`` are pairs of a recipient and the name to stand behind it, or none."""

    path_regex: str
    recipients: Sequence[tuple[str, str]]
    encrypted_regex: str
    mac_only_encrypted: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """The indentation of a rules file, in spaces: of a list's dash under its key, and of what stands behind a dash."""

    dash: int = 2
    gap: int = 1

    @property
    def step(self) -> int:
        """The indentation of a mapping under its key."""
        return self.dash or 2


def path_regex_for(files: Sequence[str]) -> str:
    r"""Return the expression that matches exactly these files, whatever their order.

    Names are relative to the rules file's directory: ``^apps/matrix/(postgres|synapse)\.yaml$``. Go and Python read
    the result alike.
    """
    names = sorted(set(files))
    if len(names) == 1:
        return f"^{_literal(names[0])}$"
    head = _common_head(names)
    tail = _common_tail([name[len(head) :] for name in names])
    inner = "|".join(_literal(name[len(head) : len(name) - len(tail)]) for name in names)
    return f"^{_literal(head)}({inner}){_literal(tail)}$"


def _literal(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def _common_head(names: Sequence[str]) -> str:
    """Return the whole directories that all names begin with."""
    first, last = names[0], names[-1]
    length = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), 0)
    return first[: first.rfind("/", 0, length) + 1]


def _common_tail(names: Sequence[str]) -> str:
    """Return the extension that all names end with."""
    extension = re.search(r"(?<=[^/])\.[^./]*\Z", names[0])
    tail = extension[0] if extension else ""
    return tail if all(name.endswith(tail) and len(name) > len(tail) for name in names) else ""


def rule_lines(rule: NewRule, layout: Layout) -> list[str]:
    """Spell a rule as an item of creation_rules, without line ends."""
    indent = " " * (layout.dash + 1 + layout.gap)
    inner = indent + " " * layout.dash + "-" + " " * layout.gap
    fields = [f"path_regex: {expression(rule.path_regex)}", f"encrypted_regex: {expression(rule.encrypted_regex)}"]
    if rule.mac_only_encrypted:
        fields.append("mac_only_encrypted: true")
    head = " " * layout.dash + "-" + " " * layout.gap
    lines = [head + fields[0], *(indent + field for field in [*fields[1:], "age:"])]
    return [*lines, *(inner + _recipient(*pair) for pair in rule.recipients)]


def stores_lines(layout: Layout) -> list[str]:
    """Spell the setting that keeps sops's own output at two spaces, so that a diff after it stays small."""
    return ["stores:", " " * layout.step + "yaml:", " " * (2 * layout.step) + "indent: 2"]


def new_file(rule: NewRule) -> str:
    """Spell a whole file with one rule."""
    layout = Layout()
    lines = [*HEADER, "creation_rules:", *rule_lines(rule, layout), "", *stores_lines(layout)]
    return "\n".join(lines) + "\n"


def expression(text: str) -> str:
    """Spell a regular expression: unquoted where YAML can take it for nothing else."""
    if _PLAIN_EXPRESSION.fullmatch(text):
        return text
    return "'" + text.replace("'", "''") + "'" if text.isprintable() else quoted(text)


def _recipient(key: str, name: str) -> str:
    spelled = key if is_plain_string(key) else quoted(key)
    comment = " ".join(name.split())
    return f"{spelled}  # {comment}" if comment else spelled
