from __future__ import annotations

import base64
import difflib
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, RefusedError
from matrix_secrets.manifests.resources import resources
from matrix_secrets.operations.deployment import Deployment
from matrix_secrets.operations.encrypt import plan_encrypt
from matrix_secrets.operations.seal import plan_seal
from matrix_secrets.operations.seal_version import read_version
from matrix_secrets.operations.verify import verify
from matrix_secrets.stack.digests import digests
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.images import Version
from matrix_secrets.stack.model import Layout
from tests.unit.operations.sealing_repositories import KEY, WORKER, filled, here, seal, stack_of
from tests.unit.stack.repositories import SECRET, SYNAPSE, apply, change, snapshot, write

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.stack.model import Stack

KEYS = {
    "registration_shared_secret_path": "SYNAPSE_REGISTRATION_SHARED_SECRET",
    "macaroon_secret_key_path": "SYNAPSE_MACAROON_SECRET_KEY",
    "form_secret_path": "SYNAPSE_FORM_SECRET",
}
FIXTURES = pytest.mark.parametrize("name", ["guide", "split"])
ENV_NAME = "            - name: SYNAPSE_CONFIG_PATH"
IMAGE = "matrixdotorg/synapse:v1.163.2"


def loaded(stack: Stack) -> list[dict[str, Any]]:
    yaml = YAML(typ="safe", pure=True)
    return [each for file in stack.files for each in yaml.load_all(file.stream.text) if each]


def homeserver(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(stack.homeservers[0].embedded.text)
    return found


def check_pods(stack: Stack, *names: str) -> None:
    """Each Synapse has the Secret's keys at the paths that homeserver.yaml names, and the password."""
    config, secret = homeserver(stack), stack.secrets[0].name
    assert "password" not in config["database"]["args"]
    assert not {"registration_shared_secret", "macaroon_secret_key", "form_secret"} & set(config)
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in loaded(stack)
        if "spec" in each and "template" in each["spec"]
    }
    for name in names:
        volumes = {each["name"]: each for each in pods[name]["volumes"]}
        containers = [*pods[name].get("initContainers", ()), *pods[name]["containers"]]
        synapses = [each for each in containers if "synapse" in each["image"]]
        assert synapses
        for each in synapses:
            mounts = {mount["mountPath"]: volumes.get(mount["name"], {}) for mount in each["volumeMounts"]}
            for option, key in KEYS.items():
                directory, _, file = config[option].rpartition("/")
                source = mounts[directory]["secret"]
                assert source["secretName"] == secret
                assert source["defaultMode"] == 0o644
                assert {"key": key, "path": file} in source["items"]
            env = {variable["name"]: variable.get("valueFrom") for variable in each["env"]}
            assert env["PGPASSWORD"] == {"secretKeyRef": {"name": secret, "key": "POSTGRES_PASSWORD"}}
    assert "fsGroup" not in "".join(file.stream.text for file in stack.files)


@FIXTURES
@pytest.mark.parametrize("encrypted", [False, True])
def test_sealed_once_and_again(tmp_path: Path, name: str, encrypted: bool) -> None:
    root = filled(tmp_path / "r", name, encrypted=encrypted)
    before = {secret.name: secret.values for secret in stack_of(root).managed}
    apply(seal(root))
    stack = stack_of(root)
    assert stack.layout is Layout.SEALED
    assert {secret.name: secret.values for secret in stack.managed} == before
    assert all(len(secret.locations) == 1 for secret in stack.managed)
    check_pods(stack, "synapse" if name == "guide" else "server")
    after = snapshot(root)
    plan = seal(root)
    assert plan.empty
    assert not plan.changes
    assert snapshot(root) == after
    workspace = here(root)
    found = {finding.id for finding in verify(workspace, find_stacks(workspace), None, ignored=lambda _: frozenset())}
    assert not {each for each in found if each.startswith(("sealed", "secret-"))}
    assert not {"postgres-strategy", "synapse-strategy", "digest-stale", "digest-missing"} & found


@FIXTURES
def test_only_lines_that_have_to(tmp_path: Path, name: str) -> None:
    root = filled(tmp_path / "r", name)
    before = snapshot(root)
    apply(seal(root))
    for file, text in snapshot(root).items():
        gone = [
            line[2:] for line in difflib.ndiff(before[file].splitlines(), text.splitlines()) if line.startswith("- ")
        ]
        assert all(any(word in line for word in ("secret", "password")) for line in gone), gone
        comments = [line.strip() for line in before[file].splitlines() if line.strip().startswith("#")]
        assert [line for line in comments if line not in text] == []


@pytest.mark.parametrize("encrypted", [False, True])
def test_digests_and_encryption_follow(tmp_path: Path, encrypted: bool) -> None:
    root = filled(tmp_path / "r", encrypted=encrypted)
    plan = seal(root)
    assert [note.id for note in plan.notes] == (["stays-encrypted"] if encrypted else [])
    apply(plan)
    stack = stack_of(root)
    assert stack.file(SYNAPSE).encrypted == encrypted
    names = {file.file for file in stack.files if file.encrypted}
    assert not any(each.stale for each in digests(stack.streams, names)) or not encrypted


