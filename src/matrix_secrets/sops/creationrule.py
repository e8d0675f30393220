"""One rule of ``.sops.yaml``: which files it covers, for whom they are encrypted, and what of them."""

from __future__ import annotations

import json
from dataclasses import field
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.records import dataclass
from matrix_secrets.sops.configfile import GROUP_KEYS, OTHER_KEYS, SELECTORS
from matrix_secrets.sops.goregexp import ExpressionError, compile_expression
from matrix_secrets.sops.typedyaml import NotText

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from matrix_secrets.sops.configfile import Fields
    from matrix_secrets.sops.typedyaml import Value

DEFAULT_SELECTOR: Final = ("unencrypted_suffix", "_unencrypted")
_GO_SPACE: Final = " \t\n\v\f\r\x85\xa0"


@dataclass(frozen=True, slots=True)
class CreationRule:
    """A creation rule. ``recipients`` are age public keys; ``other_keys`` names the other kinds of keys it asks for.

    At most one of the six selectors is set; with none of them sops takes ``unencrypted_suffix: _unencrypted``.
    ``groups`` is the number of key groups (more than one: Shamir's secret sharing); ``source`` holds the rule's key
    fields as they stand in the file, ``index`` counts from 0.
    """

    path_regex: str
    recipients: tuple[str, ...]
    other_keys: tuple[str, ...] = ()
    unencrypted_suffix: str = ""
    encrypted_suffix: str = ""
    unencrypted_regex: str = ""
    encrypted_regex: str = ""
    unencrypted_comment_regex: str = ""
    encrypted_comment_regex: str = ""
    mac_only_encrypted: bool = False
    index: int = 0
    groups: int = 1
    shamir_threshold: int = 0
    source: Mapping[str, Value] = field(default_factory=dict, compare=False, repr=False)

    @property
    def selector(self) -> tuple[str, str]:
        """The one selector that holds, by name and value: sops's default where the rule names none."""
        return next(
            ((name, value) for name in SELECTORS if (value := str(getattr(self, name)))),
            DEFAULT_SELECTOR,
        )

    def as_config(self) -> str:
        """Return a configuration whose only rule is this one, for any file: JSON, which is YAML, too."""
        keys = dict(self.source) if self.source else {"age": list(self.recipients)}
        rule: dict[str, object] = {**keys, "mac_only_encrypted": self.mac_only_encrypted}
        rule.update({name: value for name in SELECTORS if (value := getattr(self, name))})
        if self.shamir_threshold:
            rule["shamir_threshold"] = self.shamir_threshold
        text = json.dumps({"creation_rules": [rule], "stores": {"yaml": {"indent": 2}}}, ensure_ascii=False)
        # JSON allows these within strings; YAML reads line breaks.
        return text.replace("\x7f", "\\u007f").replace("\x85", "\\N").replace("\u2028", "\\L").replace("\u2029", "\\P")


def rule_of(fields: Fields, index: int, file: str) -> CreationRule:
    """Make a rule of its fields. Raises RefusedError, naming file, rule and key, where sops would (config.go)."""
    place = Place(file, f"rule {index + 1}")
    selectors = {name: str(fields[name]) for name in SELECTORS if fields.get(name)}
    if len(selectors) > 1:
        raise RefusedError(
            f"names more than one of {', '.join(selectors)}",
            place=place,
            cause="sops accepts only one of them in a rule",
            hint=f"keep one of them in {file}, then run the command again. Nothing was changed.",
        )
    groups = fields.get("key_groups")
    keys = _keys_of_groups(groups) if isinstance(groups, list) and groups else _keys_of_rule(fields, place)
    found = [pair for group in keys for pair in group]
    threshold = fields.get("shamir_threshold", 0)
    return CreationRule(
        path_regex=str(fields.get("path_regex", "")),
        recipients=tuple(key for kind, key in found if kind == "age"),
        other_keys=tuple(dict.fromkeys(kind for kind, _ in found if kind != "age")),
        mac_only_encrypted=fields.get("mac_only_encrypted") is True,
        index=index,
        groups=len(keys),
        shamir_threshold=threshold if isinstance(threshold, int) else 0,
        source={name: fields[name] for name in ("age", *OTHER_KEYS, "aws_profile", "key_groups") if name in fields},
        **selectors,
    )


def matches(fields: Fields, path: str, index: int, file: str) -> bool:
    """Tell whether a rule's path_regex, or the lack of one, covers a path. Raises RefusedError where sops would."""
    expression = str(fields.get("path_regex", ""))
    try:
        return not expression or compile_expression(expression).search(path) is not None
    except ExpressionError as error:
        raise RefusedError(
            f"is not a regular expression that can be used: {error}",
            place=Place(file, f"rule {index + 1}", ("path_regex",)),
            cause="sops reads it as Go does (RE2)",
            hint=f"correct it in {file}, then run the command again. Nothing was changed.",
        ) from None


def _keys_of_rule(fields: Fields, place: Place) -> list[list[tuple[str, str]]]:
    group: list[tuple[str, str]] = []
    for name, kind in {"age": "age", **OTHER_KEYS}.items():
        group.extend((kind, key) for key in _split(_texts(fields.get(name, ""), name, place)))
    return [group]


def _texts(value: Value, name: str, place: Place) -> list[str]:
    """Return the texts of a field that is a comma-separated text or a list (parseKeyField in config.go)."""
    items = value if isinstance(value, list) else [part for part in str(value).split(",") if part.strip(_GO_SPACE)]
    if value is NotText.NOT_TEXT or not all(isinstance(item, str) for item in items):
        raise RefusedError(
            "is neither a text nor a list of texts",
            place=Place(place.file, place.document, (name,)),
            hint=f"quote the keys in {place.file} or write them as a list, then run the command again",
        )
    return [str(item) for item in items]


def _split(items: list[str]) -> Iterator[str]:
    """Sops joins a list with commas and takes it apart again, so that an item may hold several keys."""
    joined = ",".join(items)
    if joined:
        yield from (part.strip(_GO_SPACE) for part in joined.split(","))


def _keys_of_groups(groups: list[Value]) -> list[list[tuple[str, str]]]:
    """Return the keys of each group, those it merges first, none twice (extractMasterKeys, deduplicateKeygroup)."""
    return [list(dict.fromkeys(_keys_of_group(group))) for group in groups if isinstance(group, dict)]


def _keys_of_group(group: Fields) -> Iterator[tuple[str, str]]:
    merged = group.get("merge", [])
    for part in merged if isinstance(merged, list) else []:
        if isinstance(part, dict):
            yield from _keys_of_group(part)
    for name, kind in {"age": "age", **GROUP_KEYS}.items():
        items = group.get(name, [])
        for item in items if isinstance(items, list) else []:
            if isinstance(item, str):
                yield from ((kind, key) for key in _split([item]))
            else:
                yield kind, json.dumps(item, sort_keys=True, default=str)
