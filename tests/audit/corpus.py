"""Leaks of every kind, each in a history of its own, and clean histories that look like them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tests.keys.team import POSTGRES, SYNAPSE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hooks.hooked import Hooked

    Plant = Callable[[Hooked, str], str]

PASSWORD: Final = "POSTGRES_PASSWORD"
BY_HAND: Final = "correct/horse@battery:staple 7%"
"""A password that somebody made up: what random ones do not need is escaped in it."""


@dataclass(frozen=True)
class Leak:
    """A kind of leak. ``plant`` is given the repository and the value, and returns the file (empty: a message).

    ``hook`` tells that a commit with the hook would have been refused; stashes and messages no hook of ours sees.
    """

    name: str
    plant: Plant
    value: str = "random"
    hook: bool = True
    in_use: bool = True


def commit(repository: Hooked, file: str, text: str | bytes, message: str = "more") -> str:
    repository.stage(file, text)
    repository.git("commit", "--quiet", "--message", message)
    return file


def gone(repository: Hooked, file: str) -> str:
    repository.git("rm", "--quiet", file)
    repository.git("commit", "--quiet", "--message", "gone")
    return file


def multi_document(repository: Hooked, value: str) -> str:
    text = f"kind: Namespace\nmetadata: {{name: a}}\n---\n---\nkind: Job\nenv:\n  PGPASSWORD: '{value}'\n"
    return commit(repository, "apps/other/job.yaml", text)


def config_map(repository: Hooked, value: str) -> str:
    plain = repository("decrypt", SYNAPSE).out
    assert value in plain
    commit(repository, SYNAPSE, plain)
    repository.git("checkout", "--quiet", "HEAD~1", "--", SYNAPSE)
    repository.git("commit", "--quiet", "--message", "encrypted again")
    return SYNAPSE


def base64_data(repository: Hooked, value: str) -> str:
    code = base64.b64encode(value.encode()).decode()
    return commit(repository, "apps/other/secret.yaml", f"kind: Secret\nmetadata: {{name: s}}\ndata:\n  x: {code}\n")


def base64_inside(repository: Hooked, value: str) -> str:
    code = base64.encodebytes(f"# a file\nhost = db\npassword = {value}\n".encode()).decode()
    lines = "".join(f"    {line}\n" for line in code.splitlines())
    return commit(repository, "apps/other/config.yaml", f"kind: Secret\ndata:\n  pg.conf: |\n{lines}")


def connection_string(repository: Hooked, value: str) -> str:
    url = f"postgresql://synapse:{quote(value, safe='')}@matrix-postgres:5432/synapse"
    return commit(repository, "apps/other/bot.yaml", f'kind: ConfigMap\ndata:\n  url: "{url}"\n')


def comment(repository: Hooked, value: str) -> str:
    text = (repository.repository / "apps/matrix/element.yaml").read_text()
    commit(repository, "apps/matrix/element.yaml", f"# the database: {value}\n{text}")
    return commit(repository, "apps/matrix/element.yaml", text)


def crlf(repository: Hooked, value: str) -> str:
    return commit(repository, "notes.txt", f"Windows\r\npassword: {value}\r\nend\r\n".encode())


def utf_16(repository: Hooked, value: str) -> str:
    return commit(repository, "notes.txt", f"PowerShell\r\npassword: {value}\r\n".encode("utf-16"))


def renamed(repository: Hooked, value: str) -> str:
    commit(repository, "a.md", f"password: {value}\n")
    repository.git("mv", "a.md", "b.md")
    repository.git("commit", "--quiet", "--message", "renamed")
    gone(repository, "b.md")
    return "a.md"


def amended(repository: Hooked, value: str) -> str:
    commit(repository, "notes.md", f"password: {value}\n")
    repository.stage("notes.md", "password: see the safe\n")
    repository.git("commit", "--quiet", "--amend", "--message", "better")
    return "notes.md"


def stashed(repository: Hooked, value: str) -> str:
    repository.stage("notes.md", f"password: {value}\n")
    repository.git("stash", "--quiet")
    return "notes.md"


def staged(repository: Hooked, value: str) -> str:
    repository.stage("notes.md", f"password: {value}\n")
    return "notes.md"


def other_branch(repository: Hooked, value: str) -> str:
    repository.git("switch", "--quiet", "--create", "topic")
    commit(repository, "notes.md", f"password: {value}\n")
    repository.git("switch", "--quiet", "main")
    return "notes.md"


def only_a_tag(repository: Hooked, value: str) -> str:
    other_branch(repository, value)
    repository.git("tag", "v1", "topic")
    repository.git("branch", "--quiet", "--delete", "--force", "topic")
    repository.git("reflog", "expire", "--expire=now", "--all")
    return "notes.md"


def taken_out_again(repository: Hooked, value: str) -> str:
    commit(repository, ".env", f"PGPASSWORD={value}\n")
    return gone(repository, ".env")


def in_a_merge(repository: Hooked, value: str) -> str:
    other_branch(repository, "nothing")
    repository.git("merge", "--quiet", "--no-ff", "--no-commit", "topic")
    repository.stage("notes.md", f"password: {value}\n")
    repository.git("commit", "--quiet", "--message", "merged")
    return gone(repository, "notes.md")


def message(repository: Hooked, value: str) -> str:
    repository.git("commit", "--quiet", "--allow-empty", "--message", f"the new password is {value}")
    return ""


def script_line(repository: Hooked, value: str) -> str:
    return commit(repository, "backup.sh", f"#!/bin/sh\nPGPASSWORD='{value}' pg_dump synapse\n")


def json_file(repository: Hooked, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return commit(repository, "settings.json", f'{{"database": {{"password": "{escaped}"}}}}\n')


def replaced(repository: Hooked, value: str) -> str:
    """It was plain at first, encrypted later, and is another one by now."""
    plain = repository("decrypt", POSTGRES).out
    assert value in plain
    encrypted = (repository.repository / POSTGRES).read_bytes()
    commit(repository, POSTGRES, plain)
    commit(repository, POSTGRES, encrypted)
    for file, key in ((POSTGRES, PASSWORD), (SYNAPSE, "password")):
        editor = f"sed -i 's|\\b{key}:.*|{key}: the-new-one-4711-and-more|'"
        repository("edit", file, "--commit", EDITOR=editor)
    return POSTGRES


def old_elsewhere(repository: Hooked, value: str) -> str:
    """Never plain in its own place: only older, encrypted versions tell that this was one."""
    commit(repository, "notes.md", f"password: {value}\n")
    for file, key in ((POSTGRES, PASSWORD), (SYNAPSE, "password")):
        editor = f"sed -i 's|\\b{key}:.*|{key}: the-new-one-4711-and-more|'"
        repository("edit", file, "--commit", EDITOR=editor)
    return gone(repository, "notes.md")


def private_key(repository: Hooked, value: str) -> str:
    commit(repository, "age.txt", f"# created: 2026-01-01\n# public key: {repository.me.recipient}\n{value}\n")
    return gone(repository, "age.txt")


def private_key_in_base64(repository: Hooked, value: str) -> str:
    code = base64.b64encode(f"# created: 2026-01-01\n{value}\n".encode()).decode()
    text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: sops-age}}\ndata:\n  age.agekey: {code}\n"
    commit(repository, "clusters/home/sops-age.yaml", text)
    return gone(repository, "clusters/home/sops-age.yaml")


LEAKS: Final = (
    Leak("in the third document of a manifest", multi_document),
    Leak("homeserver.yaml in a ConfigMap", config_map),
    Leak("base64 under data:", base64_data),
    Leak("base64 of a file that has it, wrapped", base64_inside),
    Leak("in a connection string", connection_string),
    Leak("URL-encoded in a connection string", connection_string, "by hand"),
    Leak("in a comment", comment),
    Leak("in a comment, made up by hand", comment, "by hand"),
    Leak("a file with CRLF", crlf),
    Leak("a file in UTF-16", utf_16),
    Leak("a file renamed, then deleted", renamed),
    Leak("an amended commit", amended),
    Leak("a stash", stashed, hook=False),
    Leak("staged, not committed", staged),
    Leak("a branch that was never merged", other_branch),
    Leak("a tag, its branch deleted", only_a_tag),
    Leak(".env, taken out again", taken_out_again),
    Leak("put in by a merge", in_a_merge),
    Leak("a commit's message", message, hook=False),
    Leak("a script, made up by hand", script_line, "by hand"),
    Leak("JSON", json_file, "by hand"),
    Leak("plain at first, replaced since", replaced, in_use=False),
    Leak("an old value in a note", old_elsewhere, in_use=False),
    Leak("a private age key", private_key, "key"),
    Leak("a private age key in base64", private_key_in_base64, "key"),
)


def nothing(repository: Hooked) -> None:
    """The repository as the whole job leaves it, placeholders in its first commit."""
    del repository


def image_bumps(repository: Hooked) -> None:
    for number in range(5):
        text = (repository.repository / POSTGRES).read_text()
        commit(repository, POSTGRES, re.sub(r"image: postgres:\S+", f"image: postgres:15.{number}", text))


def values_replaced(repository: Hooked) -> None:
    for number in range(3):
        editor = f"sed -i 's|SYNAPSE_FORM_SECRET:.*|SYNAPSE_FORM_SECRET: another-{number}-{'0123456789abcdef' * 2}|'"
        repository("edit", POSTGRES, "--commit", EDITOR=editor)


def keys_changed(repository: Hooked) -> None:
    repository.add_bob("--commit")
    repository("keys", "remove", "bob", "--commit")


def other_applications(repository: Hooked) -> None:
    digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    commit(repository, "apps/other/deployment.yaml", f"kind: Deployment\nspec: {{image: 'nginx@{digest}'}}\n")
    commit(repository, "go.sum", "example.org/a v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
    commit(
        repository,
        "README.md",
        "The key begins with AGE-SECRET-KEY-1, and age1… is its recipient. password: see the safe\n",
    )
    commit(repository, "apps/other/values.yaml", "auth: {existingSecret: other, secretKeys: {password: password}}\n")


CLEAN: Final = (nothing, image_bumps, values_replaced, keys_changed, other_applications)
