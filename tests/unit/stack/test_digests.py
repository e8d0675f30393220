from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.manifests.edits import splice
from matrix_secrets.manifests.nodes import Stream, child, text_at
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resources import resources
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.stack.consumption import DIGEST_KEY, Item
from matrix_secrets.stack.digests import (
    CONFIG_DIGEST,
    SECRET_DIGEST,
    config_digest,
    digest_edits,
    digests,
    has_digests,
    secret_digest,
)
from matrix_secrets.stack.tripwire import digest_key, has_tripwire, new_digest_key, with_tripwire
from tests.unit.stack.repositories import ELEMENT, FIXTURES, SECRET, SYNAPSE

KEY = SecretValue("00" * 32)
FILES = (SECRET, SYNAPSE, ELEMENT)


def texts_of(fixture: str = "guide") -> dict[str, str]:
    root = FIXTURES / fixture
    return {path.relative_to(root).as_posix(): path.read_text() for path in sorted(root.rglob("*.yaml"))}


def streams_of(texts: dict[str, str]) -> list[Stream]:
    return [parse(text, file) for file, text in texts.items()]


def with_key(texts: dict[str, str]) -> dict[str, str]:
    secret = next(
        resource for stream in streams_of(texts) for resource in resources(stream) if resource.kind == "Secret"
    )
    return texts | {secret.stream.file: splice(secret.stream.text, with_tripwire(secret, KEY))}


def with_digests(texts: dict[str, str], encrypted: tuple[str, ...] = ()) -> dict[str, str]:
    edits = digest_edits(streams_of(texts), encrypted)
    return {file: splice(text, edits.get(file, [])) for file, text in texts.items()}


def annotations_of(texts: dict[str, str], kind_and_name: str) -> dict[str, str | None]:
    path = ("spec", "template", "metadata", "annotations")
    for stream in streams_of(texts):
        for resource in resources(stream):
            if resource.label == kind_and_name:
                return {name: text_at(resource.root, (*path, name)) for name in (CONFIG_DIGEST, SECRET_DIGEST)}
    raise AssertionError(kind_and_name)


@pytest.mark.parametrize("fixture", ["guide", "split"])
def test_plain_then_encrypted_then_stable(fixture: str) -> None:
    plain = with_digests(with_key(texts_of(fixture)))
    server, web, database = {
        "guide": ("Deployment/synapse", "Deployment/element-web", "Deployment/matrix-postgres"),
        "split": ("StatefulSet/server", "Deployment/web", "StatefulSet/db"),
    }[fixture]
    config = annotations_of(plain, server)[CONFIG_DIGEST]
    assert config is not None
    assert annotations_of(plain, server)[SECRET_DIGEST] is None
    files = tuple(file for file, text in plain.items() if "homeserver.yaml: |" in text or "SYNAPSE_FORM" in text)
    sealed = with_digests(plain, files)
    assert annotations_of(sealed, server)[CONFIG_DIGEST] is None  # a plain hash of what is secret now must not stay
    secret = annotations_of(sealed, server)[SECRET_DIGEST]
    assert secret is not None
    assert len(secret) == 32
    assert config not in "".join(sealed.values())
    assert annotations_of(sealed, web) == annotations_of(plain, web)
    assert annotations_of(plain, web)[CONFIG_DIGEST] is not None
    assert set(annotations_of(sealed, database).values()) == {None}
    assert with_digests(sealed, files) == sealed
    assert has_digests(streams_of(sealed))
    assert not has_digests(streams_of(texts_of(fixture)))


def test_only_annotations_are_added() -> None:
    before = with_key(texts_of())
    after = with_digests(before)
    for file in FILES:
        lines = after[file].splitlines()
        added = [line for line in lines if line not in before[file].splitlines()]
        assert [line for line in lines if line not in added] == before[file].splitlines()
        assert all("annotations:" in line or "-digest:" in line for line in added)
    assert after[SECRET] == before[SECRET]


def test_a_changed_value_changes_the_digest_and_a_comment_outside_does_not() -> None:
    sealed = with_digests(with_key(texts_of()), (SECRET, SYNAPSE))
    comment = sealed | {SYNAPSE: sealed[SYNAPSE].replace("# 🌐", "# 🌍")}
    assert with_digests(comment, (SECRET, SYNAPSE)) == comment
    value = sealed | {SYNAPSE: sealed[SYNAPSE].replace("max_upload_size: 50M", "max_upload_size: 51M")}
    stale = [each for each in digests(streams_of(value), (SECRET, SYNAPSE)) if each.stale]
    assert [(each.annotation, each.place.document) for each in stale] == [(SECRET_DIGEST, "Deployment/synapse")]
    assert with_digests(value, (SECRET, SYNAPSE)) != value


def test_the_definition() -> None:
    items = (Item("Secret", "n", "s", "k", b"v"), Item("ConfigMap", "n", "c", "k", b"w"))
    frames = b"".join(
        b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        for parts in ((b"ConfigMap", b"n", b"c", b"k", b"w"), (b"Secret", b"n", b"s", b"k", b"v"))
    )
    assert config_digest(items) == hashlib.sha256(frames).hexdigest()
    assert secret_digest(items, KEY) == hmac.new(b"00" * 32, frames, hashlib.sha256).hexdigest()[:32]


