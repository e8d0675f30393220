"""Broken links between the cluster and a browser: real PostgreSQL, real Synapse, mended as doctor says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.doctor.patient import ELEMENT, POSTGRES, SYNAPSE

if TYPE_CHECKING:
    from tests.doctor.patient import Patient

IN_DATABASE = "exec -i -n matrix deploy/matrix-postgres -- psql -X -q -U synapse -d synapse"


def sql(patient: Patient, statement: str) -> None:
    """Run a statement through the database's own socket, which asks for no password."""
    patient.shell(f"echo '{statement}' | kubectl {IN_DATABASE}")


def test_a_data_directory_with_an_older_password(patient: Patient) -> None:
    """The guide's cure would lose all data; doctor says so, and makes the database accept today's password."""
    old = patient.secrets[0]
    new = old[::-1]
    patient.secrets.append(new)
    for file in (POSTGRES, SYNAPSE):
        patient.edit_plain(file, lambda text: text.replace(old, new))
    before = patient.repository.head()
    patient.push("Another password")
    report = patient.finds("database-password-refused")
    assert report.broken[-1] == "database"
    assert report.states["Synapse"] == "not-looked-at"
    found = report.one("database-password-refused")
    assert f"that of commit {before[:8]}" in found["message"]
    assert "would lose every user, room and message" in found["message"]
    looked = patient.finds("synapse-password-refused", "--all")
    assert "Synapse" in looked.broken
    patient.shell(found["fix"])
    patient.holds("database", "Synapse", "owner")


def test_a_database_that_was_made_with_ciphertext(patient: Patient) -> None:
    text = (patient.repository.root / POSTGRES).read_text()
    ciphertext = re.search(r"POSTGRES_PASSWORD: \"?(ENC\[[^\"\n]*\])", text)
    assert ciphertext is not None
    sql(patient, f"ALTER ROLE synapse PASSWORD $${ciphertext[1]}$$")
    report = patient.doctor()
    assert report.broken == ["database"]
    found = report.one("database-password-is-ciphertext")
    assert "would lose every user, room and message" in found["message"]
    patient.shell(found["fix"])
    patient.holds("database", "Synapse")


def test_synapse_goes_on_without_its_database(patient: Patient) -> None:
    """Its health stays OK; a question to the database does not."""
    sql(patient, "ALTER ROLE synapse PASSWORD $$nobody-knows$$")
    others = "from pg_stat_activity where pid <> pg_backend_pid() and usename = $$synapse$$"
    sql(patient, f"select pg_terminate_backend(pid) {others}")
    report = patient.finds("synapse-without-database", "--all")
    assert report.broken[:2] == ["database", "Synapse"]
    assert report.because("Synapse") == ["database"]
    patient.shell(report.one("database-password-refused")["fix"])
    patient.holds("database", "Synapse")


def test_a_database_that_is_not_there(patient: Patient) -> None:
    patient.kubectl("scale deployment/synapse -n matrix --replicas=0")
    report = patient.doctor()
    assert report.broken == ["Synapse"]
    stopped = report.one("workload-stopped")["fix"]
    drop = "psql -X -q -U synapse -d postgres -c 'drop database synapse with (force)'"
    patient.kubectl(f"exec -n matrix deploy/matrix-postgres -- {drop}")
    report = patient.doctor()
    assert report.broken == ["database"]
    patient.shell(report.one("database-missing")["fix"])
    patient.holds("database")
    patient.shell(stopped)
    patient.holds("Synapse")


def test_two_pods_on_one_volume(patient: Patient) -> None:
    patient.kubectl("scale deployment/synapse -n matrix --replicas=2")
    report = patient.finds("pods-share-volume")
    assert report.broken == ["Synapse"]
    patient.shell(report.one("pods-share-volume")["fix"])
    patient.holds("Synapse")
    patient.cluster.node.usage.violations.clear()


def test_a_rolling_update_of_postgres(patient: Patient) -> None:
    patient.edit(POSTGRES, "strategy: {type: Recreate}", "strategy: {type: RollingUpdate}")
    patient.push("As the guide has it")
    report = patient.finds("postgres-rolling-update")
    assert report.states["database"] == "holds"
    found = report.one("postgres-rolling-update")
    strategies = re.findall(r"\{type: \w+(?:, rollingUpdate: \{[^}]*\})?\}", found["fix"])
    assert len(strategies) == 2
    before = "{type: RollingUpdate}"
    for strategy in strategies:
        patient.edit(POSTGRES, f"strategy: {before}", f"strategy: {strategy}")
        patient.push(f"strategy: {strategy}")
        patient.repository.wait_applied()
        before = strategy
    assert "postgres-rolling-update" not in patient.holds("database").ids


