"""Placeholders, missing and differing values, secrets in plain text."""

from __future__ import annotations

import base64
import textwrap
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.findings import Severity
from tests.unit.checks.tree import ELEMENT, POSTGRES, SYNAPSE, VALUES

if TYPE_CHECKING:
    from tests.unit.checks.tree import Tree

PASSWORD = VALUES["POSTGRES_PASSWORD"]


def test_a_filled_in_repository_has_only_its_plain_secrets_as_errors(tree: Tree) -> None:
    errors = {(finding.id, str(finding.place)) for finding in tree.findings() if finding.severity is Severity.ERROR}
    in_secret = {f"{POSTGRES} › Secret/matrix-secrets › {name}" for name in VALUES}
    config = f"{SYNAPSE} › ConfigMap/synapse-config › homeserver.yaml"
    options = ("database.args.password", "registration_shared_secret", "macaroon_secret_key", "form_secret")
    assert errors == {
        ("plaintext-secret", place) for place in (*in_secret, *(f"{config} › {name}" for name in options))
    }


def test_findings_are_sorted_and_told_once(tree: Tree) -> None:
    found = tree.findings()
    assert len(found) == len(set(found))
    assert [finding.place.file for finding in found] == sorted(finding.place.file for finding in found)
    assert found == tree.findings()


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "fix"),
    [
        (
            POSTGRES,
            VALUES["SYNAPSE_FORM_SECRET"],
            "CHANGE_ME_BEFORE_DEPLOY",
            "Secret/matrix-secrets › SYNAPSE_FORM_SECRET",
            "matrix-secrets generate SYNAPSE_FORM_SECRET",
        ),
        (
            SYNAPSE,
            f"password: {PASSWORD}",
            "password: changeme",
            "ConfigMap/synapse-config › homeserver.yaml › database.args.password",
            "matrix-secrets generate POSTGRES_PASSWORD",
        ),
        (
            SYNAPSE,
            '"http://192.168.1.100:30067"',
            '"http://<NODE_IP>:30067"',
            "ConfigMap/synapse-config › homeserver.yaml › public_baseurl",
            "matrix-secrets configure --server-name NAME --node-ip IP",
        ),
        (
            ELEMENT,
            '"server_name": "192.168.1.100"',
            '"server_name": "matrix.example.com"',
            "ConfigMap/element-config › config.json › default_server_config › m.homeserver › server_name",
            "matrix-secrets configure --server-name NAME --node-ip IP",
        ),
        (
            ELEMENT,
            '"brand": "Element"',
            '"brand": "Chat on <NODE_IP>"',
            "ConfigMap/element-config › config.json › brand",
            f"in {ELEMENT}, put the real value in place of <NODE_IP>",
        ),
        (
            POSTGRES,
            "namespace: matrix",
            "namespace: CHANGE_ME",
            "Secret/matrix-secrets › metadata › namespace",
            f"in {POSTGRES}, put the real value in place of CHANGE_ME",
        ),
    ],
)
def test_a_placeholder_in_a_value(tree: Tree, file: str, old: str, new: str, place: str, fix: str) -> None:
    tree.edit(file, old, new)
    found = tree.one("placeholder-in-value")
    assert str(found.place) == f"{file} › {place}"
    assert found.severity is Severity.ERROR
    assert found.fix == fix


def test_a_placeholder_in_base64(tree: Tree) -> None:
    value = base64.b64encode(b"CHANGE_ME_BEFORE_DEPLOY").decode()
    tree.edit(POSTGRES, "type: Opaque\n", f"type: Opaque\ndata:\n  OTHER: {value}\n")
    assert str(tree.one("placeholder-in-value").place).endswith("Secret/matrix-secrets › OTHER")


def test_a_comment_in_base64_is_a_comment(tree: Tree) -> None:
    text = tree.read(SYNAPSE)
    start = text.index("  homeserver.yaml: |\n")
    end = text.index("  log.config: |\n")
    config = textwrap.dedent(text[start:end].partition("\n")[2])
    code = base64.b64encode(config.encode()).decode()
    tree.write(SYNAPSE, f"{text[:start]}  homeserver.yaml: {code}\n{text[end:]}".replace("ConfigMap", "Secret", 1))
    assert not tree.found("placeholder-in-value")
    found = [each for each in tree.found("placeholder-in-comment") if each.place.path == ("homeserver.yaml",)]
    assert found