@given(st.lists(st.binary(max_size=6), min_size=2, max_size=2, unique=True))
def test_no_two_contents_have_one_digest(contents: list[bytes]) -> None:
    one, other = (config_digest([Item("ConfigMap", "", "c", "k", content)]) for content in contents)
    assert one != other


def test_without_a_key_or_with_ciphertext_digests_are_left_alone() -> None:
    texts = texts_of()
    assert with_digests(texts, (SECRET, SYNAPSE))[SYNAPSE] == texts[SYNAPSE]
    locked = with_key(texts) | {
        SYNAPSE: texts[SYNAPSE].replace("  log.config: |\n", "  x: ENC[AES256_GCM,data:A]\n  log.config: |\n")
    }
    assert with_digests(locked)[SYNAPSE] == locked[SYNAPSE]


TEMPLATES = (
    ("template:\n    metadata:\n      labels: {app: s}\n", '      annotations:\n        {}: "'),
    ("template:\n    metadata: {labels: {app: s}}\n", 'app: s}, annotations: {"{}": "'),
    ("template:\n    metadata:\n      annotations:\n      labels: {app: s}\n", '      annotations:\n        {}: "'),
    ("template:\n    metadata:\n      annotations: {}\n", '      annotations: {"{}": "'),
    ("template:\n    metadata:\n      annotations: {a: b}\n", '      annotations: {a: b, {}: "'),
    ("template:\n    metadata:\n      annotations:\n        a: b # c\n", '        a: b # c\n        {}: "'),
    ("template:\n", '    metadata:\n      annotations:\n        {}: "'),
    ("template:\n    metadata:\n", '    metadata:\n      annotations:\n        {}: "'),
)


@pytest.mark.parametrize(("template", "expected"), TEMPLATES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_way_a_pod_template_is_written(template: str, expected: str, newline: str) -> None:
    text = "kind: ConfigMap\nmetadata: {name: c}\ndata:\n  homeserver.yaml: |\n    server_name: x\n---\n"
    text += f"kind: Deployment\nmetadata: {{name: s}}\nspec:\n  {template}"
    text += "    spec:\n      volumes: [{name: v, configMap: {name: c}}]\n---\nkind: Service\n"
    texts = {"x.yaml": text.replace("\n", newline)}
    after = with_digests(texts)
    digest = annotations_of(after, "Deployment/s")[CONFIG_DIGEST]
    assert digest is not None
    assert expected.replace("{}", CONFIG_DIGEST).replace("\n", newline) in after["x.yaml"]
    assert with_digests(after) == after


@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize("flow", [False, True])
def test_an_annotation_out_of_place_is_removed(position: int, *, flow: bool) -> None:
    pairs = [("a", "b"), ("c", "d")][: 2 if position else 0]
    pairs.insert(position, (SECRET_DIGEST, "stale"))
    body = (
        "{" + ", ".join(f'"{name}": "{value}"' for name, value in pairs) + "}"
        if flow
        else "".join(f'\n        {name}: "{value}" # c' for name, value in pairs)
    )
    text = "kind: ConfigMap\nmetadata: {name: c}\ndata:\n  homeserver.yaml: |\n    server_name: x\n---\n"
    text += f"kind: Deployment\nmetadata: {{name: s}}\nspec:\n  template:\n    metadata:\n      annotations: {body}\n"
    text += "    spec: {volumes: [{name: v, configMap: {name: c, items: [{key: other}]}}]}\n"
    after = with_digests({"x.yaml": text})
    assert set(annotations_of(after, "Deployment/s").values()) == {None}
    assert with_digests(after) == after
    for name, value in pairs:
        assert (f'"{value}"' in after["x.yaml"]) == (name != SECRET_DIGEST)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "data:\n",
        "data: {}\n",
        "data: {a: Yg==}\n",
        "data:\n    a: Yg==\n",
        "data: ~\n",
        f"data:\n  {DIGEST_KEY}:\n",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_tripwire_goes_under_data(data: str, newline: str) -> None:
    text = f"kind: Secret\nmetadata: {{name: s}}\n{data}stringData:\n    SYNAPSE_FORM_SECRET: x\n    # last\n# end\n"
    text = text.replace("\n", newline)
    secret = next(resources(parse(text)))
    assert not has_tripwire(secret)
    key = new_digest_key()
    new = splice(text, with_tripwire(secret, key))
    again = next(resources(parse(new)))
    assert has_tripwire(again)
    value = text_at(child(again.root, "data"), (DIGEST_KEY,))
    assert value is not None
    assert base64.b64decode(value, validate=True).decode() == key.reveal()
    assert digest_key([again.stream]) == key
    assert with_tripwire(again, new_digest_key()) == []
    assert new.endswith(f"# end{newline}")
    assert f"    # last{newline}" in new
    assert ("a: Yg==" in new) == ("a: Yg==" in text)


def test_the_tripwire_in_the_guide_is_two_lines() -> None:
    before, after = texts_of()[SECRET], with_key(texts_of())[SECRET]
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert [line.split(":")[0] for line in added] == ["data", f"  {DIGEST_KEY}"]