def test_what_else_is_secret_is_said(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    change(root, SYNAPSE, ("    form_secret:", '    recaptcha_private_key: "not for everybody"\n    form_secret:'))
    workspace = here(root)
    apply(plan_encrypt(workspace, find_stacks(workspace), (), recipients=[(str(KEY.to_public()), "me")]))
    (note,) = seal(root).notes
    assert "recaptcha_private_key" in note.message
    assert "not for everybody" not in note.message


def test_every_worker(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    (root / SYNAPSE).write_text((root / SYNAPSE).read_text() + WORKER)
    apply(seal(root))
    check_pods(stack_of(root), "synapse", "worker")
    assert (root / SYNAPSE).read_text().count("type: Recreate") == 2
    assert seal(root).empty


def test_base64(tmp_path: Path) -> None:
    """homeserver.yaml in a Secret of its own, in base64."""
    root = filled(tmp_path / "r", "split")
    text = stack_of(root).homeservers[0].embedded.text
    code = base64.b64encode(text.encode()).decode()
    kind = "apiVersion: v1\nkind: Secret\nmetadata: {name: homeserver}\ndata:\n    homeserver.yaml: "
    write(root, {"kubernetes/chat/synapse-config.yaml": f"{kind}{code}\n"})
    change(root, "kubernetes/chat/server.yaml", ("configMap: {name: homeserver}", "secret: {name: homeserver}"))
    apply(seal(root))
    check_pods(stack_of(root), "server")
    assert seal(root).empty


def test_crlf(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    for file in (SECRET, SYNAPSE):
        (root / file).write_bytes((root / file).read_bytes().replace(b"\n", b"\r\n"))
    apply(seal(root))
    for file in (SECRET, SYNAPSE):
        raw = (root / file).read_bytes()
        assert raw.count(b"\n") == raw.count(b"\r\n")
    check_pods(stack_of(root), "synapse")
    assert seal(root).empty


def test_half_sealed_by_hand(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    text = (root / SYNAPSE).read_text()
    line = next(each for each in text.splitlines() if each.strip().startswith("form_secret:"))
    by_hand = "    form_secret_path: /run/synapse/form"
    volume = (
        "        - name: own\n          secret:\n            secretName: matrix-secrets\n"
        "            defaultMode: 0644\n"
        "            items:\n              - {key: SYNAPSE_FORM_SECRET, path: form}\n"
    )
    mount = "            - {name: own, mountPath: /run/synapse}\n          readinessProbe:"
    change(
        root,
        SYNAPSE,
        (line, by_hand),
        ("      volumes:\n", f"      volumes:\n{volume}"),
        ("          readinessProbe:", mount),
    )
    apply(seal(root))
    stack = stack_of(root)
    assert homeserver(stack)["form_secret_path"] == "/run/synapse/form"
    assert homeserver(stack)["macaroon_secret_key_path"] == "/run/synapse/macaroon_secret_key"
    assert (root / SYNAPSE).read_text().count("secretName: matrix-secrets") == 1
    assert seal(root).empty


@pytest.mark.parametrize(
    ("image", "version", "refused"),
    [
        ("matrixdotorg/synapse:v1.125.0", None, "1.125"),
        ("matrixdotorg/synapse:v1.125.0", "1.163", "1.125"),
        ("ghcr.io/element-hq/synapse:1.126.0", None, None),
        ("ghcr.io/element-hq/synapse:v1.126.0rc1", None, None),
        ("matrixdotorg/synapse:latest", None, "does not say"),
        ("matrixdotorg/synapse", None, "does not say"),
        ("matrixdotorg/synapse:latest", "1.120", "1.120"),
        ("matrixdotorg/synapse:latest", "v1.163.2", None),
        (f"matrixdotorg/synapse@sha256:{'0' * 64}", None, "does not say"),
        (f"matrixdotorg/synapse@sha256:{'0' * 64}", "1.163.2", None),
        ("registry.local:5000/our/server:7", None, "does not say"),
        ("registry.local:5000/our/server:7", "1.130", None),
    ],
)
def test_versions(tmp_path: Path, image: str, version: str | None, refused: str | None) -> None:
    root = filled(tmp_path / "r")
    change(root, SYNAPSE, (IMAGE, image))
    if refused is None:
        assert not seal(root, read_version(version)).empty
        return
    with pytest.raises(RefusedError, match=refused):
        seal(root, read_version(version))


def test_kustomize_may_set_the_version(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    bundle = root / "apps/matrix/kustomization.yaml"
    bundle.write_text(bundle.read_text() + "images:\n  - name: matrixdotorg/synapse\n    newTag: v1.100.0\n")
    with pytest.raises(RefusedError, match=r"1\.100"):
        seal(root)


def test_a_version_that_is_none() -> None:
    with pytest.raises(MatrixSecretsError) as caught:
        read_version("newest")
    assert caught.value.exit_code == 2
    assert read_version("v1.163.2") == Version(1, 163)


LABELS = "  labels:\n    app.kubernetes.io/part-of: matrix\n"
MOUNT = (
    "            - name: config\n              mountPath: /conf/homeserver.yaml\n"
    "              subPath: homeserver.yaml\n"
)
OTHER = ("            name: synapse-config", "            name: other-config")


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("  SYNAPSE_FORM_SECRET:", "  OTHER:")], "generate"),
        ([("    form_secret: ", "    form_secret: &key ")], "anchor"),
        (
            [(f"  namespace: matrix\n{LABELS}type: Opaque", "  namespace: other\ntype: Opaque")],
            "no Secret that these pods can read",
        ),
        ([(MOUNT, ""), OTHER], "no Deployment"),
    ],
)
def test_refused_with_nothing_written(tmp_path: Path, pairs: list[tuple[str, str]], words: str) -> None:
    root = filled(tmp_path / "r")
    for file in (SECRET, SYNAPSE):
        text = (root / file).read_text()
        for old, new in pairs:
            text = text.replace(old, new)
        (root / file).write_text(text)
    before = snapshot(root)
    with pytest.raises(RefusedError) as caught:
        seal(root)
    assert words in f"{caught.value} {caught.value.hint}"
    assert snapshot(root) == before


def test_a_plain_variable_goes(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    env = f"          env:\n            - name: PGPASSWORD\n              value: geheim  # old\n{ENV_NAME}"
    change(root, SYNAPSE, (f"          env:\n{ENV_NAME}", env))
    apply(seal(root))
    text = (root / SYNAPSE).read_text()
    assert "geheim" not in text
    assert "# old" in text
    check_pods(stack_of(root), "synapse")
    change(root, SYNAPSE, ("key: POSTGRES_PASSWORD", "key: OTHER"))
    with pytest.raises(RefusedError, match="does not come from"):
        seal(root)


def test_a_list_that_is_none(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    change(
        root,
        SYNAPSE,
        (
            "            - name: SYNAPSE_CONFIG_PATH\n              value: /conf/homeserver.yaml\n",
            "            SYNAPSE_CONFIG_PATH: /conf\n",
        ),
    )
    with pytest.raises(BadManifestError, match="not a list"):
        seal(root)


class Pushed:
    """The stack was published as it was at some time."""

    def __init__(self, stack: Stack) -> None:
        self._resources = tuple(resource for file in stack.files for resource in resources(file.stream))

    def deployment_of(self, stack: Stack) -> Deployment | None:
        del stack
        return Deployment(self._resources)


@pytest.mark.parametrize("encrypted", [False, True])
def test_two_steps_on_a_deployed_stack(tmp_path: Path, encrypted: bool) -> None:
    root = filled(tmp_path / "r", encrypted=encrypted)

    def step(pushed: Pushed) -> list[str]:
        workspace = here(root)
        plan = plan_seal(workspace, find_stacks(workspace), pushed)
        apply(plan)
        return [note.id for note in plan.notes if note.id.startswith("seal-")]

    first = Pushed(stack_of(root))
    assert step(first) == ["seal-first-step"]
    stack = stack_of(root)
    assert stack.layout is Layout.GUIDE
    strategies = [each["spec"].get("strategy") for each in loaded(stack) if each["kind"] == "Deployment"]
    assert strategies == [None, *[{"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}] * 2]
    after = snapshot(root)
    assert step(first) == ["seal-first-step"]
    assert snapshot(root) == after
    second = Pushed(stack_of(root))
    assert step(second) == ["seal-second-step"]
    stack = stack_of(root)
    assert stack.layout is Layout.SEALED
    strategies = [each["spec"].get("strategy") for each in loaded(stack) if each["kind"] == "Deployment"]
    assert strategies == [None, {"type": "Recreate"}, {"type": "Recreate"}]
    last = snapshot(root)
    assert step(Pushed(stack_of(root))) == []
    assert snapshot(root) == last


def test_a_stateful_set_needs_no_steps(tmp_path: Path) -> None:
    root = filled(tmp_path / "r", "split")
    workspace = here(root)
    plan = plan_seal(workspace, find_stacks(workspace), Pushed(stack_of(root)))
    assert not any(note.id.startswith("seal-") for note in plan.notes)
    apply(plan)
    assert stack_of(root).layout is Layout.SEALED


def test_a_password_in_a_file_stays_there(tmp_path: Path) -> None:
    """PGPASSWORD would win over it."""
    root = filled(tmp_path / "r")
    text = (root / SYNAPSE).read_text()
    line = next(each for each in text.splitlines() if each.strip().startswith("password:"))
    change(root, SYNAPSE, (line, "        passfile: /data/pgpass"))
    apply(seal(root))
    assert "PGPASSWORD" not in (root / SYNAPSE).read_text()
    assert homeserver(stack_of(root))["database"]["args"]["passfile"] == "/data/pgpass"
    assert "form_secret_path" in (root / SYNAPSE).read_text()
