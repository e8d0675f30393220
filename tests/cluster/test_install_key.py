"""The Secret with the cluster's key: what is put there, what stays, what is refused, and who else writes there."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.cluster.sopsage import OWN_ENTRY, PENDING, SYSTEM, entries, keygen, put, recipients_in, secret

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.conftest import Home

INSTALL = ["cluster", "install-key", "--yes"]


def test_an_identity_of_its_own_reads_every_file(quiet_home: Home) -> None:
    done = quiet_home.cli(*INSTALL, "--json").json
    (entry,) = entries(quiet_home)
    assert OWN_ENTRY.fullmatch(entry)
    (recipient,) = done["recipients"]["after"]
    assert done["recipients"]["before"] == []
    assert done["secret"] == {"namespace": SYSTEM, "name": "sops-age", "added": [entry]}
    assert recipients_in(entries(quiet_home)[entry]) == [recipient]
    assert done["cluster"]["context"] == quiet_home.cluster.context
    for file in (".sops.yaml", "apps/matrix/postgres.yaml", "apps/matrix/synapse.yaml"):
        assert recipient in quiet_home.cli.read(file).decode()
    assert f"{recipient}  # cluster" in quiet_home.cli.read(".sops.yaml").decode()
    assert PENDING not in secret(quiet_home)["metadata"].get("annotations", {})


def test_the_second_run_changes_nothing(quiet_home: Home) -> None:
    quiet_home.cli(*INSTALL)
    before = quiet_home.cli.tree(), secret(quiet_home)["metadata"]["resourceVersion"]
    done = quiet_home.cli("cluster", "install-key")
    assert "encrypted for the cluster already" in done.out
    assert f"on {quiet_home.cluster.context} (https://" in done.out
    assert (quiet_home.cli.tree(), secret(quiet_home)["metadata"]["resourceVersion"]) == before


def test_it_asks_and_a_dry_run_does_nothing(quiet_home: Home) -> None:
    before = quiet_home.cli.tree()
    asked = quiet_home.cli("cluster", "install-key", code=2)
    assert quiet_home.cluster.context in asked.err
    assert "--yes" in asked.err
    shown = quiet_home.cli("cluster", "install-key", "--dry-run")
    assert "recipient added, cluster" in shown.out
    assert quiet_home.cli.tree() == before
    assert quiet_home.cluster.api.get("v1/Secret", "sops-age", SYSTEM) is None


def test_other_entries_stay_and_are_told(quiet_home: Home, age_keygen_binary: Path) -> None:
    others = {"age.agekey": keygen(age_keygen_binary), "sops.asc": "no age key", "age.key": keygen(age_keygen_binary)}
    put(quiet_home, others)
    done = quiet_home.cli(*INSTALL, "--json").json
    assert done["recipients"]["before"] == recipients_in(others["age.agekey"])
    assert len(done["recipients"]["after"]) == 2
    found = entries(quiet_home)
    assert {key: found[key] for key in others} == others
    assert len(found) == 4
    (warning,) = [each for each in done["findings"] if each["id"] == "cluster-entry-unread"]
    assert warning["path"] == "age.key"


def test_one_bad_entry_is_named_with_its_cure_which_works(quiet_home: Home, kubectl_binary: Path) -> None:
    put(quiet_home, {"age.agekey": "AGE-SECRET-KEY-1canary-not-a-key", "x.agekey": "# nothing but a comment\n"})
    before = quiet_home.cli.tree()
    done = quiet_home.cli(*INSTALL, "--json", code=3)
    error = done.json["error"]
    assert "sops-age › age.agekey" in error["message"]
    assert "canary" not in done.out + done.err
    assert quiet_home.cli.tree() == before
    quiet_home.run_fix(kubectl_binary, error["hint"].partition(";")[0])
    assert set(entries(quiet_home)) == {"x.agekey"}
    quiet_home.cli(*INSTALL)


def test_an_identity_under_a_passphrase_is_none_for_flux(quiet_home: Home) -> None:
    put(
        quiet_home, {"age.agekey": "-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCB4\n"}
    )
    assert "age.agekey" in quiet_home.cli(*INSTALL, code=3).err


def test_the_guides_way(quiet_home: Home, age_keygen_binary: Path, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.key"
    stranger.write_text(keygen(age_keygen_binary))
    before = quiet_home.cli.tree()
    refused = quiet_home.cli(*INSTALL, "--identity", str(stranger), code=3)
    assert "opens none" in refused.err
    assert quiet_home.cluster.api.get("v1/Secret", "sops-age", SYSTEM) is None
    mine = quiet_home.own_identity()
    for _ in range(2):
        quiet_home.cli(*INSTALL, "--identity", str(mine))
        (entry,) = entries(quiet_home)
        assert recipients_in(entries(quiet_home)[entry]) == recipients_in(mine.read_text())
        assert quiet_home.cli.tree() == before


def test_a_lent_key_is_enough(quiet_home: Home) -> None:
    put(quiet_home, {"age.agekey": quiet_home.own_identity().read_text()})
    before = quiet_home.cli.tree()
    quiet_home.cli(*INSTALL)
    assert set(entries(quiet_home)) == {"age.agekey"}
    assert quiet_home.cli.tree() == before


def test_without_anything_encrypted_there_is_no_reader_to_add(quiet_home: Home) -> None:
    quiet_home.repository.git("checkout", "--quiet", ".")
    (quiet_home.repository.root / ".sops.yaml").unlink()
    assert "encrypt" in quiet_home.cli(*INSTALL, code=3).err
    assert quiet_home.cluster.api.get("v1/Secret", "sops-age", SYSTEM) is None
    quiet_home.cli(*INSTALL, "--identity", str(quiet_home.own_identity()))
    assert len(entries(quiet_home)) == 1


def test_the_secret_is_the_one_that_the_owner_names(quiet_home: Home) -> None:
    owner = quiet_home.repository.root / "clusters/home/apps.yaml"
    owner.write_text(owner.read_text() + "  decryption: {provider: sops, secretRef: {name: our-key}}\n")
    quiet_home.cli(*INSTALL)
    assert quiet_home.cluster.api.get("v1/Secret", "our-key", SYSTEM) is not None
    assert quiet_home.cluster.api.get("v1/Secret", "sops-age", SYSTEM) is None


def test_another_field_manager_is_not_overruled(quiet_home: Home) -> None:
    mine = quiet_home.own_identity()
    (recipient,) = recipients_in(mine.read_text())
    entry = f"matrix-secrets-{recipient[:13]}.agekey"
    put(quiet_home, {entry: "# somebody else's\n"}, manager="kubectl")
    before = quiet_home.cli.tree(), secret(quiet_home)["metadata"]["resourceVersion"]
    done = quiet_home.cli(*INSTALL, "--identity", str(mine), "--json", code=4)
    assert "kubectl" in done.json["error"]["cause"]
    assert entry in done.json["error"]["cause"]
    assert (quiet_home.cli.tree(), secret(quiet_home)["metadata"]["resourceVersion"]) == before
    quiet_home.cluster.api.delete("v1/Secret", "sops-age", SYSTEM)
    quiet_home.cli(*INSTALL, "--identity", str(mine))
    assert (
        base64.b64decode(secret(quiet_home)["data"][entry]).decode().endswith(mine.read_text().splitlines()[-1] + "\n")
    )


@pytest.mark.parametrize("arguments", [["--new", "--prune"], ["--prune", "--push"], ["--identity", "x", "--new"]])
def test_what_contradicts_itself_is_a_usage_error(quiet_home: Home, arguments: list[str]) -> None:
    quiet_home.cli(*INSTALL, *arguments, code=2)
