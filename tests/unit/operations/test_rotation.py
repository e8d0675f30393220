from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matrix_secrets.errors import MatrixSecretsError, RefusedError
from matrix_secrets.operations.deployment import Deployment
from matrix_secrets.operations.rotation.choosing import choose
from matrix_secrets.operations.rotation.planning import plan_rotation
from matrix_secrets.operations.rotation.remaining import refuse_push, remaining
from matrix_secrets.operations.sealing import RuleSealing
from matrix_secrets.stack.declarationfile import FILE
from matrix_secrets.stack.digests import digests
from matrix_secrets.stack.discovery import find_stacks
from tests.unit.operations.sealing_repositories import Never, filled, here, seal, stack_of
from tests.unit.stack.repositories import SECRET, SYNAPSE, apply, change, changed_lines, snapshot, write
from tests.unit.stack.test_declarationfile import COTURN, TURN, generate

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.operations.rotation.model import Rotation
    from matrix_secrets.stack.model import Stack

NAMES = (
    "POSTGRES_PASSWORD",
    "SYNAPSE_MACAROON_SECRET_KEY",
    "SYNAPSE_REGISTRATION_SHARED_SECRET",
    "SYNAPSE_FORM_SECRET",
)
FIXTURES = pytest.mark.parametrize("fixture", ["guide", "split"])


def rotation(root: Path, *names: str) -> Rotation:
    workspace = here(root)
    return plan_rotation(workspace, find_stacks(workspace), names, sealing=RuleSealing(workspace))


def values(root: Path) -> dict[str, str]:
    return {secret.name: secret.values[0].reveal() for secret in stack_of(root).managed}


class Deployed:
    """Everything was pushed."""

    def deployment_of(self, stack: Stack) -> Deployment | None:
        del stack
        return Deployment(())


@FIXTURES
@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("sealed", [False, True])
def test_only_what_was_named(tmp_path: Path, fixture: str, encrypted: bool, sealed: bool) -> None:
    root = filled(tmp_path / "r", fixture, encrypted=encrypted)
    if sealed:
        apply(seal(root))
    old, before = values(root), snapshot(root)
    done = rotation(root, "form_secret")
    assert [each.old.reveal() for each in done.turned] == [old["SYNAPSE_FORM_SECRET"]]
    apply(done.plan)
    new = values(root)
    assert {name for name in new if new[name] != old[name]} == {"SYNAPSE_FORM_SECRET"}
    assert new["SYNAPSE_FORM_SECRET"] == done.turned[0].new.reveal()
    stack = stack_of(root)
    assert all(secret.agrees for secret in stack.managed)
    names = {file.file for file in stack.files if file.encrypted}
    assert not any(each.stale for each in digests(stack.streams, names)) or not encrypted
    if not encrypted:
        assert len(changed_lines(before, snapshot(root))) == (1 if sealed else 2)
        return
    for was, now in ((was, now) for was, now in changed_lines(before, snapshot(root)) if was != now):
        known = re.compile(r"ENC\[AES256_GCM|lastmodified: |secret-digest")
        assert known.search(was), was
        assert known.search(now), now
    secret = next(file for file in before if re.search(r"^kind: Secret$", before[file], re.MULTILINE))
    kept = [
        line for line in before[secret].splitlines() if "ENC[" in line and "FORM" not in line and "mac:" not in line
    ]
    assert [line for line in kept if line not in snapshot(root)[secret].splitlines()] == []


def test_all_of_them(tmp_path: Path) -> None:
    root = filled(tmp_path / "r", encrypted=True)
    old = values(root)
    done = rotation(root)
    assert tuple(each.secret.name for each in done.turned) == NAMES
    assert [each.secret.name for each in done.in_database] == ["POSTGRES_PASSWORD"]
    assert done.plan.commit_message.startswith("feat(matrix): rotate POSTGRES_PASSWORD, ")
    apply(done.plan)
    new = values(root)
    assert not set(old.values()) & set(new.values())
    assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in new.values())
    text = "".join(snapshot(root).values())
    assert not any(value in text for value in (*old.values(), *new.values()))
    assert not any(value in repr(done) for value in (*old.values(), *new.values()))


@FIXTURES
@pytest.mark.parametrize("sealed", [False, True])
def test_consequences(tmp_path: Path, fixture: str, sealed: bool) -> None:
    root = filled(tmp_path / "r", fixture, encrypted=True)
    if sealed:
        apply(seal(root))
    synapse = "Deployment/synapse" if fixture == "guide" else "StatefulSet/server"
    for each in rotation(root).turned:
        effects = each.effects
        assert effects.restarts == (synapse,)
        assert effects.by_itself
        assert effects.docs.startswith("https://")
        assert "reconnect" in effects.notices
        assert ("ALTER ROLE" in effects.happens) == each.in_database
        assert "10 s" in effects.lasts


