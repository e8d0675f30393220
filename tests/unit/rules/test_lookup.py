from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from matrix_secrets.errors import BadManifestError, RefusedError
from matrix_secrets.sops.creationrules import load_rules, misnamed_config

if TYPE_CHECKING:
    from pathlib import Path

RULE = "creation_rules:\n- path_regex: {}\n  age: age1x\n"


def test_without_a_file_there_are_no_rules(tmp_path: Path) -> None:
    assert load_rules(tmp_path, {}) is None
    assert misnamed_config(tmp_path) is None


def test_another_ending_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".sops.yml").write_text(RULE.format("x"))
    assert load_rules(tmp_path, {}) is None
    assert misnamed_config(tmp_path) == ".sops.yml"


def test_nearest_file_upwards(tmp_path: Path) -> None:
    root = tmp_path / "a" / "repository"
    root.mkdir(parents=True)
    (tmp_path / ".sops.yaml").write_text(RULE.format("^a/repository/x"))
    rules = load_rules(root, {})
    assert rules is not None
    assert rules.config_file == "../../.sops.yaml"
    assert rules.relative("x.yaml") == "a/repository/x.yaml"
    assert rules.rule_for("x.yaml") is not None
    (root / ".sops.yaml").write_text(RULE.format("^x"))
    rules = load_rules(root, {})
    assert rules is not None
    assert (rules.config_file, rules.relative("x.yaml")) == (".sops.yaml", "x.yaml")
    assert rules.rule_for("./b/../x.yaml") is not None
    assert rules.rule_for("b/x.yaml") is None


def test_sops_config_names_the_file(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "repository", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / ".sops.yaml").write_text(RULE.format("^y"))
    (elsewhere / "rules.yaml").write_text(RULE.format(f"^{root}/x"))
    rules = load_rules(root, {"SOPS_CONFIG": str(elsewhere / "rules.yaml")})
    assert rules is not None
    assert rules.config_file == "../elsewhere/rules.yaml"
    assert rules.rule_for("x") is not None
    assert rules.rule_for("y") is None


def test_sops_config_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"^nowhere\.yaml: cannot be read: No such file or directory"):
        load_rules(tmp_path, {"SOPS_CONFIG": "nowhere.yaml"})


def test_broken_file_is_named_with_its_line_and_without_its_text(tmp_path: Path) -> None:
    (tmp_path / ".sops.yaml").write_text("creation_rules:\n- age: 'secret\n")
    with pytest.raises(BadManifestError) as caught:
        load_rules(tmp_path, {})
    assert str(caught.value).startswith(".sops.yaml, line ")
    assert "secret" not in f"{caught.value} {caught.value.cause} {caught.value.hint}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "creation_rules:\n- age: age1x\n  mac_only_encrypted: 3\n",
            "creation_rules › 1 › mac_only_encrypted, line 3: is",
        ),
        ("creation_rules:\n- age: age1x\n  age: age1y\n", "creation_rules › 1, line 3: stands there twice"),
        ("creation_rules:\n- age: !x age1x\n", "creation_rules › 1 › age, line 2: carries a YAML tag"),
    ],
)
def test_place_of_a_wrong_type(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / ".sops.yaml").write_text(text)
    with pytest.raises(BadManifestError) as caught:
        load_rules(tmp_path, {})
    assert str(caught.value).startswith(f".sops.yaml › {message}")


def test_place_of_two_selectors(tmp_path: Path) -> None:
    (tmp_path / ".sops.yaml").write_text("creation_rules:\n- age: x\n  encrypted_regex: a\n  encrypted_suffix: b\n")
    rules = load_rules(tmp_path, {})
    assert rules is not None
    with pytest.raises(RefusedError) as caught:
        rules.rule_for("x")
    assert str(caught.value).startswith(".sops.yaml › rule 1: names more than one of encrypted_suffix, encrypted_regex")
