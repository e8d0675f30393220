"""Live values that are not Git's: each made for real, named, and mended as doctor says."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.doctor.patient import ELEMENT, POSTGRES, SYNAPSE

if TYPE_CHECKING:
    from tests.doctor.patient import Patient

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
