"""The links from the live values to Element, judged from snapshots."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from matrix_secrets.cluster.portforward import Answer
from matrix_secrets.cluster.postgres import LogIn
from matrix_secrets.cluster.synapse import Answers
from matrix_secrets.operations.doctor import configuration, database, element, livesecret, synapse
from matrix_secrets.operations.doctor.frontdoor import FrontDoor
from matrix_secrets.operations.doctor.passwords import Proof
from matrix_secrets.operations.doctor.pods import Remedies
from matrix_secrets.secretvalue import SecretValue
from tests.unit.doctor.answers import SCRUB, running, workload

REMEDIES = Remedies("in synapse.yaml, ", "in postgres.yaml, ", "kubectl ", SCRUB)
URL, NAME = "http://192.168.1.100:30067", "192.168.1.100"
HEALTHY = Answers(200, 200, 404, 403, NAME)


def value(text: str) -> SecretValue:
    return SecretValue(text)


@pytest.mark.parametrize(
    ("live", "git", "found"),
    [
        ({"POSTGRES_PASSWORD": value("a")}, {"POSTGRES_PASSWORD": value("a")}, []),
        ({"POSTGRES_PASSWORD": value("a"), "MORE": value("x")}, {"POSTGRES_PASSWORD": value("a")}, []),
        ({"POSTGRES_PASSWORD": value("a")}, {"POSTGRES_PASSWORD": value("b")}, ["live-secret-differs"]),
        ({"POSTGRES_PASSWORD": value("a")}, {"POSTGRES_PASSWORD": None}, []),
        ({}, {"POSTGRES_PASSWORD": value("b")}, ["live-secret-differs"]),
        ({"POSTGRES_PASSWORD": value("ENC[AES256_GCM,data:x]")}, {}, ["live-secret-ciphertext"]),
        ({"POSTGRES_PASSWORD": value("CHANGE_ME_BEFORE_DEPLOY")}, {}, ["live-secret-placeholder"]),
        (None, {}, ["live-secret-missing"]),
    ],
)
def test_a_live_secret(
    live: dict[str, SecretValue] | None, git: dict[str, SecretValue | None], found: list[str]
) -> None:
    seen = livesecret.Seen("matrix", "matrix-secrets", git, live, "matrix-secrets generate --push")
    assert [finding.id for finding in livesecret.judge([seen]).findings] == found


@pytest.mark.parametrize(
    ("live", "git", "found"),
    [
        ("server_name: a\n", "server_name: a\n", []),
        ("server_name: a\n", "server_name: b\n", ["live-config-differs"]),
        ("# for example <NODE_IP>\nserver_name: a\n", "# for example <NODE_IP>\nserver_name: a\n", []),
        ("server_name: <NODE_IP>\n", "server_name: a\n", ["live-config-placeholder"]),
        ("server_name: a\n b: [\n", "server_name: a\n", ["live-config-broken"]),
        ("ENC[AES256_GCM,data:x]", "server_name: a\n", ["live-config-ciphertext"]),
        (None, "server_name: a\n", ["live-config-missing"]),
    ],
)
def test_a_live_configuration(live: str | None, git: str, found: list[str]) -> None:
    texts = None if live is None else {"homeserver.yaml": value(live)}
    seen = configuration.Seen(
        "ConfigMap", "matrix", "synapse-config", {"homeserver.yaml": value(git)}, texts, "git push", "in synapse.yaml, "
    )
    verdict = configuration.judge([seen])
    assert [finding.id for finding in verdict.findings] == found


def proof(outcome: LogIn, **more: object) -> Proof:
    made = Proof("matrix-postgres-1", "Secret/matrix-secrets", "synapse", "synapse", outcome)
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "name", "words"),
    [
        (proof(LogIn.ACCEPTED), None, "accepts the password, and no other"),
        (proof(LogIn.ACCEPTED, trusts=True), "database-trusts-everybody", "a random password, too"),
        (proof(LogIn.REFUSED), "database-password-refused", "would lose every user, room and message"),
        (proof(LogIn.REFUSED, accepts="commit 4f1c2aa3"), "database-password-refused", ": that of commit 4f1c2aa3"),
        (
            proof(LogIn.REFUSED, accepts="commit 4f1c2aa3", ciphertext=True),
            "database-password-is-ciphertext",
            "accepts the ciphertext of commit 4f1c2aa3",
        ),
        (proof(LogIn.NO_DATABASE), "database-missing", "has no database synapse"),
        (proof(LogIn.SHUT_OUT), "database-shut-out", "lets nobody in"),
        (proof(LogIn.UNREACHABLE), "database-unreachable", "does not answer"),
        (None, None, "no password was tried"),
    ],
)
def test_what_the_database_says(found: Proof | None, name: str | None, words: str) -> None:
    seen = database.Seen(running("matrix-postgres"), found, "HEAL", REMEDIES)
    verdict = database.judge([seen])
    assert [finding.id for finding in verdict.findings] == ([name] if name else [])
    assert words in " ".join([verdict.detail, *(finding.message for finding in verdict.findings)])
    assert all("delete pvc" not in finding.fix for finding in verdict.findings)
    if found is not None and found.outcome is LogIn.REFUSED:
        assert verdict.findings[0].fix == "HEAL"


def test_a_rolling_update_of_postgres() -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    seen = running("matrix-postgres", live=workload("postgres", spec__strategy=rolling))
    found = database.judge([database.Seen(seen, None, "HEAL", REMEDIES)]).findings
    assert [finding.id for finding in found] == ["postgres-rolling-update"]
    without = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    seen = running("matrix-postgres", live=workload("postgres", spec__strategy=without))
    assert database.judge([database.Seen(seen, None, "HEAL", REMEDIES)]).findings == ()


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        (HEALTHY, []),
        (None, []),
        (Answers(None), ["synapse-silent"]),
        (replace(HEALTHY, health=503), ["synapse-unhealthy"]),
        (replace(HEALTHY, versions=None), ["synapse-unhealthy"]),
        (replace(HEALTHY, profile=500), ["synapse-without-database"]),
        (replace(HEALTHY, registration=200), ["synapse-registration-open"]),
        (replace(HEALTHY, server_name="chat.example.net"), ["synapse-other-name"]),
        (replace(HEALTHY, server_name=""), []),
    ],
)
def test_what_synapse_says(answers: Answers | None, found: list[str]) -> None:
    door = FrontDoor("matrix", "synapse", [30067], URL)
    verdict = synapse.judge(synapse.Seen([running("synapse")], answers, NAME, door, REMEDIES))
    assert [finding.id for finding in verdict.findings] == found


def test_a_name_is_put_back_into_git_and_not_taken_from_users() -> None:
    seen = synapse.Seen([running("synapse")], replace(HEALTHY, server_name="old.example.net"), NAME, None, REMEDIES)
    found = synapse.judge(seen).findings[0]
    assert found.fix == "matrix-secrets configure --server-name old.example.net --force-server-name --push"


@pytest.mark.parametrize(
    ("ports", "url", "found"),
    [
        ([30067], URL, []),
        ([30068], URL, ["service-node-port"]),
        ([30067], "https://chat.example.net/", []),  # a proxy has ports of its own
        ([], URL, []),  # no NodePort at all
        (None, URL, ["service-missing"]),
        ([30068], "", []),
    ],
)
def test_the_front_door(ports: list[int] | None, url: str, found: list[str]) -> None:
    door = FrontDoor("matrix", "synapse", ports, url)
    verdict = synapse.judge(synapse.Seen([running("synapse")], HEALTHY, NAME, door, REMEDIES))
    assert [finding.id for finding in verdict.findings] == found


def config(url: str = URL, name: str = NAME) -> bytes:
    return json.dumps({"default_server_config": {"m.homeserver": {"base_url": url, "server_name": name}}}).encode()


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (Answer(200, config()), []),
        (Answer(200, config(f"{URL}/")), []),
        (Answer(200, config("http://192.168.1.100:30099")), ["element-base-url"]),
        (Answer(200, config(name="matrix.example.com")), ["element-server-name"]),
        (Answer(200, json.dumps({"default_hs_url": URL}).encode()), []),
        (Answer(200, b"<html>"), ["element-without-config"]),
        (Answer(404, b"{}"), ["element-without-config"]),
        (None, ["element-silent"]),
    ],
)
def test_what_element_serves(answer: Answer | None, found: list[str]) -> None:
    at = replace(running("synapse"), name="element-web")
    seen = element.Seen(at, asked=True, answer=answer, base_url=URL, server_name=NAME, ours=(URL, NAME),
                        configure="CONFIGURE", remedies=REMEDIES)  # fmt: skip
    findings = element.judge(seen).findings
    assert [finding.id for finding in findings] == found
    if answer is not None and found and "config" not in found[0]:
        assert findings[0].fix.startswith("kubectl delete pod ")
        assert element.judge(replace(seen, ours=("", ""))).findings[0].fix == "CONFIGURE"
