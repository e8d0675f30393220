"""A pod's volumes as folders, and the mounts of its containers, laid out as the kubelet does."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed.node.values import UnresolvedError, Values

if TYPE_CHECKING:
    from tests.testbed.api import Api, Resource

DEFAULT_MODE = 0o644


@dataclass(frozen=True, slots=True)
class Bind:
    """One path of the machine that a container sees at another."""

    source: Path
    target: str
    read_only: bool = False


@dataclass
class Volumes:
    """The volumes of one pod below a folder."""

    api: Api
    pod: Resource
    folder: Path
    claims: dict[str, str] = field(default_factory=dict)  # volume name to the claim's uid
    _sources: dict[str, Path] = field(default_factory=dict)
    _written: dict[Path, tuple[bytes, int]] = field(default_factory=dict)

    def lay_out(self) -> None:
        """Make or refresh every volume. Raises UnresolvedError when something is not there (yet)."""
        for volume in self.pod["spec"].get("volumes") or ():
            self._lay_out(volume)

    def binds(self, container: Resource) -> list[Bind]:
        """What a container mounts. Raises UnresolvedError."""
        found = []
        for mount in container.get("volumeMounts") or ():
            source = self._sources[mount["name"]]
            if sub := mount.get("subPath"):
                source /= sub
                if not source.exists():
                    source.mkdir(parents=True)  # as the kubelet does: a missing file becomes an empty folder
            found.append(Bind(source.resolve(), mount["mountPath"], mount.get("readOnly", False)))
        return sorted(found, key=lambda bind: bind.target.count("/"))

    def _lay_out(self, volume: Resource) -> None:
        name = volume["name"]
        folder = self.folder / name
        if claim := volume.get("persistentVolumeClaim"):
            self._sources[name] = self._claimed(name, claim["claimName"])
            return
        folder.mkdir(parents=True, exist_ok=True)
        self._sources[name] = folder
        if "emptyDir" in volume:
            folder.chmod(0o777)
        for source in _parts(volume):
            self._write_files(folder, source, _parts_mode(volume))

    def _claimed(self, name: str, claim: str) -> Path:
        namespace = self.pod["metadata"]["namespace"]
        found = self.api.get("v1/PersistentVolumeClaim", claim, namespace)
        if found is None or (found.get("status") or {}).get("phase") != "Bound":
            raise UnresolvedError(f'persistentvolumeclaim "{claim}" not bound')
        volume = self.api.must_get("v1/PersistentVolume", found["spec"]["volumeName"])
        self.claims[name] = found["metadata"]["uid"]
        folder = Path(volume["spec"]["hostPath"]["path"])
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        return folder

    def _write_files(self, folder: Path, source: Resource, default_mode: int) -> None:
        kind = "ConfigMap" if "configMap" in source else "Secret"
        ref = source["configMap"] if kind == "ConfigMap" else source["secret"]
        name = ref.get("name") or ref["secretName"]
        optional = ref.get("optional", False)
        content = Values(self.api, self.pod["metadata"]["namespace"]).content(kind, name, optional=optional)
        mode = ref.get("defaultMode", default_mode)
        wanted = {key: (key, mode) for key in content}
        if items := ref.get("items"):
            wanted = {item["path"]: (item["key"], item.get("mode", mode)) for item in items}
        for path, (key, file_mode) in wanted.items():
            if key in content:
                self._write(folder / path, content[key], file_mode)
            elif not optional:
                raise UnresolvedError(f"references non-existent config key: {key}")
        if source.keys() & {"name"} and not ref.get("items"):  # a volume of one source
            for gone in {file.name for file in folder.iterdir() if file.is_file()} - set(wanted):
                (folder / gone).unlink()

    def _write(self, file: Path, content: bytes, mode: int) -> None:
        """A file of its own each time: one that is mounted by subPath stays what it was."""
        group = (self.pod["spec"].get("securityContext") or {}).get("fsGroup")
        if group is not None:
            mode |= (mode & 0o400) >> 3
        if self._written.get(file) == (content, mode):
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"..{file.name}.new")
        part.write_bytes(content)
        if group is not None:
            os.chown(part, -1, group)
        part.chmod(mode)
        part.replace(file)
        self._written[file] = (content, mode)


def _parts(volume: Resource) -> list[Resource]:
    if "configMap" in volume or "secret" in volume:
        return [volume]
    sources = (volume.get("projected") or {}).get("sources") or []
    return [source for source in sources if "configMap" in source or "secret" in source]


def _parts_mode(volume: Resource) -> int:
    return int((volume.get("projected") or {}).get("defaultMode", DEFAULT_MODE))
