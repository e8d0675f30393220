from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.operations.doctor.pods import Remedies, judge_age, judge_pods
from matrix_secrets.operations.doctor.running import Running
from matrix_secrets.operations.doctor.symptoms import POSTGRES, SYNAPSE, recognise
from tests.unit.doctor.answers import SCRUB, pod, running, state, unready, workload

if TYPE_CHECKING:
    from matrix_secrets.findings import Finding

YAML = """yaml.scanner.ScannerError: mapping values are not allowed here
  in "/conf/homeserver.yaml", line 14, column 18"""
CONFLICT = """Error in configuration:
  Conflicting options 'form_secret' and 'form_secret_path' are both defined in
config file."""
RENAMED = """Exception: Found users in database not native to chat.example.net!
You cannot change a synapse server_name after it's been configured"""
REMEDIES = Remedies("in synapse.yaml, ", "in synapse.yaml, ", "kubectl ", SCRUB)


def one(seen: Running) -> Finding:
    found = list(judge_pods(seen, REMEDIES))
    assert len(found) == 1, found
    return found[0]


def test_all_is_well() -> None:
    for name in ("synapse", "matrix-postgres"):
        assert list(judge_pods(running(name), REMEDIES)) == []
        assert list(judge_age(running(name), REMEDIES)) == []


def test_missing_stopped_and_without_a_pod() -> None:
    assert one(Running("Deployment", "matrix", "synapse", None)).id == "workload-missing"
    found = one(running("synapse", live=workload("synapse", spec__replicas=0)))
    assert (found.id, found.fix) == ("workload-stopped", "kubectl scale deployment/synapse -n matrix --replicas=1")
    assert one(replace(running("synapse"), pods=())).id == "pod-missing"
    assert (
        one(running("synapse", pod("synapse", metadata__deletionTimestamp="2026-11-26T08:49:57Z"))).id == "pod-missing"
    )


def test_a_crash_that_nobody_knows() -> None:
    crash = state(
        "synapse",
        restartCount=4,
        state={"waiting": {"reason": "CrashLoopBackOff"}},
        lastState={"terminated": {"exitCode": 3, "reason": "Error"}},
    )
    found = one(running("synapse", unready("synapse", crash)))
    assert found.id == "pod-crashing"
    assert found.message == "ends with 3 again and again, 4 restarts so far"
    assert found.fix == "kubectl logs deployment/synapse -n matrix -c synapse --previous"


def test_too_much_memory() -> None:
    ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    crash = state("synapse", restartCount=1, state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState=ended)
    assert one(running("synapse", unready("synapse", crash))).id == "pod-out-of-memory"


def test_a_symptom_in_the_log() -> None:
    log = 'psycopg2.OperationalError: FATAL:  password authentication failed for user "synapse"'
    crash = state("synapse", restartCount=2, state={"waiting": {"reason": "CrashLoopBackOff"}})
    seen = running("synapse", unready("synapse", crash), shown=recognise(log, SYNAPSE))
    found = one(seen)
    assert found.id == "synapse-password-refused"
    assert found.message == "does not run, after 2 restarts: PostgreSQL refuses its password"
    assert found.fix == f"kubectl delete pod {seen.pods[0].pod.name} -n matrix"


@pytest.mark.parametrize(
    "reason", ["ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError", "InvalidImageName"]
)
def test_a_pod_that_cannot_start(reason: str) -> None:
    waits = state("synapse", state={"waiting": {"reason": reason}})
    found = one(running("synapse", unready("synapse", waits)))
    assert (found.id, found.message) == ("pod-not-started", f"cannot start: {reason}")
    said = "Failed: Error: couldn't find key FORM in Secret matrix/matrix-secrets"
    assert one(running("synapse", unready("synapse", waits), event=said)).message == f"cannot start: {said}"


def test_a_pod_without_a_node() -> None:
    why = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    scheduled = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": why}]
    lonely = pod("synapse", status={"phase": "Pending", "conditions": scheduled})
    found = one(running("synapse", lonely))
    assert (found.id, found.message) == ("pod-not-started", f"cannot start: {why}")


def test_a_pod_that_is_not_ready() -> None:
    runs = state("synapse", state={"running": {"startedAt": "2026-11-26T08:49:47Z"}})
    assert one(running("synapse", unready("synapse", runs))).id == "pod-not-ready"
    waits = state("synapse", state={"waiting": {"reason": "PodInitializing"}})
    init = [state("wait-for-postgres", state={"running": {}})]
    found = one(running("synapse", unready("synapse", waits, status__initContainerStatuses=init)))
    assert found.id == "pod-not-ready"
    assert "its init container wait-for-postgres still runs" in found.message


