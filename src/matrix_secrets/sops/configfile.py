"""The fields of ``.sops.yaml`` that sops 3.13 knows, with their types (config/config.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from matrix_secrets.errors import BadManifestError, Place, RefusedError
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.records import dataclass
from matrix_secrets.sops.typedyaml import Kind, ListOf, decode_first

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.typedyaml import Shape, Value

SELECTORS: Final = (
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
)
# The kinds of keys beside age in a rule, by the name that a `sops:` block gives them.
OTHER_KEYS: Final = {
    "pgp": "pgp",
    "kms": "kms",
    "gcp_kms": "gcp_kms",
    "hckms": "hckms",
    "azure_keyvault": "azure_kv",
    "hc_vault_transit_uri": "hc_vault",
}
GROUP_KEYS: Final = {**{name: kind for name, kind in OTHER_KEYS.items() if kind != "hc_vault"}, "hc_vault": "hc_vault"}

_TEXTS: Final = ListOf(Kind.TEXT)
_GROUP: Final[dict[str, Shape]] = {
    "kms": ListOf({"arn": Kind.TEXT, "role": Kind.TEXT, "context": Kind.TEXTS_BY_NAME, "aws_profile": Kind.TEXT}),
    "gcp_kms": ListOf({"resource_id": Kind.TEXT}),
    "hckms": ListOf({"key_id": Kind.TEXT}),
    "azure_keyvault": ListOf({"vaultUrl": Kind.TEXT, "key": Kind.TEXT, "version": Kind.TEXT}),
    "hc_vault": _TEXTS,
    "age": _TEXTS,
    "pgp": _TEXTS,
}
_GROUP["merge"] = ListOf(_GROUP)
_RULE: Final[dict[str, Shape]] = {
    "path_regex": Kind.TEXT,
    "aws_profile": Kind.TEXT,
    **dict.fromkeys(("age", *OTHER_KEYS), Kind.TEXT_OR_LIST),
    "hckms": _TEXTS,
    "key_groups": ListOf(_GROUP),
    "shamir_threshold": Kind.NUMBER,
    **dict.fromkeys(SELECTORS, Kind.TEXT),
    "mac_only_encrypted": Kind.FLAG,
}
_DESTINATION: Final[dict[str, Shape]] = {
    **dict.fromkeys(
        ("path_regex", "s3_bucket", "s3_prefix", "gcs_bucket", "gcs_prefix", "vault_path", "vault_address"), Kind.TEXT
    ),
    "vault_kv_mount_name": Kind.TEXT,
    "vault_kv_version": Kind.NUMBER,
    "recreation_rule": _RULE,
    "omit_extensions": Kind.FLAG,
}
_INDENT: Final[dict[str, Shape]] = {"indent": Kind.NUMBER}
_CONFIG: Final[dict[str, Shape]] = {
    "creation_rules": ListOf(_RULE),
    "destination_rules": ListOf(_DESTINATION),
    "stores": {"yaml": _INDENT, "json": _INDENT, "json_binary": _INDENT, "dotenv": {}, "ini": {}},
}

Fields: TypeAlias = "dict[str, Value]"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A configuration as it was read. ``rules`` is None where the file has no creation_rules at all."""

    stream: Stream
    rules: tuple[Fields, ...] | None
    stores: Fields


def read_config(path: Path, name: str) -> ConfigFile:
    """Read a configuration file; ``name`` is what messages call it.

    Raises RefusedError where it cannot be read, BadManifestError where sops would not understand it.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RefusedError(
            f"cannot be read: {error.strerror}", place=Place(name), hint=f"make {name} readable, or unset SOPS_CONFIG"
        ) from None
    return parse_config(decode(raw, name), name)


def parse_config(text: str, name: str) -> ConfigFile:
    """Read a configuration from its text. Raises BadManifestError where sops would not understand it."""
    stream = parse(text, name)
    fields = decode_first(stream, _CONFIG)
    rules, stores = fields.get("creation_rules"), fields.get("stores", {})
    if not isinstance(stores, dict) or not isinstance(rules, list | None):
        raise BadManifestError("is not a configuration of sops", place=Place(name))
    return ConfigFile(stream, None if rules is None else tuple(one for one in rules if isinstance(one, dict)), stores)
