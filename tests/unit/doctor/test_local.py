"""The links that need no cluster."""

from __future__ import annotations

import pytest

from matrix_secrets.agekeys.discovery import Discovered
from matrix_secrets.agekeys.generate import generate_identity
from matrix_secrets.checks import registry
from matrix_secrets.errors import Place
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.doctor import files, identity

FILE = "apps/matrix/postgres.yaml"


def known() -> Discovered:
    return Discovered(identities=(generate_identity("~/.config/sops/age/keys.txt"),))


def test_an_identity_that_opens_everything() -> None:
    verdict = identity.judge(identity.Seen(known(), {FILE: ("you",)}, ()))
    assert verdict.findings == ()
    assert verdict.detail.endswith("from ~/.config/sops/age/keys.txt")


def test_nothing_to_open() -> None:
    assert identity.judge(identity.Seen(Discovered(), {}, ())).detail == "none is needed: nothing is encrypted"


def test_no_identity_and_another_one() -> None:
    found = identity.judge(identity.Seen(Discovered(), {FILE: ("cluster (age1x)",)}, (FILE,))).findings
    assert [finding.id for finding in found] == ["identity-missing"]
    assert "cluster (age1x)" in found[0].message
    mine = known()
    found = identity.judge(identity.Seen(mine, {FILE: ("cluster (age1x)",)}, (FILE, "other.yaml"))).findings
    assert [finding.id for finding in found] == ["identity-wrong"]
    assert mine.identities[0].recipient.key in found[0].fix
    assert "and 1 more" in found[0].message


def finding(name: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(name, severity, Place(FILE), "is wrong", "mend it")


@pytest.mark.parametrize("name", ["plaintext-secret", "recipients-drift", "secret-leaked"])
def test_what_keeps_nothing_from_running(name: str) -> None:
    """The guide permits plain text in a private repository: doctor looks on."""
    verdict = files.judge(files.Seen((finding(name),), 0, ()))
    assert verdict.broken
    assert not verdict.bars


@pytest.mark.parametrize("name", ["embedded-broken", "secret-mismatch", "placeholder-in-value", "mac-mismatch"])
def test_what_nothing_can_run_on(name: str) -> None:
    assert files.judge(files.Seen((finding(name),), 2, ("you",))).bars


def test_what_other_links_say_better() -> None:
    told = files.judge(files.Seen((finding("not-checked"), finding("owner-without-key")), 2, ("you", "cluster")))
    assert told.findings == ()
    assert told.detail == "2 files encrypted for you, cluster"


def test_the_harmless_are_findings_that_exist() -> None:
    known_ids = {kind.id for kind in registry.kinds()}
    assert known_ids >= files.HARMLESS | files.TOLD_ELSEWHERE
