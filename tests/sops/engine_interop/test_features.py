"""Feature by feature: written here and read by the real sops, written by it and read here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from conforming.features import (
    BRANCH,
    DUPLICATE_LATER,
    FEATURES,
    NOT_TAKEN,
    REFUSED,
    SELECTED,
    SELECTORS,
    SILENTLY,
    SPLICED,
)
from conforming.realsops import ENGINE, FILE, SopsFailedError
from conforming.trying import (
    BYTES,
    changed_by_sops,
    refused_by_sops,
    refused_here,
    rule_of,
    selected,
    spliced,
    written_by_sops,
    written_here,
)
from matrix_secrets.errors import BadManifestError

if TYPE_CHECKING:
    from conforming.features import Feature
    from conforming.realsops import RealSops
    from matrix_secrets.sops.creationrules import CreationRule

ALL: Final = [feature for features in FEATURES.values() for feature in features]


def named(feature: Feature) -> str:
    return feature.name


def rules(feature: Feature) -> list[CreationRule]:
    """By branch and whole, with the MAC over everything and over what is encrypted."""
    selectors = (BRANCH, {}) if feature.whole else (BRANCH,)
    return [rule_of(selector, only=only) for selector in selectors for only in (True, False)]


@pytest.mark.parametrize("feature", ALL, ids=named)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_written_here(real_sops: RealSops, feature: Feature, newline: str) -> None:
    for wanted in rules(feature):
        came_back = written_here(real_sops, feature.text.replace("\n", newline), wanted)
        assert (came_back == BYTES) is feature.exact


@pytest.mark.parametrize("feature", ALL, ids=named)
def test_written_by_sops(real_sops: RealSops, feature: Feature) -> None:
    for wanted in rules(feature):
        written_by_sops(real_sops, feature.text, wanted)


@pytest.mark.parametrize("place", SPLICED.values(), ids=SPLICED)
def test_ciphertext_in_every_place_that_sops_takes(real_sops: RealSops, place: str) -> None:
    assert spliced(real_sops, place, rule_of(BRANCH))


@pytest.mark.parametrize("place", NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_what_sops_does_not_take_is_not_taken_here(real_sops: RealSops, place: str) -> None:
    assert not spliced(real_sops, place, rule_of(BRANCH))


def test_a_first_document_without_a_block_is_taken_by_neither(real_sops: RealSops) -> None:
    text = ENGINE.encrypt("data:\n  k: v\n---\ndata:\n  l: w\n", file=FILE, rule=rule_of(BRANCH)).text
    first, second = text.split("\n---\n")
    without = f"{first[: first.index('sops:')]}---\n{second}"
    with pytest.raises(SopsFailedError):
        real_sops.decrypt(without)
    with pytest.raises(BadManifestError):
        ENGINE.decrypt(without, file=FILE)


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_sops_refuses_is_refused_here(real_sops: RealSops, text: str) -> None:
    refused_by_sops(real_sops, text, rule_of({}))
    assert refused_here(text, rule_of({}))


@pytest.mark.parametrize("text", SILENTLY.values(), ids=SILENTLY)
def test_what_sops_changes_silently_is_refused_here(real_sops: RealSops, text: str) -> None:
    assert changed_by_sops(real_sops, text, rule_of(BRANCH))
    assert refused_here(text, rule_of(BRANCH))


def test_duplicate_keys_after_the_first_document_pass_sops_and_are_refused_here(real_sops: RealSops) -> None:
    assert real_sops.decrypt(real_sops.encrypt(DUPLICATE_LATER, rule_of(BRANCH))) == DUPLICATE_LATER
    assert "twice" in refused_here(DUPLICATE_LATER, rule_of(BRANCH))


@pytest.mark.parametrize("only", [True, False])
@pytest.mark.parametrize("selector", SELECTORS, ids=str)
def test_selectors(real_sops: RealSops, selector: dict[str, str], only: bool) -> None:
    assert selected(real_sops, SELECTED, rule_of(selector, only=only))
