"""verify on what the real sops wrote, and on what became of it since."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.unit.checks.tree import OWNER, POSTGRES, SYNAPSE, VALUES

if TYPE_CHECKING:
    from tests.verify.encrypted import EncryptedTree

PASSWORD = VALUES["POSTGRES_PASSWORD"]


def test_encrypted_as_it_should_be(tree: EncryptedTree) -> None:
    tree.encrypt()
    tree.decrypted_by_flux()
    assert tree.errors() == []
    assert tree.ids() == {
        "placeholder-in-comment",
        "registration-open",
        "postgres-strategy",
        "synapse-strategy",
        "tripwire-missing",
        "digest-missing",
    }


def test_the_guide_encrypts_only_one_of_the_two(tree: EncryptedTree) -> None:
    tree.encrypt(POSTGRES)
    tree.decrypted_by_flux()
    errors = tree.errors()
    assert {name for name, _ in errors} == {"plaintext-secret"}
    assert len(errors) == 4
    assert all(place.startswith(SYNAPSE) for _, place in errors)


def test_without_decryption_ciphertext_would_go_live(tree: EncryptedTree) -> None:
    tree.encrypt()
    assert [name for name, _ in tree.errors()] == ["ciphertext-would-go-live"]
    fix = tree.one("ciphertext-would-go-live").fix
    assert fix == "matrix-secrets cluster enable-decryption"


def test_without_decryption_the_tripwire_makes_it_a_warning(tree: EncryptedTree) -> None:
    tree.edit(POSTGRES, "stringData:\n", "data:\n  MATRIX_SECRETS_DIGEST_KEY: YWJj\nstringData:\n")
    tree.encrypt()
    assert tree.errors() == []
    assert {"owner-without-decryption"} <= tree.ids()
    assert "tripwire-missing" not in tree.ids()


def test_decryption_without_a_secret(tree: EncryptedTree) -> None:
    tree.encrypt()
    tree.edit(OWNER, "  path: ./apps\n", "  path: ./apps\n  decryption: {provider: sops}\n")
    assert tree.one("owner-without-key").place.file == OWNER
    tree.append("clusters/home/flux-system/kustomization.yaml", "\n# value: --sops-age-secret=sops-age\n")
    assert tree.found("owner-without-key"), "a comment sets no flag"
    patch = """patches:
