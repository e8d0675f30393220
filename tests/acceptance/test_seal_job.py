"""``seal`` and ``rotate --offline`` after the whole job, with either engine; sops and Kustomize read the result."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.test_encrypted_before import FILES, RULE, encrypted_by_sops
from tests.acceptance.test_whole_job import documents, encrypted_files, sops_decrypt

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Site


def values(site: Site) -> dict[str, str]:
    return {row["name"]: row["value"] for row in site.json("show", "--reveal")["secrets"]}


def test_seal_and_rotate(site: Site, sops_binary: Path, kubectl_binary: Path) -> None:
    site.encrypted_stack()
    old = values(site)
    site.run("seal")
    after = site.tree()
    site.run("seal")
    site.run("encrypt")
    site.run("generate")
    assert site.tree() == after
    assert len(encrypted_files(site)) == 2
    for file in encrypted_files(site):
        assert documents(site.run("decrypt", file).stdout) == documents(sops_decrypt(site, sops_binary, file))
    assert values(site) == old
    build = [str(kubectl_binary), "kustomize", site.stack]
    built = subprocess.run(build, cwd=site.root, capture_output=True, text=True, check=True).stdout
    assert "PGPASSWORD" in built
    site.git("add", "--all")
    site.git("commit", "--quiet", "--message=Sealed")
    site.run("rotate", "--offline", "--yes", "--commit", "--allow-plaintext", "macaroon_secret_key")
    new = values(site)
    assert {name for name in new if new[name] != old[name]} == {"SYNAPSE_MACAROON_SECRET_KEY"}
    changed = site.git("show", "--numstat", "--format=").split()[2::3]
    assert len(changed) == 2  # the Secret, and the digest beside Synapse
    for file in encrypted_files(site):
        assert documents(site.run("decrypt", file).stdout) == documents(sops_decrypt(site, sops_binary, file))
    assert site.json("verify")["ok"]


@pytest.mark.parametrize("rule", [RULE], ids=["encrypted whole"])
def test_files_that_sops_encrypted_whole(tmp_path: Path, engine: str, sops_binary: Path, rule: str) -> None:
    site, plain = encrypted_by_sops(tmp_path, sops_binary, engine, rule)
    old = values(site)
    site.run("seal")
    after = site.tree()
    assert site.json("seal")["changes"] == []
    assert site.tree() == after
    assert values(site) == old
    for file in FILES:
        text = sops_decrypt(site, sops_binary, file)
        assert documents(site.run("decrypt", file).stdout) == documents(text)
        assert len(documents(text)) == len(documents(plain[file]))
    assert "macaroon_secret_key_path" in site.run("decrypt", FILES[1]).stdout