def test_placeholders_in_comments_are_warnings_with_their_lines(tree: Tree) -> None:
    found = tree.found("placeholder-in-comment")
    assert {finding.severity for finding in found} == {Severity.WARNING}
    wanted = set()
    for file in (POSTGRES, SYNAPSE, ELEMENT):
        lines = tree.read(file).split("\n")
        inner = next((number for number, line in enumerate(lines, 1) if line == "  homeserver.yaml: |"), len(lines))
        for number, line in enumerate(lines, 1):
            if any(token in line for token in ("CHANGE_ME", "<NODE_IP>", "matrix.example.com")):
                wanted.add((file, (), number) if number <= inner else (file, ("homeserver.yaml",), number - inner))
    assert {(finding.place.file, finding.place.path, finding.place.line) for finding in found} == wanted


def test_a_comment_inside_homeserver_yaml_is_none_of_its_values(tree: Tree) -> None:
    tree.edit(SYNAPSE, "report_stats: false", "report_stats: false  # not CHANGE_ME")
    assert not tree.found("placeholder-in-value")


def test_crlf_and_quoted_configurations(tree: Tree) -> None:
    tree.write(ELEMENT, tree.read(ELEMENT).replace("\n", "\r\n"))
    before = len(tree.findings())
    tree.edit(ELEMENT, '"theme": "light"' if '"theme": "light"' in tree.read(ELEMENT) else '"light"', '"CHANGE_ME"')
    found = tree.one("placeholder-in-value")
    assert found.place.path[-1] == "default_theme"
    assert len(tree.findings()) == before + 1


def test_a_missing_an_empty_and_an_unreadable_secret(tree: Tree) -> None:
    tree.edit(POSTGRES, f"  SYNAPSE_FORM_SECRET: {VALUES['SYNAPSE_FORM_SECRET']}\n", "")
    tree.edit(POSTGRES, VALUES["SYNAPSE_MACAROON_SECRET_KEY"], "")
    tree.edit(POSTGRES, VALUES["SYNAPSE_REGISTRATION_SHARED_SECRET"], "[a, b]")
    for name, key in (
        ("secret-missing", "SYNAPSE_FORM_SECRET"),
        ("secret-empty", "SYNAPSE_MACAROON_SECRET_KEY"),
        ("secret-unreadable", "SYNAPSE_REGISTRATION_SHARED_SECRET"),
    ):
        found = tree.one(name)
        assert found.severity is Severity.ERROR
        assert found.place.path == (key,)


def test_a_mismatch_names_both_places(tree: Tree) -> None:
    tree.edit(SYNAPSE, f"password: {PASSWORD}", f"password: {PASSWORD[::-1]}")
    found = tree.one("secret-mismatch")
    assert str(found.place) == f"{SYNAPSE} › ConfigMap/synapse-config › homeserver.yaml › database.args.password"
    assert f"{POSTGRES} › Secret/matrix-secrets › POSTGRES_PASSWORD" in found.message
    assert SYNAPSE in found.fix


def test_a_value_used_for_two_secrets(tree: Tree) -> None:
    for file in (POSTGRES, SYNAPSE):
        tree.edit(file, VALUES["SYNAPSE_FORM_SECRET"], VALUES["SYNAPSE_MACAROON_SECRET_KEY"])
    found = tree.one("secret-reused")
    assert "SYNAPSE_FORM_SECRET" in found.message
    assert "SYNAPSE_MACAROON_SECRET_KEY" in found.message


def test_plain_secrets_that_nobody_manages(tree: Tree) -> None:
    tree.edit(POSTGRES, "  POSTGRES_DB: synapse\n", "  POSTGRES_DB: synapse\n  TURN_SECRET: abcdefgh\n")
    tree.edit(SYNAPSE, "    report_stats: false\n", '    report_stats: false\n    turn_shared_secret: "abcdefgh"\n')
    tree.write(
        "apps/matrix/other.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {TOKEN: abc}\n"
    )
    found = {finding.place.path[-1]: finding for finding in tree.found("plaintext-secret")}
    assert {"TURN_SECRET", "turn_shared_secret", "TOKEN"} <= set(found)
    assert found["TURN_SECRET"].fix == "matrix-secrets encrypt"
    assert found["TOKEN"].fix == "matrix-secrets encrypt apps/matrix/other.yaml"
    assert not {"POSTGRES_USER", "POSTGRES_DB"} & set(found)


def test_options_that_only_sound_secret_are_none(tree: Tree) -> None:
    options = (
        "registration_requires_token: true\n    form_secret_path: /run/form\n    password_config: {enabled: true}\n"
    )
    tree.edit(SYNAPSE, "    report_stats: false\n", f"    report_stats: false\n    {options}")
    names = {finding.place.path[-1] for finding in tree.found("plaintext-secret")}
    assert not {"registration_requires_token", "form_secret_path"} & names
