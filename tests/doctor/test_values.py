"""Live values that are not Git's: each made for real, named, and mended as doctor says."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.doctor.patient import ELEMENT, POSTGRES, SYNAPSE

if TYPE_CHECKING:
    from tests.doctor.patient import Patient

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "doctor.md"
CIPHERTEXT = "ENC[AES256_GCM,data:aGVsbG8=,iv:aGVsbG8=,tag:aGVsbG8=,type:str]"


def put(patient: Patient, key: str, value: str) -> None:
    """Put a value into the live Secret by hand."""
    data = {key: base64.b64encode(value.encode()).decode()}
    patient.cluster.api.patch("v1/Secret", "matrix-secrets", "matrix", {"data": data})


def reconfigure(
    patient: Patient, old: str, new: str, name: str = "synapse-config", key: str = "homeserver.yaml"
) -> None:
    """Change a live configuration by hand."""
    text = patient.api("v1/ConfigMap", name)["data"][key]
    assert old in text
    patient.cluster.api.patch("v1/ConfigMap", name, "matrix", {"data": {key: text.replace(old, new)}})


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("somebody-typed-this", "live-secret-differs"),
        ("CHANGE_ME_BEFORE_DEPLOY", "live-secret-placeholder"),
        (CIPHERTEXT, "live-secret-ciphertext"),
    ],
    ids=["differs", "placeholder", "ciphertext"],
)
def test_the_live_secret(patient: Patient, value: str, name: str) -> None:
    put(patient, "POSTGRES_PASSWORD", value)
    report = patient.doctor()
    assert report.broken == ["live Secret"]
    assert report.because("database") == ["live Secret"]
    found = report.one(name)
    assert (found["document"], found["path"]) == ("Secret/matrix-secrets in matrix", "POSTGRES_PASSWORD")
    assert "somebody" not in report.text
    patient.shell(found["fix"])
    patient.holds("live Secret", "database")


def test_no_live_secret(patient: Patient) -> None:
    patient.kubectl("delete secret matrix-secrets -n matrix")
    report = patient.finds("live-secret-missing")
    assert report.broken == ["live Secret"]
    patient.shell(report.one("live-secret-missing")["fix"])
    patient.holds("live Secret")


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("report_stats: false", "report_stats: true", "live-config-differs"),
        ("report_stats: false", "report_stats: false:\n\t- [", "live-config-broken"),
        ("report_stats: false", "report_stats: false\nform_secret_path: <YOUR_PATH>", "live-config-placeholder"),
    ],
    ids=["differs", "broken", "placeholder"],
)
def test_the_live_configuration(patient: Patient, old: str, new: str, name: str) -> None:
    reconfigure(patient, old, new)
    report = patient.doctor()
    assert report.broken == ["configuration"]
    assert report.because("Synapse") == ["configuration"]
    patient.shell(report.one(name)["fix"])
    patient.holds("configuration")


def test_a_configuration_that_is_younger_than_the_pod(patient: Patient) -> None:
    """Mended in the cluster it still has changed since the pod started, which reads it only then."""
    reconfigure(patient, "report_stats: false", "report_stats: true")
    patient.shell("matrix-secrets cluster reconcile")
    report = patient.holds("configuration")
    assert report.broken == ["Synapse"]
    patient.shell(report.one("pod-outdated")["fix"])
    patient.holds("Synapse")


def test_no_live_configuration(patient: Patient) -> None:
    patient.kubectl("delete configmap element-config -n matrix")
    report = patient.doctor()
    assert report.broken == ["configuration"]
    patient.shell(report.one("live-config-missing")["fix"])
    report = patient.holds("configuration")
    patient.shell(report.one("pod-outdated")["fix"])
    patient.holds()


def test_element_serves_an_older_address(patient: Patient) -> None:
    """A pod that was started with a wrong base_url serves it for as long as it lives: it is mounted with subPath."""
    reconfigure(patient, ":30067", ":30099", "element-config", "config.json")
    patient.kubectl("delete pod -l app=element-web -n matrix")
    patient.kubectl("wait pod -l app=element-web -n matrix --for=condition=Ready --timeout=60s")
    report = patient.doctor()
    assert report.broken == ["configuration"]
    patient.shell(report.one("live-config-differs")["fix"])
    report = patient.finds("element-base-url")
    assert report.broken == ["Element"]
    found = report.one("element-base-url")
    assert ":30099" in found["message"]
    patient.shell(found["fix"])
    patient.holds("Element")


def test_a_value_that_git_holds_and_the_cluster_does_not(patient: Patient) -> None:
    """What is changed here, and not pushed, is no difference: the cluster is compared with what Flux applied."""
    patient.edit_plain(POSTGRES, lambda text: text.replace("POSTGRES_DB: synapse", "POSTGRES_DB: synapse2"))
    report = patient.doctor()
    assert report.states["live Secret"] == "holds"
    assert "not-committed" in report.ids
    patient.shell(f"git checkout --quiet -- {POSTGRES} {SYNAPSE} {ELEMENT}")
    patient.holds()


def test_what_may_not_be_looked_at(patient: Patient) -> None:
    """A user who may not read Secrets: what needs none is looked at; of the rest the missing right is named."""
    flux = {"apiGroups": ["kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"], "resources": ["*"]}
    rules = [{**flux, "verbs": ["get", "list"]}, {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["get"]}]
    report = patient.doctor(KUBECONFIG=str(patient.cluster.user(*rules)))
    assert report.code == 4
    assert report.states["owner"] == "holds"
    assert report.states["cluster key"] == "not-answered"
    assert report.states["live Secret"] == "not-looked-at"
    assert report.found["error"]["code"] == "outside"
    assert "auth can-i get secrets/sops-age --namespace flux-system" in report.found["error"]["hint"]


def test_the_rights_that_the_page_names(patient: Patient) -> None:
    """The role in the documentation, and nothing else, lets everything be looked at."""
    mine = patient.cluster.user()
    block = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert block is not None
    text = block[1].replace("name: alice", f"name: {mine.name.removeprefix('kubeconfig-')}")
    patient.cluster.api.apply_all(yaml.safe_load_all(text))
    report = patient.doctor(KUBECONFIG=str(mine))
    assert report.code == 0
    assert set(report.states.values()) == {"holds"}


def test_no_cluster_to_ask(patient: Patient, tmp_path: Path) -> None:
    report = patient.doctor(KUBECONFIG=str(tmp_path / "none"))
    assert report.code == 4
    assert report.states["files"] == "holds"
    assert report.states["source"] == "not-answered"
    assert report.because("Element") == ["source"]
    text = patient.text("doctor", code=4, KUBECONFIG=str(tmp_path / "none"))
    assert "not looked at until the cluster can be asked" in text


def test_an_api_server_that_is_away(patient: Patient) -> None:
    patient.cluster.stop_api_server()
    report = patient.doctor()
    patient.cluster.start_api_server()
    assert report.code == 4
    assert report.states["source"] == "not-answered"
    patient.holds()


def test_what_people_read(patient: Patient) -> None:
    """Line by line, with -v: no value is in it, neither on stdout nor on stderr."""
    text = patient.text("-v", "doctor", "--all")
    assert not [value for value in patient.secrets if value in text]
    lines = text.splitlines()
    assert "apps/matrix on testbed" in text
    marked = [line.split()[:2] for line in lines if line.startswith(("  ✓", "  !"))]
    assert [name for _, name in marked][:6] == ["identity", "files", "source", "cluster", "controller", "owner"]