def test_a_plain_stack_restarts_nothing_by_itself(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    done = rotation(root, "form_secret")
    assert not done.turned[0].effects.by_itself
    steps = remaining(here(root), done, committed=False, pushed=False)["apps/matrix"]
    assert steps[-1] == "kubectl delete pod -n matrix -l app=synapse"
    assert [note.id for note in done.plan.notes] == ["plaintext-secret"]


def test_what_remains(tmp_path: Path) -> None:
    root = filled(tmp_path / "r", encrypted=True)
    steps = remaining(here(root), rotation(root), committed=False, pushed=False)["apps/matrix"]
    assert steps[0].startswith("ALTER ROLE in the running database, just before the push: ")
    assert (
        "kubectl -n matrix exec -it deployment/matrix-postgres -- psql -U synapse -d synapse -c '\\password synapse'"
        in steps[0]
    )
    reconcile = "matrix-secrets cluster reconcile --stack apps/matrix"
    assert steps[1:-1] == ["commit the changed files", "git push", reconcile]
    assert steps[-1].endswith(": matrix-secrets rotate --heal --stack apps/matrix")
    steps = remaining(here(root), rotation(root, "form_secret"), committed=True, pushed=True)["apps/matrix"]
    assert steps == ["matrix-secrets cluster reconcile --stack apps/matrix"]


def test_a_new_database_password_is_not_pushed_to_a_deployed_stack(tmp_path: Path) -> None:
    root = filled(tmp_path / "r", encrypted=True)
    with pytest.raises(RefusedError, match="is not pushed to apps/matrix, which is deployed"):
        refuse_push(rotation(root), Deployed())
    refuse_push(rotation(root), Never())
    refuse_push(rotation(root, "form_secret"), Deployed())


@pytest.mark.parametrize(
    "name", ["signing_key", "SIGNING_KEY", "signing.key", "signing_key_path", "old_signing_keys", "ed25519:a_x"]
)
def test_signing_keys(tmp_path: Path, name: str) -> None:
    root = filled(tmp_path / "r")
    with pytest.raises(RefusedError, match="identity") as caught:
        rotation(root, "form_secret", name)
    assert "old_signing_keys" in (caught.value.hint or "")
    assert "generate_signing_key" in (caught.value.hint or "")


def test_what_is_not_sound_is_not_rotated(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    with pytest.raises(MatrixSecretsError) as caught:
        rotation(root, "no_such")
    assert caught.value.exit_code == 2
    change(root, SYNAPSE, ("    form_secret:", "    form_secret: CHANGE_ME\n    other:"))
    with pytest.raises(RefusedError) as caught:
        rotation(root, "form_secret")
    assert caught.value.hint == "matrix-secrets generate SYNAPSE_FORM_SECRET"
    assert len(choose(find_stacks(here(root)), ["postgres-password"])) == 1
    change(root, SYNAPSE, ("        password: ", "        password: x"))
    with pytest.raises(RefusedError, match="do not agree"):
        rotation(root, "postgres_password")


def test_declared_secrets_are_rotated_the_same_way(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    write(root, {FILE: TURN, "apps/coturn/coturn.yaml": COTURN})
    apply(generate(root))
    before, old = snapshot(root), values(root)
    done = rotation(root, "turn_shared_secret")
    assert done.turned[0].effects.restarts == ("Deployment/synapse", "Deployment/coturn")
    apply(done.plan)
    new = values(root)
    assert {name for name in new if new[name] != old[name]} == {"TURN_SHARED_SECRET"}
    assert re.fullmatch(r"[0-9A-Za-z]{40}", new["TURN_SHARED_SECRET"])
    assert len(changed_lines(before, snapshot(root))) == 3


ANY_VALUE = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="﻿￾￿\u2028\u2029"), min_size=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(ANY_VALUE.filter(lambda text: bool(text.strip()) and "CHANGE" not in text and not text.startswith("<")))
def test_whatever_the_old_value_was(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    """Old values of any characters, quoted as somebody may: the new one stands in their place, the rest stays."""
    root = filled(tmp_path_factory.mktemp("any") / "r")
    spelled = "'" + value.replace("'", "''") + "'"
    for file, key in ((SECRET, "  SYNAPSE_FORM_SECRET: "), (SYNAPSE, "    form_secret: ")):
        text = (root / file).read_text()
        line = key + spelled
        (root / file).write_text(re.sub(rf"(?m)^{key}.*$", line.replace("\\", r"\\"), text))
    if len(stack_of(root).managed[3].values) != 1:
        return  # a placeholder by chance
    before = snapshot(root)
    done = rotation(root, "form_secret")
    assert done.turned[0].old.reveal() == value
    apply(done.plan)
    assert values(root)["SYNAPSE_FORM_SECRET"] == done.turned[0].new.reveal()
    assert len(changed_lines(before, snapshot(root))) == 2