def test_two_pods_on_one_volume() -> None:
    second = pod("matrix-postgres", metadata__name="matrix-postgres-2")
    found = one(running("matrix-postgres", second, pod("matrix-postgres")))
    assert found.id == "pods-share-volume"
    assert "matrix-postgres-data" in found.message
    two = workload("postgres", spec__replicas=2)
    assert one(running("matrix-postgres", second, pod("matrix-postgres"), live=two)).fix.startswith("kubectl scale")
    waiting = pod("matrix-postgres", metadata__name="matrix-postgres-2", status__phase="Pending")
    assert list(judge_pods(running("matrix-postgres", pod("matrix-postgres"), waiting), REMEDIES)) == []


def test_older_than_its_values() -> None:
    seen = running("synapse")
    late, early = datetime(2026, 11, 26, 9, tzinfo=UTC), datetime(2026, 11, 26, 8, tzinfo=UTC)
    assert list(judge_age(replace(seen, changed={"ConfigMap/synapse-config": early}), REMEDIES)) == []
    found = list(judge_age(replace(seen, changed={"ConfigMap/synapse-config": late}), REMEDIES))
    assert [finding.id for finding in found] == ["pod-outdated"]
    assert "was started before ConfigMap/synapse-config changed" in found[0].message
    digest = {"matrix-secrets.io/secret-digest": "00"}
    state_of = replace(seen.pods[0], annotations=digest)
    found = list(judge_age(replace(seen, pods=(state_of,)), REMEDIES))
    assert "another digest" in found[0].message


@pytest.mark.parametrize(
    ("log", "name", "found"),
    [
        # Synapse 1.163.2
        ('FATAL:  password authentication failed for user "synapse"', "synapse-password-refused", None),
        ("fe_sendauth: no password supplied", "synapse-password-refused", None),
        ('could not translate host name "db" to address: Name or service not known', "synapse-database-host", None),
        (
            'connection to server at "10.43.0.7", port 5432 failed: Connection refused\n\tIs the server running',
            "synapse-database-unreachable",
            None,
        ),
        ('FATAL:  database "synapse" does not exist', "synapse-database-missing", None),
        (YAML, "synapse-yaml-error", "14"),
        ("Error in configuration:\n  Password 'hunter2' is not right", "synapse-config-error", None),
        (CONFLICT, "synapse-config-error", "form_secret"),
        (
            "Error in configuration:\n  caches.global_factor must be a number.",
            "synapse-config-error",
            "caches.global_factor",
        ),
        ("Error in configuration at 'database':\n  x", "synapse-config-error", "database"),
        ("Missing mandatory `server_name` config option.", "synapse-config-error", "server_name"),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: '/conf/logging.config'",
            "synapse-file-missing",
            "/conf/logging.config",
        ),
        (RENAMED, "synapse-server-name-changed", None),
        (
            "Database has incorrect collation of 'en_US.utf8'. Should be 'C'",
            "synapse-database-collation",
            None,
        ),
        (
            "PermissionError: [Errno 13] Permission denied: '/data/signing.key'",
            "synapse-file-unreadable",
            "/data/signing.key",
        ),
        ("OSError: [Errno 28] No space left on device", "volume-full", None),
        # The image's entry point, and PostgreSQL 15
        (
            "Error: Database is uninitialized and superuser password is not specified.",
            "postgres-password-missing",
            None,
        ),
        (
            "DETAIL:  The data directory was initialized by PostgreSQL version 14, which is not compatible",
            "postgres-version",
            "14",
        ),
        ('FATAL:  lock file "postmaster.pid" already exists', "postgres-locked", None),
        (
            'initdb: error: directory "/var/lib/postgresql/data" exists but is not empty',
            "postgres-data-directory",
            None,
        ),
    ],
)
def test_what_logs_mean(log: str, name: str, found: str | None) -> None:
    recognised = recognise(f"something before\n{log}\nsomething after\n", POSTGRES if name.startswith("p") else SYNAPSE)
    assert recognised is not None
    assert recognised.symptom.kind.id == name
    assert found in (None, recognised.found)
    assert "hunter2" not in recognised.says
    assert not set("{}") & set(recognised.says)


def test_a_log_that_means_nothing() -> None:
    assert recognise("synapse.app._base - INFO - Synapse now listening on TCP port 8008", SYNAPSE) is None
