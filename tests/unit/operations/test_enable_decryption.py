"""The owner's decryption and the controller's flag, in every form they stand in; built by the real kustomize."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from matrix_secrets.errors import BadManifestError, RefusedError
from matrix_secrets.operations.apply import apply_plan
from matrix_secrets.operations.enable_decryption import plan_enable_decryption
from matrix_secrets.stack.discovery import find_stacks
from tests.unit.operations.fluxpatches import (
    DECRYPTING,
    FLAG,
    FLAG_PATCH,
    FLAGGING,
    FLOW,
    FOR_OTHERS,
    JSON_PATCH,
    OTHERS,
    indented,
    inline,
    strategic,
)
from tests.unit.stack.repositories import change, guide, workspace, write

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.operations.plan import Plan

APPS = "clusters/home/apps.yaml"
SYNC = "clusters/home/flux-system/gotk-sync.yaml"
KUSTOMIZATION = "clusters/home/flux-system/kustomization.yaml"
COMPONENTS = "clusters/home/flux-system/gotk-components.yaml"
BLOCK = "  decryption:\n    provider: sops\n    secretRef:\n      name: sops-age\n"
WHOLE = {"provider": "sops", "secretRef": {"name": "sops-age"}}
INSTANCE = """apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata:
  name: flux
  namespace: flux-system
spec:
  distribution:
    version: "2.x"
    registry: ghcr.io/fluxcd
  sync:
    kind: GitRepository
    url: https://git.example.org/home/home-cluster.git
    ref: refs/heads/main
    path: .