- target: {kind: Deployment, name: kustomize-controller}
  patch: |
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: --sops-age-secret=sops-age}
"""
    tree.append("clusters/home/flux-system/kustomization.yaml", patch)
    assert not tree.found("owner-without-key")


def test_without_an_identity(tree: EncryptedTree) -> None:
    tree.encrypt()
    tree.decrypted_by_flux()
    (tree.home / ".config/sops/age/keys.txt").unlink()
    assert tree.errors() == [("not-checked", POSTGRES), ("not-checked", SYNAPSE)]
    assert "SYNAPSE_FORM_SECRET" in tree.found("not-checked")[0].message
    assert tree.errors(without_key=True) == []


def test_encrypted_whole(tree: EncryptedTree) -> None:
    tree.rules(tree.me, selected="")
    tree.encrypt()
    tree.decrypted_by_flux()
    assert [finding.place.file for finding in tree.found("encrypted-whole")] == [POSTGRES, SYNAPSE]
    assert tree.errors() == []


def test_the_mac_over_plain_fields(tree: EncryptedTree) -> None:
    tree.rules(tree.me, selected="    encrypted_regex: ^(data|stringData)$\n")
    tree.encrypt()
    found = tree.found("mac-covers-plain-fields")
    assert [finding.place.file for finding in found] == [POSTGRES, SYNAPSE]
    assert "mac_only_encrypted: true" in found[0].fix
    tree.edit(SYNAPSE, "replicas: 1", "replicas: 2")
    assert tree.one("mac-mismatch").place.file == SYNAPSE


def test_swapped_ciphertexts(tree: EncryptedTree) -> None:
    tree.encrypt()
    one, two = re.findall(r"SYNAPSE_(?:MACAROON_SECRET_KEY|FORM_SECRET): (ENC\[.*\])", tree.read(POSTGRES))
    tree.edit(POSTGRES, one, "swap")
    tree.edit(POSTGRES, two, one)
    tree.edit(POSTGRES, "swap", two)
    assert tree.one("mac-mismatch").place.file == POSTGRES


def test_drift_both_ways(tree: EncryptedTree) -> None:
    tree.encrypt()
    other = tree.new_identity("other.txt")
    tree.rules(other)
    found = tree.found("recipients-drift")
    assert [finding.place.file for finding in found] == [POSTGRES, SYNAPSE]
    assert f"someone ({other[:6]}" in found[0].message
    assert "should read it and cannot" in found[0].message
    assert "can read it and should not" in found[0].message
    assert found[0].fix == "matrix-secrets keys sync"


def test_drift_is_seen_without_a_key_and_outside_the_stacks(tree: EncryptedTree) -> None:
    tree.write("infrastructure/dns.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: dns}\nstringData:\n  a: b\n")
    tree.rules(tree.me, regex=r"\.yaml$")
    tree.encrypt("infrastructure/dns.yaml")
    (tree.home / ".config/sops/age/keys.txt").unlink()
    tree.rules(tree.new_identity("other.txt"), regex=r"\.yaml$")
    found = [finding for finding in tree.findings(without_key=True) if finding.id == "recipients-drift"]
    assert [finding.place.file for finding in found] == ["infrastructure/dns.yaml"]


def test_blocks_that_differ(tree: EncryptedTree) -> None:
    tree.encrypt()
    head, _, last = tree.read(POSTGRES).rpartition("lastmodified: ")
    tree.write(POSTGRES, f'{head}lastmodified: "2020-01-01T00:00:00Z"\n{last.partition(chr(10))[2]}')
    found = tree.one("sops-blocks-differ")
    assert found.place.document == "Service/matrix-postgres"


def test_a_document_added_by_hand(tree: EncryptedTree) -> None:
    tree.encrypt()
    tree.append(POSTGRES, "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\n")
    assert tree.one("sops-blocks-differ").place.document == "ConfigMap/extra"


def test_a_plain_secret_that_the_selector_leaves(tree: EncryptedTree) -> None:
    tree.rules(tree.me, selected="    encrypted_regex: ^stringData$\n    mac_only_encrypted: true\n")
    tree.encrypt(POSTGRES)
    tree.rules(tree.me, selected="    encrypted_regex: ^(stringData|log.config)$\n    mac_only_encrypted: true\n")
    tree.encrypt(SYNAPSE)
    found = tree.found("plaintext-in-encrypted-file")
    assert [finding.fix for finding in found] == ["matrix-secrets encrypt"] * 4
    places = [str(finding.place) for finding in found]
    assert all(place.startswith(f"{SYNAPSE} › ConfigMap/synapse-config › homeserver.yaml › ") for place in places)
    assert tree.one("rule-encrypts-nothing").place.file == ".sops.yaml"


def test_a_secret_pasted_into_an_encrypted_file(tree: EncryptedTree) -> None:
    tree.encrypt()
    tree.write(
        POSTGRES, re.sub(r"POSTGRES_PASSWORD: ENC\[.*", f"POSTGRES_PASSWORD: {PASSWORD[::-1]}", tree.read(POSTGRES))
    )
    found = tree.one("plaintext-in-encrypted-file")
    assert str(found.place) == f"{POSTGRES} › Secret/matrix-secrets › POSTGRES_PASSWORD"
    assert "git diff HEAD" in found.fix


@pytest.mark.parametrize("comment", ["# was {}\n", "# base64: {}\n"])
def test_a_plain_comment_in_an_encrypted_file(tree: EncryptedTree, comment: str) -> None:
    tree.encrypt()
    tree.write(POSTGRES, comment.format(PASSWORD) + tree.read(POSTGRES))
    found = tree.one("secret-leaked")
    assert (found.place.file, found.place.line) == (POSTGRES, 1)
    assert "comment" in found.message


def test_a_block_that_was_lost(tree: EncryptedTree) -> None:
    tree.encrypt()
    text = tree.read(POSTGRES)
    tree.write(POSTGRES, re.sub(r"^sops:\n(?: .*\n)+", "", text, flags=re.MULTILINE))
    assert ("ciphertext-without-sops", POSTGRES) in {(name, place.split(",")[0]) for name, place in tree.errors()}


def test_rules_that_are_missing_broken_or_idle(tree: EncryptedTree) -> None:
    tree.encrypt()
    first = tree.read(".sops.yaml")
    tree.rules(tree.me, regex="^other/")
    assert [finding.place.file for finding in tree.found("rule-missing")] == [POSTGRES, SYNAPSE]
    assert tree.one("rule-matches-nothing").place.document == "rule 1"
    tree.write(".sops.yaml", first + f"  - path_regex: postgres\n    age: {tree.me}\n")
    assert tree.one("rule-shadowed").place.document == "rule 2"
    tree.rules(tree.me, regex="'('")
    assert tree.one("rule-broken").place.file == ".sops.yaml"
    (tree.root / ".sops.yaml").rename(tree.root / ".sops.yml")
    assert tree.one("rules-file-misnamed").place.file == ".sops.yml"
    assert {finding.id for finding in tree.findings()} >= {"rule-missing"}


def test_a_stale_digest(tree: EncryptedTree) -> None:
    annotation = '      annotations:\n        matrix-secrets.io/config-digest: "00"\n'
    tree.edit(
        SYNAPSE,
        "    metadata:\n      labels:\n        app: synapse\n",
        f"    metadata:\n{annotation}      labels:\n        app: synapse\n",
    )
    tree.encrypt()
    assert tree.one("digest-stale").place.document == "Deployment/synapse"
