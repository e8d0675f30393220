"""Repositories that were encrypted before, by sops itself: whole, as the guide's rule does, or with a regex."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import Site, make_site
from tests.acceptance.test_whole_job import STEPS, documents, sops_decrypt

if TYPE_CHECKING:
    from pathlib import Path

RULE = "creation_rules:\n  - path_regex: apps/matrix/.*\\.yaml$\n    age: {recipient}\n"
REGEX = "    encrypted_regex: ^(data|stringData)$\n"
FILES = ("apps/matrix/postgres.yaml", "apps/matrix/synapse.yaml")


def encrypted_by_sops(directory: Path, sops: Path, engine: str, rule: str) -> tuple[Site, dict[str, str]]:
    """The guide's repository with real values, encrypted in place by sops under a rule; and its plain texts."""
    site = make_site(directory, "guide", engine, [str(sops.parent)])
    recipient = site.run("keys", "generate").stdout.strip()
    for step in STEPS[1:3]:
        site.run(*step)
    plain = {file: (site.root / file).read_text() for file in FILES}
    (site.root / ".sops.yaml").write_text(rule.format(recipient=recipient))
    for file in FILES:
        subprocess.run([str(sops), "encrypt", "--in-place", file], cwd=site.root, env=site.env(), check=True)
    site.git("add", "--all")
    site.git("commit", "--quiet", "--message=Encrypted")
    return site, plain


def test_files_encrypted_whole_are_read_and_converted(
    tmp_path: Path, engine: str, sops_binary: Path, kubectl_binary: Path
) -> None:
    site, plain = encrypted_by_sops(tmp_path, sops_binary, engine, RULE)
    assert {"encrypted-whole"} <= {finding["id"] for finding in site.json("verify")["findings"]}
    assert len(site.json("show")["secrets"]) == 4
    rules = (site.root / ".sops.yaml").read_text()
    site.run("encrypt")
    for file, text in plain.items():
        raw = (site.root / file).read_text()
        assert "kind: Deployment" in raw
        assert "mac_only_encrypted: true" in raw
        found = documents(sops_decrypt(site, sops_binary, file))
        for document, before in zip(found, documents(text), strict=True):
            document.get("data", {}).pop("MATRIX_SECRETS_DIGEST_KEY", None)
            assert document["kind"] == before["kind"]
            assert document.get("stringData") == before.get("stringData")
            assert document.get("data", {}) == before.get("data", {})
    kept = (site.root / ".sops.yaml").read_text()
    assert rules.split("creation_rules:\n")[1] in kept  # the old rule is as it was, below the new one
    assert "encrypted-whole" not in {finding["id"] for finding in site.json("verify")["findings"]}
    subprocess.run([str(kubectl_binary), "kustomize", site.stack], cwd=site.root, capture_output=True, check=True)
    after = site.tree()
    for step in STEPS:
        site.run(*step)
        assert site.tree() == after, step


def test_a_rule_with_a_regex_is_used_as_it_is(tmp_path: Path, engine: str, sops_binary: Path) -> None:
    site, plain = encrypted_by_sops(tmp_path, sops_binary, engine, RULE + REGEX)
    rules = (site.root / ".sops.yaml").read_bytes()
    ciphertext = {file: (site.root / file).read_text() for file in FILES}
    site.run("encrypt")
    assert (site.root / ".sops.yaml").read_bytes() == rules
    for file in FILES:
        kept = [line for line in ciphertext[file].splitlines() if "ENC[" in line and "mac:" not in line]
        new = (site.root / file).read_text()
        assert all(line in new for line in kept)  # what did not change keeps its ciphertext
        assert documents(sops_decrypt(site, sops_binary, file))[0]["kind"] == documents(plain[file])[0]["kind"]
    site.run("verify")


@pytest.mark.parametrize("name", ["postgres.yaml", "synapse.yaml"])
def test_an_image_bumped_by_a_bot_breaks_nothing(tmp_path: Path, name: str, sops_binary: Path) -> None:
    site = make_site(tmp_path, "guide", "", [str(sops_binary.parent)])
    site.encrypted_stack()
    path = site.root / "apps/matrix" / name
    path.write_text(path.read_text().replace("image: ", "image: mirror.example.org/", 1))
    sops_decrypt(site, sops_binary, f"apps/matrix/{name}")
    site.run("decrypt", f"apps/matrix/{name}")
    site.run("verify")