def test_an_option_that_synapse_does_not_take(patient: Patient) -> None:
    option = "    caches: {global_factor: much}\n"
    patient.edit_plain(
        SYNAPSE, lambda text: text.replace("    report_stats: false\n", f"    report_stats: false\n{option}")
    )
    patient.push("An option that is none")
    report = patient.finds("synapse-config-error")
    assert report.broken[-1] == "Synapse"
    fix = report.one("synapse-config-error")["fix"]
    assert fix.startswith(f"matrix-secrets edit {SYNAPSE}, and correct caches.global_factor in homeserver.yaml")
    patient.edit_plain(SYNAPSE, lambda text: text.replace(option, ""))
    patient.push("Without it")
    patient.holds("owner", "Synapse")


def test_a_file_that_is_not_mounted(patient: Patient) -> None:
    option = "    app_service_config_files: [/conf/bridge.yaml]\n"
    patient.edit_plain(
        SYNAPSE, lambda text: text.replace("    report_stats: false\n", f"    report_stats: false\n{option}")
    )
    patient.push("A bridge")
    report = patient.finds("synapse-file-missing")
    assert "mount /conf/bridge.yaml there" in report.one("synapse-file-missing")["fix"]
    patient.edit_plain(SYNAPSE, lambda text: text.replace(option, ""))
    patient.push("No bridge")
    patient.holds("owner", "Synapse")


def test_a_file_that_synapse_may_not_make(patient: Patient) -> None:
    """Where its log configuration is missing it writes one, as a user who may not."""
    patient.edit_plain(SYNAPSE, lambda text: text.replace('"/conf/log.config"', '"/conf/logging.config"'))
    patient.push("Another file")
    report = patient.finds("synapse-file-unreadable")
    assert "mount /conf/logging.config" in report.one("synapse-file-unreadable")["fix"]
    patient.edit_plain(SYNAPSE, lambda text: text.replace('"/conf/logging.config"', '"/conf/log.config"'))
    patient.push("The right file")
    patient.holds("owner", "Synapse")


def test_a_database_host_that_is_none(patient: Patient) -> None:
    name = "host: matrix-postgres.matrix.svc.cluster.local"
    patient.edit_plain(SYNAPSE, lambda text: text.replace(name, "host: postgres.matrix.svc.cluster.local"))
    patient.push("Another host")
    report = patient.finds("synapse-database-host")
    assert "PostgreSQL's Service" in report.one("synapse-database-host")["fix"]
    patient.edit_plain(SYNAPSE, lambda text: text.replace("host: postgres.matrix.svc.cluster.local", name))
    patient.push("The right host")
    patient.holds("owner", "Synapse")


def test_a_service_with_another_port(patient: Patient) -> None:
    service = patient.api("v1/Service", "synapse")
    ports = [{**service["spec"]["ports"][0], "nodePort": 30068}]
    patient.cluster.api.patch("v1/Service", "synapse", "matrix", {"spec": {"ports": ports}})
    report = patient.doctor()
    assert report.broken == ["Synapse"]
    patient.shell(report.one("service-node-port")["fix"])
    patient.holds("Synapse")


def test_a_secret_that_the_pod_misses(patient: Patient) -> None:
    patient.edit(ELEMENT, "            name: element-config\n", "            name: element-configuration\n")
    patient.push("Another name")
    report = patient.finds("pod-not-started")
    assert "element-configuration" in report.one("pod-not-started")["message"]
    patient.edit(ELEMENT, "            name: element-configuration\n", "            name: element-config\n")
    patient.push("The right name")
    patient.holds("owner", "Element")


def test_another_server_name_after_the_first_user(patient: Patient) -> None:
    register = "register_new_matrix_user -c /conf/homeserver.yaml -u admin -a -p secret http://localhost:8008"
    patient.kubectl(f"exec -n matrix deploy/synapse -c synapse -- {register}")
    patient.shell("matrix-secrets configure --server-name chat.example.net --force-server-name --yes")
    patient.shell("matrix-secrets encrypt")
    patient.push("Another name")
    report = patient.finds("synapse-server-name-changed")
    assert report.broken[-1] == "Synapse"
    assert "put the server_name back" in report.one("synapse-server-name-changed")["fix"]
    patient.shell("git revert --no-edit HEAD && git push --quiet")
    patient.holds("owner", "Synapse")
