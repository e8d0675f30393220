"""Recipients put into the rules of ``.sops.yaml`` and taken out of them: no other byte of the file changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from matrix_secrets.manifests.edits import splice
from matrix_secrets.manifests.nodes import Scalar, Sequence
from matrix_secrets.sops.configfile import parse_config
from matrix_secrets.sops.creationrule import rule_of
from matrix_secrets.sops.creationrules import CONFIG_NAME
from matrix_secrets.sops.recipientadding import Adding
from matrix_secrets.sops.recipientlists import AgeField, Listing, RecipientLists, key_of, keys_in
from matrix_secrets.sops.recipientnames import recipient_names
from matrix_secrets.sops.recipientremoval import Removing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from matrix_secrets.manifests.edits import Edit
    from matrix_secrets.sops.configfile import ConfigFile


def with_recipient(text: str, recipient: str, *, name: str, rules: Collection[int], file: str = CONFIG_NAME) -> str:
    """Return the rules file with a recipient added to the rules of these numbers (from 0) that lack it.

    A list gets an item with the name behind it, a text with commas stays one. Where a rule refers to its recipients by
    aliases, the new one gets an anchor beside theirs. Raises RefusedError for what cannot be edited: several key
    groups, merge keys, a list that rules outside of ``rules`` share.
    """
    config = parse_config(text, file)
    lists = RecipientLists(config.stream)
    wanting = [field for field in lists.fields() if field.index in rules and recipient not in _keys(field, lists)]
    _refuse_shared(lists, [field.listing for field in wanting], set(rules))
    edits = Adding(config.stream, lists, recipient, name, wanting).edits()
    numbers = {field.index for field in wanting}

    def expected(index: int, old: list[str]) -> list[str]:
        return [*old, recipient] if index in numbers else old

    return _proven(config, edits, expected, lists)


def without_recipients(
    text: str, gone: Collection[str], *, rules: Collection[int] | None = None, file: str = CONFIG_NAME
) -> str:
    """Return the rules file without these recipients, in all rules or those of these numbers.

    With the last alias of one, its anchor's item goes as well. Raises RefusedError as `with_recipient`.
    """
    config = parse_config(text, file)
    lists = RecipientLists(config.stream)
    fields = [field for field in lists.fields() if rules is None or field.index in rules]
    listings = [field.listing for field in fields]
    if rules is not None:
        _refuse_shared(lists, listings, set(rules))
    else:
        listings += lists.further()
    keys = {key_of(recipient) for recipient in gone}
    numbers = {field.index for field in fields}

    def expected(index: int, old: list[str]) -> list[str]:
        return [key for key in old if key_of(key) not in keys] if index in numbers else old

    removing = Removing(config.stream, lists, keys)
    return _proven(config, removing.edits(listings), expected, lists, alone=removing.alone)


def _proven(
    config: ConfigFile,
    edits: Iterable[Edit],
    expected: Callable[[int, list[str]], list[str]],
    lists: RecipientLists,
    *,
    alone: Collection[str] = (),
) -> str:
    """Make the edits and read the result: the recipients are those expected, everything else is what it was.

    ``alone`` are recipients that are the only one in their text now, so that a comment behind it is theirs.
    """
    file = config.stream.file
    text = splice(config.stream.text, edits)
    edited = parse_config(text, file)
    before, after = (
        [rule_of(fields, at, file) for at, fields in enumerate(one.rules or ())] for one in (config, edited)
    )
    wanted = [
        replace(rule, recipients=tuple(expected(index, list(rule.recipients)))) for index, rule in enumerate(before)
    ]
    ordered = [sorted(rule.recipients) for rule in wanted] == [sorted(rule.recipients) for rule in after]
    same = [replace(rule, recipients=()) for rule in wanted] == [replace(rule, recipients=()) for rule in after]
    names = recipient_names(edited.stream)
    old = recipient_names(config.stream)
    kept = all(names.get(key, name) == name or key_of(key) in alone for key, name in old.items())
    if not (ordered and same and kept and edited.stores == config.stores):
        raise lists.cannot("its layout is not understood")
    return text


def _refuse_shared(lists: RecipientLists, listings: Collection[Listing | None], rules: set[int]) -> None:
    starts = {listing.start for listing in listings if listing is not None}
    for field in lists.fields():
        if field.listing is not None and field.listing.start in starts and field.index not in rules:
            raise lists.cannot("rules that are not meant take the same list, by an alias", field.index)


def _keys(field: AgeField, lists: RecipientLists) -> set[str]:
    match field.listing:
        case None:
            return set()
        case Scalar() as text:
            return set(keys_in(text.value))
        case Sequence() as listing:
            found = (lists.resolved(item) for item in listing.items)
            return {key for item in found if isinstance(item, Scalar) for key in keys_in(item.value)}
