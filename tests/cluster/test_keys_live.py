"""The commands about keys, told to ask the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.sopsage import entries, recipients_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.conftest import Home


def test_who_the_cluster_is(quiet_home: Home) -> None:
    cli = quiet_home.cli
    cli("cluster", "install-key", "--yes")
    (recipient,) = [each for text in entries(quiet_home).values() for each in recipients_in(text)]
    listed = {each["recipient"]: each["cluster"] for each in cli("keys", "list", "--live", "--json").json["recipients"]}
    assert listed[recipient] is True
    assert sum(listed.values()) == 1
    assert "the cluster holds it" in cli("keys", "list", "--live").out
    rules = quiet_home.repository.root / ".sops.yaml"
    rules.write_text(rules.read_text().replace("# cluster", "# somebody"))
    before = cli.tree()
    assert "as the cluster says" in cli("keys", "remove", "somebody", "--live", "--yes", code=3).err
    assert cli.tree() == before
    quiet_home.cluster.api.delete("v1/Secret", "sops-age", "flux-system")
    rules.write_text(rules.read_text().replace("# somebody", "# cluster"))
    assert "does not hold it" in cli("keys", "list", "--live").out
    cli("keys", "remove", "cluster", "--live", "--yes")


def test_a_backup_of_the_clusters_identity(quiet_home: Home, tmp_path: Path) -> None:
    quiet_home.cli("cluster", "install-key", "--yes")
    (text,) = entries(quiet_home).values()
    secret = tmp_path / "passphrase"
    secret.write_text("correct horse battery staple\n")
    backup = tmp_path / "cluster.age"
    quiet_home.with_passphrase(secret, "keys", "backup", "--cluster", str(backup))
    assert "AGE-SECRET-KEY" not in backup.read_text()
    quiet_home.with_passphrase(secret, "keys", "recover", str(backup), "--out", str(tmp_path / "again.key"))
    assert (tmp_path / "again.key").read_text().splitlines()[-1] == text.splitlines()[-1]
