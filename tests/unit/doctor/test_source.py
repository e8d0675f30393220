from __future__ import annotations

from dataclasses import replace

from matrix_secrets.cluster.flux import ObjectName
from matrix_secrets.operations.doctor.source import GitState, Seen, judge
from tests.unit.doctor.answers import COMMIT, SCRUB, source

GIT = GitState("main", COMMIT, COMMIT, (), ahead=0, known=True, pending=0)
WANTED = ObjectName("GitRepository", "flux-system", "flux-system")
SEEN = Seen(WANTED, source(), GIT, "kubectl ", "git push", SCRUB)


def ids(seen: Seen) -> list[str]:
    return [finding.id for finding in judge(seen).findings]


def test_all_is_well() -> None:
    verdict = judge(SEEN)
    assert (verdict.findings, verdict.bars) == ((), False)
    assert verdict.detail == "GitRepository/flux-system has main at 6ed3777e"


def test_nothing_here_keeps_what_runs_from_being_looked_at() -> None:
    for git in (replace(GIT, ahead=2), replace(GIT, pending=1), replace(GIT, changed=("a.yaml",))):
        assert not judge(replace(SEEN, git=git)).bars
    assert judge(replace(SEEN, git=replace(GIT, known=False))).bars


def test_commits_and_changes() -> None:
    assert ids(replace(SEEN, git=replace(GIT, ahead=1, changed=("a.yaml", "b.yaml")))) == [
        "not-committed",
        "not-pushed",
    ]
    assert ids(replace(SEEN, git=replace(GIT, pending=3))) == ["source-behind"]
    assert ids(replace(SEEN, git=replace(GIT, pending=3, ahead=1))) == ["not-pushed"]
    assert ids(replace(SEEN, git=replace(GIT, known=False))) == ["not-pulled"]


def test_a_source_that_is_not_there_or_is_something_else() -> None:
    assert ids(replace(SEEN, source=None)) == ["source-missing"]
    assert ids(replace(SEEN, source=None, wanted=ObjectName("OCIRepository", "flux-system", "oci"))) == []
    assert ids(replace(SEEN, source=None, wanted=None)) == []


def test_a_source_that_fails() -> None:
    def fix(message: str) -> str:
        ready = [{"type": "Ready", "status": "False", "reason": "GitOperationFailed", "message": message}]
        found = judge(replace(SEEN, source=source(status__conditions=ready))).findings
        assert [finding.id for finding in found] == ["source-failed"]
        assert message in found[0].message
        return found[0].fix

    assert "git push -u origin HEAD:main" in fix('couldn\'t find remote ref "refs/heads/main"')
    assert "deploy key" in fix("authentication required")
    assert "ssh://git@git.example.org" in fix("unable to resolve host")


def test_a_suspended_source() -> None:
    found = judge(replace(SEEN, source=source(spec__suspend=True))).findings
    assert [finding.id for finding in found] == ["source-suspended"]
    assert found[0].fix.startswith("kubectl patch gitrepositories.source.toolkit.fluxcd.io flux-system -n flux-system")
