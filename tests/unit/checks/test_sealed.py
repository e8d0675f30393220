"""What Synapse's own --no-secrets-in-config does not look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from matrix_secrets.operations.verify import verify
from matrix_secrets.stack.discovery import find_stacks
from tests.unit.operations.sealing_repositories import WORKER, filled, here, seal
from tests.unit.stack.repositories import SYNAPSE, apply, change

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.findings import Finding

ENV = """\
            - name: PGPASSWORD
              valueFrom:
                secretKeyRef:
                  name: matrix-secrets
                  key: POSTGRES_PASSWORD
          ports:
"""
MOUNT = """\
            - name: synapse-secrets
              mountPath: /secrets
              readOnly: true
          readinessProbe:
"""
ITEM = "              - key: SYNAPSE_FORM_SECRET\n                path: form_secret\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = filled(tmp_path / "r")
    apply(seal(root))
    return root


def sealed(root: Path) -> list[Finding]:
    workspace = here(root)
    found = verify(workspace, find_stacks(workspace), None, ignored=lambda _: frozenset())
    return [finding for finding in found if finding.id.startswith("sealed-") or finding.id == "secret-missing"]


def test_nothing_to_say(root: Path) -> None:
    assert sealed(root) == []


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("        user: synapse\n", "        user: synapse\n        password: x7\n")], {"sealed-password-inline"}),
        ([("        user: synapse\n", "        dsn: host=db password=x7\n")], {"sealed-password-inline"}),
        ([("        user: synapse\n", "        dsn: postgresql://s:x7@db/s\n")], {"sealed-password-inline"}),
        ([("    form_secret_path:", "    form_secret: x7\n    form_secret_path:")], {"sealed-and-inline"}),
        ([("form_secret_path: /secrets/form_secret", "form_secret: x7")], {"sealed-partly"}),
        ([(ITEM, "")], {"sealed-file-missing"}),
        ([("path: form_secret\n", "path: other\n")], {"sealed-file-missing"}),
        ([(MOUNT, "          readinessProbe:\n")], {"sealed-file-missing"}),
        (
            [(MOUNT, MOUNT.replace("/secrets\n", "/secrets/form_secret\n              subPath: nothing\n"))],
            {"sealed-file-missing"},
        ),
        ([("key: SYNAPSE_FORM_SECRET", "key: SYNAPSE_MACAROON_SECRET_KEY")], {"sealed-file-wrong"}),
        ([("defaultMode: 420", "defaultMode: 0400")], {"sealed-file-unreadable"}),
        ([("defaultMode: 420", "defaultMode: 256")], {"sealed-file-unreadable"}),
        ([("form_secret_path: /secrets/", "form_secret_path: /data/")], {"sealed-file-elsewhere"}),
        ([(ENV, "          ports:\n")], {"sealed-env-missing"}),
        (
            [(ENV, "            - {name: PGPASSWORD, value: x7}\n          ports:\n")],
            {"sealed-env-plain"},
        ),
        ([(ENV, ENV.replace("key: POSTGRES_PASSWORD", "key: OTHER"))], {"sealed-env-other"}),
    ],
)
def test_each(root: Path, pairs: list[tuple[str, str]], expected: set[str]) -> None:
    change(root, SYNAPSE, *pairs)
    found = sealed(root)
    assert {finding.id for finding in found} == expected
    for finding in found:
        assert finding.fix
        assert "x7" not in f"{finding.message} {finding.fix} {finding.place}"


@pytest.mark.parametrize(
    "pairs",
    [
        [("defaultMode: 420", "defaultMode: 0444")],
        [(MOUNT, MOUNT.replace("/secrets\n", "/secrets/form_secret\n              subPath: form_secret\n"))],
        [(ENV, "            - {name: PGPASSFILE, value: /run/pgpass}\n          ports:\n")],
    ],
)
def test_what_is_as_good(root: Path, pairs: list[tuple[str, str]]) -> None:
    change(root, SYNAPSE, *pairs)
    assert not {finding.id for finding in sealed(root)} - {"sealed-file-missing"}


def test_a_worker_without_anything(root: Path) -> None:
    (root / SYNAPSE).write_text((root / SYNAPSE).read_text() + WORKER)
    found = sealed(root)
    assert {finding.id for finding in found} == {"sealed-env-missing", "sealed-file-missing"}
    assert {finding.place.document for finding in found} == {"Deployment/worker"}
    assert all(finding.fix == "matrix-secrets seal" for finding in found)
    apply(seal(root))
    assert sealed(root) == []


@pytest.mark.parametrize(
    "pairs",
    [
        [("        user: synapse\n", "        user: synapse\n        password: {password}\n")],
        [(ITEM, "")],
        [(MOUNT, "          readinessProbe:\n"), (ENV, "          ports:\n")],
    ],
)
def test_seal_mends_what_it_says_it_mends(root: Path, pairs: list[tuple[str, str]]) -> None:
    before = (root / SYNAPSE).read_text()
    workspace = here(root)
    (stack,) = find_stacks(workspace)
    password = stack.managed[0].values[0].reveal()
    change(root, SYNAPSE, *((old, new.replace("{password}", password)) for old, new in pairs))
    assert sealed(root)
    apply(seal(root))
    assert sealed(root) == []
    assert sorted((root / SYNAPSE).read_text().splitlines()) == sorted(before.splitlines())
