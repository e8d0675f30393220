"""A pod's view of a stack: the files that its volumes show, and its environment, laid out as the kubelet does."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    File = tuple[bytes, int]
    Held = Mapping[tuple[str, str], dict[str, bytes]]


@dataclass(frozen=True)
class Pod:
    """``files`` by the path in the container, with their modes; ``env`` with what comes from Secrets."""

    files: Mapping[str, File]
    env: Mapping[str, str]


def documents(texts: Iterable[str]) -> list[dict[str, Any]]:
    return [each for text in texts for each in YAML(typ="safe", pure=True).load_all(text) if each]


def contents(resource: dict[str, Any]) -> dict[str, bytes]:
    """What the API server would hold of a ConfigMap or Secret."""
    data = resource.get("data") or {}
    decoded = {
        key: base64.b64decode(value) if resource["kind"] == "Secret" else value.encode() for key, value in data.items()
    }
    return decoded | {key: value.encode() for key, value in (resource.get("stringData") or {}).items()}


def pod_of(resources: list[dict[str, Any]], name: str, container: str) -> Pod:
    """The view of one container of a Deployment or StatefulSet."""
    held = {
        (each["kind"], each["metadata"]["name"]): contents(each)
        for each in resources
        if each["kind"] in {"ConfigMap", "Secret"}
    }
    workload = next(
        each for each in resources if each["kind"] in {"Deployment", "StatefulSet"} and each["metadata"]["name"] == name
    )
    spec = workload["spec"]["template"]["spec"]
    found = next(each for each in (*spec.get("initContainers", ()), *spec["containers"]) if each["name"] == container)
    volumes = {volume["name"]: dict(_volume(volume, held)) for volume in spec.get("volumes", ())}
    files: dict[str, File] = {}
    for mount in found.get("volumeMounts", ()):
        shown = volumes.get(mount["name"], {})
        if "subPath" in mount:
            if mount["subPath"] in shown:
                files[mount["mountPath"]] = shown[mount["subPath"]]
            continue
        files |= {f"{mount['mountPath'].rstrip('/')}/{path}": file for path, file in shown.items()}
    return Pod(files, dict(_env(found, held)))


def _volume(
    volume: dict[str, Any], held: Mapping[tuple[str, str], dict[str, bytes]]
) -> Iterable[tuple[str, tuple[bytes, int]]]:
    sources = volume.get("projected", {}).get("sources", [volume])
    for source in sources:
        for field, kind, name in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            if field not in source:
                continue
            given = source[field]
            data = held[kind, given.get(name) or given["name"]]
            mode = given.get("defaultMode", 0o644)
            items = given.get("items") or [{"key": key, "path": key} for key in data]
            for item in items:
                yield item["path"], (data[item["key"]], item.get("mode", mode))


def _env(container: dict[str, Any], held: Held) -> Iterable[tuple[str, str]]:
    for source in container.get("envFrom", ()):
        for key, value in held["Secret", source["secretRef"]["name"]].items():
            yield key, value.decode()
    for variable in container.get("env", ()):
        reference = variable.get("valueFrom", {}).get("secretKeyRef")
        if reference is None:
            yield variable["name"], str(variable["value"])
        else:
            yield variable["name"], held["Secret", reference["name"]][reference["key"]].decode()


def lay_out(pod: Pod, home: Path, replacements: Mapping[str, str]) -> None:
    """Write the files below a directory that stands for the container's root, with paths inside them adapted."""
    for path, (content, mode) in pod.files.items():
        target = home / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        text = content.decode()
        for old, new in replacements.items():
            text = text.replace(old, new)
        target.write_text(text)
        target.chmod(mode)