"""


def plan(root: Path, *, flag: bool = False, live: tuple[int, int] | None = None) -> Plan:
    found = workspace(root)
    return plan_enable_decryption(found, find_stacks(found), flag=flag, live=live)


def enable(root: Path, *, flag: bool = False) -> Plan:
    """Do it, and make sure that the second time nothing is left to do."""
    made = plan(root, flag=flag)
    apply_plan(workspace(root), made)
    again = plan(root, flag=flag)
    assert again.empty, again.changes
    assert set(again.paths) == set(made.paths)
    return made


def built(kubectl: Path, directory: Path) -> list[dict[str, Any]]:
    done = subprocess.run([kubectl, "kustomize", directory], capture_output=True, text=True, check=True)
    return list(yaml.load_all(done.stdout, Loader=yaml.CSafeLoader))


def found(resources: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (one,) = [each for each in resources if each["kind"] == kind and each["metadata"]["name"] == name]
    return one


def args(resources: list[dict[str, Any]]) -> list[str]:
    deployment = found(resources, "Deployment", "kustomize-controller")
    listed: list[str] = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    return listed


def owned_by_flux_system(root: Path) -> Path:
    """The owner is what Flux generated itself."""
    (root / APPS).unlink()
    change(root, SYNC, ("path: ./clusters/home", "path: ./"))
    return root


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return guide(tmp_path / "home")


def test_an_owner_of_ones_own_gets_a_block_in_its_style(repository: Path) -> None:
    before = (repository / APPS).read_text()
    made = enable(repository)
    assert (repository / APPS).read_text() == before + BLOCK
    assert [str(change.place) for change in made.changes] == [f"{APPS} › Kustomization/apps › spec › decryption"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  interval: 5m0s\n", "  decryption:\n  interval: 5m0s\n", f"{BLOCK}  interval: 5m0s\n"),
        ("  interval: 5m0s\n", "  decryption: {}\n  interval: 5m0s\n", f"{BLOCK}  interval: 5m0s\n"),
        ("  interval: 5m0s\n", "  decryption: ~ # off\n  interval: 5m0s\n", "      name: sops-age # off\n"),
        ("  prune: true\n", "  decryption:\n    provider: sops\n  prune: true\n", f"{BLOCK}  prune: true\n"),
        (
            "  prune: true\n",
            "  decryption: {provider: sops}\n  prune: true\n",
            '  decryption: {provider: sops, secretRef: {"name": "sops-age"}}\n',
        ),
        (
            "  prune: true\n",
            "  decryption:\n    secretRef:\n      name: other\n  prune: true\n",
            "      name: other\n    provider: sops\n",
        ),
    ],
)
def test_what_is_half_there_is_completed(repository: Path, old: str, new: str, expected: str) -> None:
    change(repository, APPS, (old, new))
    enable(repository)
    text = (repository / APPS).read_text()
    assert expected in text
    decryption = list(yaml.load_all(text, Loader=yaml.CSafeLoader))[-1]["spec"]["decryption"]
    assert decryption["provider"] == "sops"
    assert decryption["secretRef"]["name"] in {"sops-age", "other"}


def test_crlf_wide_indentation_and_what_follows_stay(repository: Path) -> None:
    text = "kind: Kustomization\napiVersion: kustomize.toolkit.fluxcd.io/v1\nspec:\n    path: apps\n    sourceRef:\n"
    text += "        kind: GitRepository\n        name: flux-system\n# end\nmetadata:\n    name: apps\n"
    (repository / APPS).write_bytes(text.replace("\n", "\r\n").encode())
    enable(repository)
    lines = "    decryption:\n        provider: sops\n        secretRef:\n            name: sops-age\n"
    expected = text.replace("# end\n", f"{lines}# end\n").replace("\n", "\r\n")
    assert (repository / APPS).read_bytes().decode() == expected


def test_a_json_owner_stays_json(repository: Path) -> None:
    text = '{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "apps"},'
    (repository / APPS).write_text(text + ' "spec": {"path": "apps", "sourceRef": {"kind": "GitRepository"}}}\n')
    enable(repository)
    decoded = yaml.load((repository / APPS).read_text(), Loader=yaml.CSafeLoader)
    assert decoded["spec"]["decryption"] == WHOLE
    assert (
        '"decryption": {"provider": "sops", "secretRef": {"name": "sops-age"}}}}\n' in (repository / APPS).read_text()
    )


@pytest.mark.parametrize(
    ("new", "error"),
    [
        ("  decryption:\n    provider: vault\n", RefusedError),
        ("  decryption: sops\n", BadManifestError),
        ("  decryption:\n    provider: sops\n    secretRef: x\n", BadManifestError),
    ],
)
def test_what_is_not_understood_is_refused(repository: Path, new: str, error: type[RefusedError]) -> None:
    change(repository, APPS, ("  prune: true\n", f"{new}  prune: true\n"))
    before = (repository / APPS).read_bytes()
    with pytest.raises(error, match=r"apps\.yaml"):
        plan(repository)
    assert (repository / APPS).read_bytes() == before


def test_what_flux_generates_is_changed_by_a_patch(repository: Path, kubectl_binary: Path) -> None:
    owned_by_flux_system(repository)
    before = {name: (repository / name).read_bytes() for name in (SYNC, COMPONENTS)}
    made = enable(repository)
    assert [change.place.file for change in made.changes] == [KUSTOMIZATION]
    assert {name: (repository / name).read_bytes() for name in before} == before
    assert (
        (repository / KUSTOMIZATION)
        .read_text()
        .endswith(
            "- gotk-sync.yaml\npatches:\n- patch: |\n    apiVersion: kustomize.toolkit.fluxcd.io/v1\n"
            "    kind: Kustomization\n    metadata:\n      name: flux-system\n      namespace: flux-system\n"
            + indented(f"spec:\n{BLOCK}", 4)
        )
    )
    resources = built(kubectl_binary, (repository / KUSTOMIZATION).parent)
    assert found(resources, "Kustomization", "flux-system")["spec"]["decryption"] == WHOLE


@pytest.mark.parametrize("patches", ["patches: []\n", "patches:\n", "patches: # none yet\n", FLOW, OTHERS])
def test_a_patch_joins_those_that_are_there(repository: Path, kubectl_binary: Path, patches: str) -> None:
    owned_by_flux_system(repository)
    other = strategic("flux-system").partition("  decryption")[0] + "  retryInterval: 1m\n"
    write(repository, {"clusters/home/flux-system/other.yaml": other})
    with (repository / KUSTOMIZATION).open("a") as file:
        file.write(patches)
    before = (repository / KUSTOMIZATION).read_text()
    enable(repository, flag=True)
    after = (repository / KUSTOMIZATION).read_text()
    resources = built(kubectl_binary, (repository / KUSTOMIZATION).parent)
    owner = found(resources, "Kustomization", "flux-system")["spec"]
    assert owner["decryption"] == {"provider": "sops"}
    assert ("prune" in owner) == ("/spec/prune" not in patches)
    assert ("retryInterval" in owner) == ("other.yaml" in patches)
    assert args(resources)[-1] == FLAG
    if "- path" in patches:
        assert after.startswith(before.removesuffix("# the end\n"))


def test_without_a_kustomization_file_one_is_made_of_what_flux_would_take(
    repository: Path, kubectl_binary: Path
) -> None:
    owned_by_flux_system(repository)
    (repository / KUSTOMIZATION).unlink()
    enable(repository)
    resources = built(kubectl_binary, (repository / KUSTOMIZATION).parent)
    assert found(resources, "Kustomization", "flux-system")["spec"]["decryption"] == WHOLE
    assert found(resources, "Deployment", "kustomize-controller")


@pytest.mark.parametrize("form", DECRYPTING)
def test_it_is_recognised_in_every_form(repository: Path, kubectl_binary: Path, form: str) -> None:
    owned_by_flux_system(repository)
    change(
        repository,
        SYNC,
        (
            "  name: flux-system\n  namespace: flux-system\nspec:\n  interval: 10m0s",
            "  name: flux-system\n  namespace: flux-system\n  labels: {role: sync}\nspec:\n  interval: 10m0s",
        ),
    )
    directory = "clusters/home/flux-system"
    write(
        repository,
        {f"{directory}/decryption.yaml": strategic("flux-system"), f"{directory}/decryption.json": JSON_PATCH},
    )
    with (repository / KUSTOMIZATION).open("a") as file:
        file.write(DECRYPTING[form])
    made = plan(repository)
    assert made.empty
    assert made.paths == (KUSTOMIZATION,)
    resources = built(kubectl_binary, (repository / KUSTOMIZATION).parent)
    assert found(resources, "Kustomization", "flux-system")["spec"]["decryption"]["provider"] == "sops"


@pytest.mark.parametrize("form", FOR_OTHERS)
def test_a_patch_for_another_one_does_not_count(repository: Path, form: str) -> None:
    owned_by_flux_system(repository)
    with (repository / KUSTOMIZATION).open("a") as file:
        file.write(FOR_OTHERS[form])
    assert not plan(repository).empty


def test_a_patch_one_level_up_counts(repository: Path, kubectl_binary: Path) -> None:
    text = f"resources: [flux-system, apps.yaml]\n{inline(strategic('apps'))}"
    write(repository, {"clusters/home/kustomization.yaml": text})
    assert plan(repository).empty
    resources = built(kubectl_binary, repository / "clusters/home")
    assert found(resources, "Kustomization", "apps")["spec"]["decryption"] == WHOLE


def test_patches_of_the_kustomization_above_count(repository: Path) -> None:
    patches = f"  patches:\n  - patch: '{JSON_PATCH}'\n    target: {{kind: Kustomization, name: apps}}\n"
    change(repository, SYNC, ("  prune: true\n", f"{patches}  prune: true\n"))
    assert plan(repository).empty


def test_a_patch_that_undoes_it_is_named(repository: Path) -> None:
    text = "resources: [flux-system, apps.yaml]\npatches:\n- patch: '[{op: add, path: /spec/decryption, "
    text += "value: {provider: sops}}]'\n  target: {kind: Kustomization, name: apps}\n"
    write(repository, {"clusters/home/kustomization.yaml": text})
    with pytest.raises(RefusedError, match=r"clusters/home/kustomization\.yaml"):
        plan(repository)


def test_the_controllers_flag_stands_beside_what_flux_generates(repository: Path, kubectl_binary: Path) -> None:
    before = args(built(kubectl_binary, (repository / KUSTOMIZATION).parent))
    made = enable(repository, flag=True)
    assert [change.place.file for change in made.changes] == [KUSTOMIZATION, APPS]
    assert (repository / APPS).read_text().endswith("  decryption:\n    provider: sops\n")
    assert args(built(kubectl_binary, (repository / KUSTOMIZATION).parent)) == [*before, FLAG]
    assert plan(repository).empty, "the flag counts without being asked for"


@pytest.mark.parametrize("form", FLAGGING)
def test_the_flag_is_recognised_in_every_form(repository: Path, kubectl_binary: Path, form: str) -> None:
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: kustomize-controller, namespace: flux-system}\n"
    text += f"spec: {{template: {{spec: {{containers: [{{name: manager, args: [{FLAG}]}}]}}}}}}\n"
    write(repository, {"clusters/home/flux-system/flag.yaml": text})
    with (repository / KUSTOMIZATION).open("a") as file:
        file.write(FLAGGING[form])
    assert FLAG in args(built(kubectl_binary, (repository / KUSTOMIZATION).parent))
    made = plan(repository, flag=True)
    assert [change.place.file for change in made.changes] == [APPS]


def test_a_controller_without_the_flag_is_refused(repository: Path) -> None:
    change(repository, COMPONENTS, ("kustomize-controller:v1.9.5", "kustomize-controller:v1.6.1"))
    with pytest.raises(RefusedError, match=r"v1\.6\.1"):
        plan(repository, flag=True)
    assert not plan(repository, flag=True, live=(1, 9)).empty, "what runs counts more than what is written"
    with pytest.raises(RefusedError, match=r"1\.6, in the cluster"):
        plan(repository, flag=True, live=(1, 6))
    assert not plan(repository).empty


def test_by_its_digest_alone_the_version_is_that_of_flux(repository: Path) -> None:
    change(repository, COMPONENTS, ("kustomize-controller:v1.9.5", "kustomize-controller@sha256:" + "0" * 64))
    assert not plan(repository, flag=True).notes
    text = (repository / COMPONENTS).read_text().replace("app.kubernetes.io/version: v2.9.0", "x: y")
    (repository / COMPONENTS).write_text(text)
    assert [note.id for note in plan(repository, flag=True).notes] == ["controller-version"]


def test_without_a_controller_here_the_flag_has_nowhere_to_go(repository: Path) -> None:
    (repository / COMPONENTS).unlink()
    with pytest.raises(RefusedError, match="declares no kustomize-controller"):
        plan(repository, flag=True)


def test_a_flux_instance_is_patched_in_its_own_list(repository: Path) -> None:
    for name in (SYNC, COMPONENTS, KUSTOMIZATION, APPS):
        (repository / name).unlink()
    name = "clusters/home/flux-system/instance.yaml"
    write(repository, {name: INSTANCE})
    enable(repository, flag=True)
    instance = yaml.load((repository / name).read_text(), Loader=yaml.CSafeLoader)
    flag, owner = instance["spec"]["kustomize"]["patches"]
    assert flag == {"patch": FLAG_PATCH, "target": {"kind": "Deployment", "name": "kustomize-controller"}}
    assert owner["target"] == {"kind": "Kustomization", "name": "flux-system"}
    assert yaml.load(owner["patch"], Loader=yaml.CSafeLoader)["spec"] == {"decryption": {"provider": "sops"}}
    assert (repository / name).read_text().startswith(INSTANCE)


def test_each_cluster_that_has_the_stack_gets_it(repository: Path) -> None:
    text = (repository / APPS).read_text()
    write(repository, {"clusters/lab/apps.yaml": text})
    made = enable(repository)
    assert [change.place.file for change in made.changes] == [APPS, "clusters/lab/apps.yaml"]


def test_without_an_owner_there_is_nothing_to_enable(repository: Path) -> None:
    (repository / APPS).unlink()
    with pytest.raises(RefusedError, match="no Flux Kustomization"):
        plan(repository)
