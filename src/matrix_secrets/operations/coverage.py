"""Which creation rule encrypts which file, and the rule to add where none does it well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import RefusedError
from matrix_secrets.records import dataclass
from matrix_secrets.sops.creationrules import CreationRule, CreationRules, load_rules, rules_of
from matrix_secrets.sops.selectors import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matrix_secrets.stack.workspace import Workspace

CONFIG_FILE: Final = ".sops.yaml"

_SECRET_PATHS: Final = (("stringData", "POSTGRES_PASSWORD"), ("data", "homeserver.yaml"))
_OPEN_PATHS: Final = (("kind",), ("metadata", "name"))

Named = tuple[str, str]
"""A recipient and its name, ``("age1…", "alice")``."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The rule of each file, and what ``.sops.yaml`` has to become for that (None: it stays)."""

    rules: Mapping[str, CreationRule]
    config_file: str
    config_old: bytes | None
    config_new: str | None
    added: tuple[tuple[CreationRule, tuple[Named, ...]], ...] = ()


def cover(
    workspace: Workspace,
    files: Sequence[str],
    recipients: Sequence[Named],
    own: Callable[[str], Sequence[Named]],
) -> Coverage:
    """Find a rule for each file; where none is fit, add a narrower one above, never changing one that exists.

    ``recipients`` are those asked for (``--age``), ``own`` those of a file that no rule covers. Raises RefusedError
    where a rule covers a file for others than those asked for, or where nobody is there to encrypt for.
    """
    loaded = load_rules(workspace.root)
    config_file = loaded.config_file if loaded is not None else CONFIG_FILE
    # A .sops.yaml without any rule (stores: only, say) is a file all the same.
    old = workspace.raw(config_file) if (workspace.root / config_file).is_file() else None
    text = old.decode("utf-8") if old is not None else None
    rules: dict[str, CreationRule] = {}
    wanting: dict[tuple[Named, ...], list[str]] = {}
    for file in files:
        rule = loaded.rule_for(file) if loaded is not None else None
        if rule is not None and is_fit(rule):
            _refuse_others(rule, recipients, file, config_file)
            rules[file] = rule
        else:
            readers = tuple(recipients) or _inherited(loaded, rule) or tuple(own(file))
            if not readers:
                raise RefusedError(
                    f"there is nobody to encrypt {file} for",
                    cause=f"no rule of {config_file} covers it, and there is no age identity of yours to use",
                    hint="matrix-secrets keys generate, or name recipients: matrix-secrets encrypt --age age1…",
                )
            wanting.setdefault(readers, []).append(file)
    if not wanting:
        return Coverage(rules, config_file, old, None)
    from matrix_secrets.sops.ruleedit import with_rule  # noqa: PLC0415  once in a repository's life

    for readers, members in wanting.items():
        text = with_rule(text, files=members, recipients=readers, name=config_file)
    made = rules_of(workspace.root, text or "", config_file)
    added = []
    for readers, members in wanting.items():
        won = {file: made.rule_for(file) if made is not None else None for file in members}
        rules.update({file: _proven(rule, readers, file, config_file) for file, rule in won.items()})
        added.append((rules[members[0]], readers))
    return Coverage(rules, config_file, old, text, tuple(added))


def _proven(rule: CreationRule | None, readers: Sequence[Named], file: str, config_file: str) -> CreationRule:
    """The new rule as sops will read it. Raises RefusedError where another one would win."""
    if rule is None or not is_fit(rule) or set(rule.recipients) != {recipient for recipient, _ in readers}:
        raise RefusedError(
            f"a rule for {file} cannot be added to {config_file} so that sops would take it",
            hint=f"add one at the top of {config_file} by hand, with encrypted_regex: ^(data|stringData)$",
        )
    return rule


def is_fit(rule: CreationRule) -> bool:
    """Whether a rule encrypts what is secret in a manifest and leaves readable what the resource is.

    A rule of keys that only sops can use is taken as it is: another one could not have the same readers.
    """
    if rule.other_keys:
        return True
    if not rule.recipients:
        return False
    selection = Selection.of(rule)
    hidden = all(_picks(selection, path) for path in _SECRET_PATHS)
    return hidden and not any(_picks(selection, path) for path in _OPEN_PATHS)


def _picks(selection: Selection, path: Sequence[str]) -> bool:
    """Whether a value at a path is encrypted; where comments decide, without any comment."""
    hit = not selection.by_comment and any(selection.hits(key) for key in path)
    return hit != selection.names_plain


def _inherited(rules: CreationRules | None, rule: CreationRule | None) -> tuple[Named, ...]:
    """The readers of the rule that is not fit: nobody loses what they could read."""
    if rules is None or rule is None:
        return ()
    return tuple((recipient, rules.names.get(recipient, "")) for recipient in rule.recipients)


def _refuse_others(rule: CreationRule, recipients: Sequence[Named], file: str, config_file: str) -> None:
    asked = {recipient for recipient, _ in recipients}
    if asked and asked != set(rule.recipients):
        raise RefusedError(
            f"rule {rule.index + 1} of {config_file} already covers {file}, for other recipients than --age names",
            hint=f"leave --age out, or change the recipients in {config_file}",
        )
