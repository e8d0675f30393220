"""Broken links between this clone and what Flux applies, each made for real, named, and mended as doctor says."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

from tests.doctor.patient import DECRYPTION, ELEMENT, OWNER, POSTGRES
from tests.testbed import flux, forge

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doctor.patient import Patient


def test_a_healthy_stack(patient: Patient) -> None:
    report = patient.holds()
    assert report.errors == []
    assert report.code == 0
    assert "synapse-registration-open" in report.ids
    assert patient.doctor("--strict").code == 1


def test_no_identity(patient: Patient, tmp_path: Path) -> None:
    kept = patient.keys.rename(tmp_path / "elsewhere.txt")
    report = patient.doctor()
    assert report.code == 1
    assert report.broken == ["identity"]
    assert report.states["cluster key"] == "holds"
    assert report.states["live Secret"] == "not-looked-at"
    assert report.because("live Secret") == ["identity"]
    found = report.one("identity-missing")
    variable = re.search(r"export (\w+)=FILE", found["fix"])
    assert variable is not None
    assert patient.holds(**{variable[1]: str(kept)}).code == 0
    kept.rename(patient.keys)


def test_another_identity(patient: Patient, tmp_path: Path) -> None:
    mine = patient.keys.rename(tmp_path / "mine.txt")
    patient.shell("matrix-secrets keys generate")
    report = patient.doctor()
    assert report.broken == ["identity"]
    command = re.search(r"(matrix-secrets keys add .*?--push); then (git pull)", report.one("identity-wrong")["fix"])
    assert command is not None
    somebody = {"SOPS_AGE_KEY_FILE": str(mine), "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    patient.shell(command[1].replace("NAME", "laptop"), **somebody)
    patient.shell(command[2])
    patient.holds("identity", "live Secret")
    mine.rename(patient.keys)


def test_recipients_that_drifted(patient: Patient, age_keygen_binary: Path) -> None:
    made = subprocess.run([age_keygen_binary], capture_output=True, text=True, check=True).stdout
    key = re.search(r"age1\w+", made)
    assert key is not None
    rules = patient.repository.root / ".sops.yaml"
    text = rules.read_text()
    rules.write_text(re.sub(r"( +)- (age1\w+.*)\n", rf"\1- \2\n\1- {key[0]}  # bob\n", text, count=1))
    report = patient.doctor()
    assert report.broken == ["files"]
    assert report.states["Synapse"] == "holds"
    drifted = [each for each in report.found["findings"] if each["id"] == "recipients-drift"]
    assert "bob" in drifted[0]["message"]
    patient.shell(f"{drifted[0]['fix']} --yes")
    assert "not-committed" in patient.holds("files").ids
    patient.push("Let bob read")
    assert "not-committed" not in patient.holds().ids


def test_commits_that_are_not_pushed(patient: Patient) -> None:
    patient.remark(ELEMENT)
    report = patient.doctor()
    assert report.one("not-committed")["severity"] == "warning"
    patient.shell("git commit --all --message 'Element again'")
    found = patient.doctor()
    assert found.broken == ["source"]
    assert found.states["Element"] == "holds"  # what runs is looked at all the same
    patient.shell(f"{found.one('not-pushed')['fix']} --yes")
    patient.holds()


def test_somebody_else_pushed(patient: Patient, tmp_path: Path) -> None:
    other = tmp_path / "clone"
    patient.shell(f"git clone --quiet {patient.cluster.forge.repository} {other}")
    patient.shell(f"cd {other} && git commit --quiet --allow-empty --message 'From elsewhere' && git push --quiet")
    report = patient.finds("not-pulled")
    assert report.broken == ["source"]
    assert report.because("live Secret") == ["source"]
    patient.shell(report.one("not-pulled")["fix"])
    patient.holds("source", "owner", "live Secret")


def test_a_suspended_source(patient: Patient) -> None:
    patient.cluster.api.patch(forge.KIND, flux.SYSTEM, flux.SYSTEM, {"spec": {"suspend": True}})
    report = patient.doctor()
    assert report.broken == ["source"]
    patient.shell(report.one("source-suspended")["fix"])
    patient.holds("source")


def test_a_source_that_fails(patient: Patient) -> None:
    patient.cluster.forge.failure = "ssh: handshake failed: knownhosts: key mismatch"
    patient.cluster.request_reconcile()
    report = patient.finds("source-failed")
    assert report.broken == ["source"]
    found = report.one("source-failed")
    assert "knownhosts: key mismatch" in found["message"]
    assert "deploy key" in found["fix"]
    patient.cluster.forge.failure = ""
    patient.cluster.request_reconcile()
    patient.holds("source")


def test_flux_has_not_fetched(patient: Patient) -> None:
    patient.cluster.forge.immediate = False
    patient.remark(ELEMENT)
    patient.push("Element again")
    report = patient.doctor()
    assert report.broken == ["source"]
    found = report.one("source-behind")
    assert "1 commit behind main" in found["message"]
    patient.shell(found["fix"])
    patient.cluster.forge.immediate = True
    patient.holds()


def test_a_suspended_owner(patient: Patient) -> None:
    patient.cluster.api.patch(flux.KUSTOMIZATION, "apps", flux.SYSTEM, {"spec": {"suspend": True}})
    report = patient.doctor()
    assert report.broken == ["owner"]
    assert report.because("database") == ["owner"]
    patient.shell(report.one("owner-suspended")["fix"])
    patient.holds("owner")


def test_a_manifest_that_is_not_there(patient: Patient) -> None:
    file = "apps/matrix/kustomization.yaml"
    patient.edit(file, "  - element.yaml\n", "  - element.yaml\n  - monitoring.yaml\n")
    patient.push("Monitoring")
    report = patient.finds("owner-cannot-build")
    assert report.broken == ["owner"]
    assert "monitoring.yaml" in report.one("owner-cannot-build")["message"]
    patient.edit(file, "  - monitoring.yaml\n", "")
    patient.push("No monitoring")
    patient.holds("owner")


def test_a_resource_that_is_refused(patient: Patient) -> None:
    patient.edit(ELEMENT, "containerPort: 80\n", "containerPort: 800000\n")
    patient.push("A port that is none")
    report = patient.finds("owner-cannot-apply")
    assert "element-web" in report.one("owner-cannot-apply")["message"]
    patient.edit(ELEMENT, "containerPort: 800000\n", "containerPort: 80\n")
    patient.push("A port")
    patient.holds("owner")


def test_another_secret_is_named(patient: Patient) -> None:
    patient.edit(OWNER, "name: sops-age", "name: sops-keys")
    patient.push("Another name")
    report = patient.finds("decryption-secret")
    assert report.states["cluster key"] == "holds"
    fix = report.one("decryption-secret")["fix"]
    assert fix.startswith(f"in {OWNER}, make spec.decryption.secretRef.name sops-age")
    patient.edit(OWNER, "name: sops-keys", "name: sops-age")
    patient.push("The right name")
    patient.holds("owner")


def test_a_provider_without_a_secret(patient: Patient) -> None:
    patient.edit(OWNER, DECRYPTION, "  decryption: {provider: sops}\n")
    patient.push("A provider only")
    report = patient.finds("controller-flag-missing")
    assert "controller" in report.broken
    fix = report.one("controller-flag-missing")["fix"]
    assert fix.startswith(f"in {OWNER}, add under spec.decryption: secretRef: {{name: sops-age}}")
    patient.edit(OWNER, "  decryption: {provider: sops}\n", DECRYPTION)
    patient.push("A Secret, too")
    patient.holds("controller", "owner")


def test_a_controller_that_was_stopped(patient: Patient) -> None:
    patient.cluster.stop_flux()
    report = patient.doctor()
    assert report.broken == ["controller"]
    patient.shell(report.one("controller-not-ready")["fix"])
    patient.holds("controller")


def test_the_cluster_key_in_another_namespace(patient: Patient) -> None:
    patient.kubectl(f"create secret generic sops-age --from-file=age.agekey={patient.keys} -n default")
    patient.kubectl("delete secret sops-age -n flux-system")
    report = patient.doctor()
    assert report.broken[0] == "cluster key"
    patient.shell(report.one("cluster-key-elsewhere")["fix"])
    patient.holds("cluster key", "owner")
    patient.kubectl("delete secret sops-age -n default")


def test_a_misnamed_entry(patient: Patient) -> None:
    patient.kubectl("delete secret sops-age -n flux-system")
    patient.kubectl(f"create secret generic sops-age -n flux-system --from-file=age.key={patient.keys}")
    report = patient.doctor()
    assert report.broken[0] == "cluster key"
    found = report.one("cluster-key-misnamed")
    assert "has an entry age.key; Flux reads only *.agekey" in found["message"]
    patient.shell(found["fix"])
    patient.holds("cluster key")


def test_an_entry_that_is_no_identity(patient: Patient) -> None:
    recipient = re.findall(r"age1\w+", patient.keys.read_text())[0]
    patch = json.dumps({"stringData": {"new.agekey": recipient}})
    patient.kubectl(f"patch secret sops-age -n flux-system --type=merge -p '{patch}'")
    patient.cluster.api.patch(
        flux.KUSTOMIZATION, "apps", flux.SYSTEM, {"metadata": {"annotations": {forge.REQUESTED: "1"}}}
    )
    report = patient.finds("owner-cannot-decrypt")
    assert report.broken == ["cluster key", "owner"]
    assert report.because("owner") == ["cluster key"]
    patient.shell(report.one("cluster-key-broken")["fix"])
    patient.cluster.api.patch(
        flux.KUSTOMIZATION, "apps", flux.SYSTEM, {"metadata": {"annotations": {forge.REQUESTED: "2"}}}
    )
    patient.holds("cluster key", "owner")


def test_a_key_that_opens_nothing(patient: Patient, age_keygen_binary: Path, tmp_path: Path) -> None:
    subprocess.run([age_keygen_binary, "-o", tmp_path / "other.txt"], capture_output=True, check=True)
    patient.kubectl("delete secret sops-age -n flux-system")
    patient.kubectl(f"create secret generic sops-age -n flux-system --from-file=age.agekey={tmp_path}/other.txt")
    report = patient.doctor()
    assert report.broken[0] == "cluster key"
    patient.shell(f"{report.one('cluster-key-mismatch')['fix']} --yes")
    patient.holds("cluster key", "owner", "live Secret")
    assert POSTGRES in report.one("cluster-key-mismatch")["message"]


def test_no_cluster_key(patient: Patient) -> None:
    patient.kubectl("delete secret sops-age -n flux-system")
    report = patient.doctor()
    assert report.broken[0] == "cluster key"
    patient.shell(f"{report.one('cluster-key-missing')['fix']} --yes")
    patient.holds("cluster key", "owner", "live Secret")


def test_no_decryption(patient: Patient) -> None:
    patient.edit(OWNER, DECRYPTION, "")
    patient.push("No decryption")
    report = patient.finds("owner-cannot-decrypt")
    assert "decryption-not-in-force" in report.ids
    assert report.states["live Secret"] == "not-looked-at"
    patient.shell(f"{report.one('decryption-not-in-force')['fix']} --yes")
    patient.holds("owner", "live Secret")


def test_the_whole_stack_is_healthy_again(patient: Patient) -> None:
    assert patient.holds().errors == []
