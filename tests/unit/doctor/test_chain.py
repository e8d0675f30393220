"""What is looked at, what is not, and how that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.cli.output.addressing import unaddressed
from matrix_secrets.cli.output.chain import as_json, rows_of
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.cluster.failures import ForbiddenError, UnreachableError
from matrix_secrets.errors import Place
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.doctor.chain import walk
from matrix_secrets.operations.doctor.link import Link, State, Verdict
from matrix_secrets.operations.doctor.registry import LINKS
from matrix_secrets.operations.doctor.said import Scrubber
from matrix_secrets.secretvalue import SecretValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.errors import OutsideError
    from matrix_secrets.operations.doctor.case import Case
    from matrix_secrets.operations.doctor.link import Standing


class Stack:
    label = "apps/matrix"


class AnyCase:
    stack = Stack()


def wrong(name: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(name, severity, Place("", "Secret/x"), f"{name} is wrong", f"mend {name}")


def says(verdict: Verdict | OutsideError) -> Callable[[Case], Verdict]:
    def look(case: Case) -> Verdict:
        del case
        if isinstance(verdict, Verdict):
            return verdict
        raise verdict

    return look


def chain(**verdicts: Verdict | OutsideError) -> list[Link]:
    """A key, its owner (looked at anyway), what the owner applies, and what runs on that."""
    needs = {"key": (), "owner": (), "live": ("key", "owner"), "runs": ("live",)}
    after = {"owner": ("key",)}
    fine = Verdict("fine")
    return [Link(name, needs[name], after.get(name, ()), (), says(verdicts.get(name, fine))) for name in needs]


def walked(*, every: bool = False, **verdicts: Verdict | OutsideError) -> dict[str, Standing]:
    found = walk(chain(**verdicts), AnyCase(), every=every)  # type: ignore[arg-type]
    return {each.link: each for each in found}


def test_all_holds() -> None:
    assert {each.state for each in walked().values()} == {State.HOLDS}


def test_what_is_behind_a_broken_link_is_not_looked_at() -> None:
    key, owner = (Verdict("", (wrong(name),)) for name in ("key", "owner"))
    found = walked(key=key, owner=owner)
    assert [found[name].state for name in ("key", "owner", "live", "runs")] == [
        State.BROKEN,
        State.BROKEN,
        State.SKIPPED,
        State.SKIPPED,
    ]
    assert found["owner"].because == found["live"].because == found["runs"].because == ("key",)
    found = walked(every=True, key=key, owner=owner)
    assert found["live"].state is found["runs"].state is State.HOLDS


def test_a_warning_breaks_nothing_and_an_error_need_not_bar() -> None:
    found = walked(
        key=Verdict("", (wrong("key", Severity.WARNING),)), owner=Verdict("", (wrong("owner"),), stops=False)
    )
    assert [each.state for each in found.values()] == [State.HOLDS, State.BROKEN, State.HOLDS, State.HOLDS]


def test_what_may_not_be_looked_at() -> None:
    found = walked(key=ForbiddenError("you may not get secrets"))
    assert [each.state for each in found.values()] == [State.UNANSWERED, State.HOLDS, State.SKIPPED, State.SKIPPED]
    assert found["runs"].because == ("key",)


def test_a_cluster_that_is_gone_is_not_asked_again() -> None:
    found = walked(every=True, key=UnreachableError("no answer"))
    assert [each.state for each in found.values()] == [State.UNANSWERED, *[State.SKIPPED] * 3]


def test_how_it_is_told() -> None:
    found = walked(key=Verdict("", (wrong("key"), wrong("key"))), owner=Verdict("", (wrong("owner"),)))
    rows = [(row.mark, row.cells[0].split(maxsplit=1)) for row in rows_of(list(found.values()), unaddressed)]
    assert rows == [
        (Mark.BAD, ["key", "Secret/x: key is wrong"]),
        (Mark.BAD, ["Secret/x:", "key is wrong"]),
        (Mark.NONE, ["fix", "mend key"]),
        (Mark.BAD, ["owner", "Secret/x: owner is wrong"]),
        (Mark.NONE, ["fix", "mend owner"]),
        (Mark.NONE, ["because", "key"]),
        (Mark.SAME, ["live,", "runs: not looked at until key holds (--all looks anyway)"]),
    ]
    gone = list(rows_of(list(walked(key=UnreachableError("no answer")).values()), unaddressed))
    assert "could not be asked: no answer" in gone[0].cells[0]
    assert gone[1].cells[0].endswith("not looked at until the cluster can be asked")


def test_for_programs() -> None:
    found = as_json(walked(key=Verdict("seen", (wrong("key"),)))["key"])
    assert found == {
        "stack": "apps/matrix",
        "link": "key",
        "state": "broken",
        "detail": "seen",
        "because": [],
        "findings": ["key"],
    }


def test_links_need_links_before_them() -> None:
    seen: set[str] = set()
    for link in LINKS:
        assert {*link.needs, *link.after} <= seen
        seen.add(link.name)


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1), st.text(), st.text())
def test_no_known_secret_is_repeated(secret: str, before: str, after: str) -> None:
    said = Scrubber([SecretValue(secret)])(f"{before}{secret}{after}")
    assert secret not in said
    assert "\n" not in said


def test_what_looks_like_a_secret_is_not_repeated() -> None:
    scrub = Scrubber(())
    value = "5f0c8a4e7d1b92630f4c8a4e7d1b9263aa0c8a4e7d1b9263bb0c8a4e7d1b92aa"
    assert value[:7] not in scrub(f"line 3: cannot unmarshal !!str `{value[:7]}...` into int")
    assert value not in scrub(f"illegal value {value} for this")
    assert "ENC" not in scrub("invalid value ENC[AES256_GCM,data:x,type:str]")
    kept = "applied main@sha1:6ed3777e52726cdbe5d9b22ca3b6dfa2c124f6e2 of kustomize.toolkit.fluxcd.io/v1/Kustomization"
    assert scrub(kept) == kept
