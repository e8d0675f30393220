"""The guide's repository through the whole job, with either engine, in one file a resource or several."""

from __future__ import annotations

import difflib
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from matrix_secrets.manifests.nodes import Mapping, child
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resources import resources

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Site

ADDRESS = "192.168.1.100"
STEPS = (
    ("keys", "generate"),
    ("configure", "--server-name", ADDRESS, "--node-ip", ADDRESS),
    ("generate",),
    ("encrypt",),
    ("verify",),
)
SECRETS = (
    "POSTGRES_PASSWORD",
    "SYNAPSE_MACAROON_SECRET_KEY",
    "SYNAPSE_REGISTRATION_SHARED_SECRET",
    "SYNAPSE_FORM_SECRET",
)


def documents(text: str) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(text))


def sops_decrypt(site: Site, sops: Path, file: str) -> str:
    command = [str(sops), "decrypt", str(site.root / file)]
    done = subprocess.run(command, env=site.env(), cwd=site.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def encrypted_files(site: Site) -> list[str]:
    return [file for file, raw in site.tree().items() if b"\nsops:" in raw]


def test_every_step_again_changes_nothing(site: Site) -> None:
    for step in STEPS:
        site.run(*step)
        after = site.tree()
        site.run(*step)
        assert site.tree() == after, step
    after = site.tree()
    for step in STEPS:
        site.run(*step)
        assert site.tree() == after, step


def test_plain_text_comes_back_to_the_byte(site: Site, sops_binary: Path) -> None:
    for step in STEPS[:3]:
        site.run(*step)
    plain = site.tree()
    site.run("encrypt")
    files = encrypted_files(site)
    assert len(files) == 2
    for file in files:
        text = site.run("decrypt", file).stdout
        assert documents(text) == documents(sops_decrypt(site, sops_binary, file))
        added = [
            line[2:]
            for line in difflib.ndiff(plain[file].decode().splitlines(), text.splitlines())
            if line[:1] in "+-" and line.strip("+- ")
        ]
        assert all(re.search(r"data:|MATRIX_SECRETS_DIGEST_KEY|annotations:|-digest:", line) for line in added), added


def value_lines(text: str) -> set[int]:
    """The numbers of the lines below data: and stringData:, from 1."""
    found: set[int] = set()
    for resource in resources(parse(text)):
        for field in ("data", "stringData"):
            node = child(resource.root, field)
            if isinstance(node, Mapping):
                found |= set(range(text.count("\n", 0, node.start) + 1, text.count("\n", 0, node.end) + 2))
    return found


def test_the_diff_holds_values_digests_and_sops_data_only(site: Site) -> None:
    before = site.tree()
    for step in STEPS:
        site.run(*step)
    added = re.compile(
        r"ENC\[AES256_GCM|192\.168\.1\.100|-digest:|annotations:$|^\+\s*data:$|^\+\s*metadata:$|^\+(?:sops:|    |  )"
    )
    for file, raw in before.items():
        if not file.endswith(".yaml"):
            continue
        values, old = value_lines(raw.decode()), raw.decode().splitlines()
        for line in site.git("diff", "--unified=0", "--", file).splitlines():
            if line.startswith("@@"):
                start, _, count = line.split()[1].removeprefix("-").partition(",")
                removed = set(range(int(start), int(start) + int(count or 1))) - values
                assert all("annotations:" in old[number - 1] or "metadata:" in old[number - 1] for number in removed), (
                    file,
                    line,
                )
            elif line.startswith("+") and not line.startswith("+++"):
                assert added.search(line), (file, line)


def test_no_secret_is_readable_and_all_agree(site: Site) -> None:
    site.encrypted_stack()
    shown = site.json("show", "--reveal")["secrets"]
    values = {secret["name"]: secret["value"] for secret in shown}
    assert set(SECRETS) <= set(values)
    assert len(set(values.values())) == len(values)
    everything = b"".join(site.tree().values())
    for value in values.values():
        assert re.fullmatch(r"[0-9a-f]{64}", value)
        assert value.encode() not in everything


def test_kustomize_still_builds(site: Site, kubectl_binary: Path) -> None:
    site.encrypted_stack()
    built = subprocess.run(
        [str(kubectl_binary), "kustomize", site.stack], cwd=site.root, capture_output=True, text=True, check=True
    ).stdout
    kinds = [document["kind"] for document in documents(built)]
    assert "Secret" in kinds
    assert kinds.count("Deployment") + kinds.count("StatefulSet") == 3


def test_verify_finds_warnings_only(site: Site) -> None:
    site.encrypted_stack()
    found = site.json("verify")["findings"]
    assert {finding["severity"] for finding in found} <= {"warning"}
    in_comments = [finding for finding in found if finding["id"] == "placeholder-in-comment"]
    assert bool(in_comments) == (site.stack == "apps/matrix")  # the other fixture has none
    site.json("verify", "--strict", code=1)


@pytest.mark.parametrize("placeholder", ["CHANGE_ME_BEFORE_DEPLOY", "<NODE_IP>"])
def test_each_placeholder_left_is_named(guide: Site, placeholder: str) -> None:
    found = guide.json("verify", code=1)["findings"]
    named = [finding for finding in found if finding["id"] == "placeholder-in-value"]
    for finding in named:
        assert finding["file"]
        assert finding["document"]
        assert finding["path"]
        assert finding["fix"]
    total = sum(raw.decode().count(placeholder) for raw in guide.tree().values())
    assert total > 0
    assert len(named) >= 12  # the guide's table of required changes has twelve rows
