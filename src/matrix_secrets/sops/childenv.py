"""The environment of the real sops: what it needs to find keys and key services, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the libraries of sops read: home and configuration, gpg and its agent, cloud accounts, proxies, certificates.
_NAMES: Final = frozenset(
    """
    HOME USER LOGNAME PATH LANG TERM DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS SSL_CERT_FILE SSL_CERT_DIR
    XDG_CONFIG_HOME XDG_RUNTIME_DIR GNUPGHOME GPG_TTY GPG_AGENT_INFO SOPS_GPG_EXEC SOPS_DECRYPTION_ORDER
    SOPS_ENABLE_LOCAL_KEYSERVICE SOPS_KEYSERVICE HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY
    SystemRoot APPDATA USERPROFILE GODEBUG
    """.split()  # noqa: SIM905  one word a variable reads better than quotes around each
)
_PREFIXES: Final = (
    "LC_", "AWS_", "GOOGLE_", "CLOUDSDK_", "GCE_", "SOPS_GCP_KMS_", "AZURE_", "IDENTITY_", "MSI_", "VAULT_",
    "SOPS_HC_VAULT_", "HUAWEICLOUD_", "HW_",
)  # fmt: skip
_IDENTITIES: Final = frozenset(
    {
        "SOPS_AGE_KEY",
        "SOPS_AGE_KEY_FILE",
        "SOPS_AGE_KEY_CMD",
        "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
        "SOPS_AGE_SSH_PRIVATE_KEY_CMD",
    }
)
_COMMANDS: Final = frozenset({"SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_CMD"})
# These would change what a rule says, where sops looks for rules, or what it starts.
_OVERRIDES: Final = frozenset(
    """
    SOPS_CONFIG SOPS_AGE_RECIPIENTS SOPS_PGP_FP SOPS_KMS_ARN SOPS_GCP_KMS_IDS SOPS_AZURE_KEYVAULT_URLS SOPS_VAULT_URIS
    SOPS_HUAWEICLOUD_KMS_IDS SOPS_EDITOR EDITOR VISUAL
    """.split()  # noqa: SIM905  the same
)


def child_environment(env: Mapping[str, str], *, identities: bool) -> dict[str, str]:
    """Choose what sops gets; private keys only where it has to decrypt (``identities``).

    A command that prints a key (SOPS_AGE_KEY_CMD) may need anything the user has set, and then gets it.
    """
    everything = identities and any(env.get(name) for name in _COMMANDS)
    chosen = {
        name: value
        for name, value in env.items()
        if name not in _OVERRIDES
        and (everything or _wanted(name) or (identities and name in _IDENTITIES))
        and not name.startswith("MATRIX_SECRETS_")
    }
    return {**chosen, "SOPS_DISABLE_VERSION_CHECK": "true", "NO_COLOR": "1"}


def _wanted(name: str) -> bool:
    return name in _NAMES or name.upper() in _NAMES or name.startswith(_PREFIXES)
