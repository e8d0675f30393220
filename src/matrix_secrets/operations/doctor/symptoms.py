"""What the last lines of a container's log mean. Lines are recognised, never repeated: one may hold a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.operations.doctor import ailments
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.checks.kind import Kind


_UNNAMED: Final = "an option"  # where Synapse does not say which


@dataclass(frozen=True, slots=True)
class Symptom:
    """``pattern`` recognises it; a group of it is a line number, an option or a path, fit to be repeated.

    ``says`` and ``fix`` may hold ``{found}``, and ``fix`` ``{edit}`` (an edit of the configuration's file),
    ``{restart}`` and ``{logs}``.
    """

    kind: Kind
    pattern: re.Pattern[str]
    says: str
    fix: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """A symptom that a log shows, and what its pattern found."""

    symptom: Symptom
    found: str

    @property
    def says(self) -> str:
        """What it means."""
        return self.symptom.says.format(found=self.found)


def recognise(log: str, symptoms: Sequence[Symptom]) -> Recognised | None:
    """Return the first of the symptoms, the most telling ones first, that a log shows."""
    for symptom in symptoms:
        found = list(symptom.pattern.finditer(log))
        if found:  # the last one is nearest to the end that it met
            return Recognised(symptom, next((group for group in found[-1].groups() if group), _UNNAMED))
    return None


def _symptom(kind: Kind, pattern: str, says: str, fix: str) -> Symptom:
    return Symptom(kind, re.compile(pattern), says, fix)


_FULL: Final = _symptom(
    ailments.SPACE, r"No space left on device", "there is no space left on its volume", "make its volume larger: {logs}"
)
SYNAPSE: Final = (
    _symptom(
        ailments.SERVER_NAME,
        r"Found users in database not native to|cannot change(?:d)? a synapse server_name",
        "its database has users of another server_name",
        "{edit}put the server_name back that the first users were made with, and push it",
    ),
    _symptom(
        ailments.COLLATION,
        r"incorrect (?:collation|ctype)|[Dd]atabase has incorrect encoding",
        "its database was not made with --encoding=UTF8 --locale=C",
        "make the database anew with POSTGRES_INITDB_ARGS: --encoding=UTF8 --locale=C (what is in it is lost)",
    ),
    _symptom(
        ailments.PASSWORD,
        r"password authentication failed|no password supplied",
        "PostgreSQL refuses its password",
        "{restart}",
    ),
    _symptom(
        ailments.HOST,
        r"could not translate host name|Name or service not known|Temporary failure in name resolution",
        "the host of its database does not exist",
        "{edit}make database.args.host the name of PostgreSQL's Service, and push it",
    ),
    _symptom(
        ailments.NO_DATABASE,
        r'database "[^"\n]*" does not exist',
        "its database does not exist",
        "{edit}make database.args.database the one that POSTGRES_DB names, and push it",
    ),
    _symptom(
        ailments.UNREACHABLE,
        r"Connection refused|could not connect to server|Connection timed out|No route to host",
        "it does not reach its database",
        "{edit}make database.args.host and port those of PostgreSQL's Service, and push it",
    ),
    _symptom(
        ailments.YAML,
        r"(?:yaml\.(?:scanner|parser|composer|constructor)\.\w+|[Ww]hile (?:scanning|parsing) a)(?:.|\n)*?line (\d+)",
        "its homeserver.yaml is no YAML (line {found})",
        "{edit}correct line {found} of homeserver.yaml, and push it",
    ),
    _symptom(
        ailments.FILE,
        r"(?:No such file or directory: |[Ff]ile (?:not found|does not exist):? ?)'?(/[\w./-]+)"
        r"|Error accessing file '?(/[\w./-]+)|Config(?:uration)? file '?(/[\w./-]+)'? does not exist",
        "it misses {found}",
        "{edit}mount {found} there, or correct the path, and push it",
    ),
    _symptom(
        ailments.PERMISSION,
        r"Permission denied: '?(/[\w./-]+)",
        "it may not read or write {found}, or make it where it is missing",
        "{edit}mount {found}, or give a path that user 991 may use, and push it",
    ),
    _symptom(
        ailments.CONFIG,
        # Of what Synapse says only names of options are taken: letters with a dot or an underscore between.
        r"Error in configuration at '([\w.]{1,80})'|Missing mandatory `([\w.]{1,80})` config"
        r"|Error in configuration:?\s+[^\n]{0,200}?\b([a-z]+(?:[._][a-z]+)+)\b|Error in configuration|ConfigError",
        "it does not accept {found} in its homeserver.yaml",
        "{edit}correct {found} in homeserver.yaml ({logs} says why), and push it",
    ),
    _symptom(
        ailments.SPACE,
        r"No space left on device",
        "there is no space left on its volume",
        "make its volume larger: {logs}",
    ),
)
POSTGRES: Final = (
    _symptom(
        ailments.NO_PASSWORD,
        r"superuser password is not specified|POSTGRES_PASSWORD to a non-empty value",
        "it has no POSTGRES_PASSWORD to make its database with",
        "matrix-secrets generate POSTGRES_PASSWORD --push",
    ),
    _symptom(
        ailments.VERSION,
        r"initialized by PostgreSQL version (\d+)",
        "its data directory is one of PostgreSQL {found}",
        "{edit}put the image of PostgreSQL {found} back, and push it; to upgrade, dump the database first",
    ),
    _symptom(
        ailments.LOCKED,
        r'lock file "postmaster\.pid" already exists|is another (?:postmaster|postgres)|shared memory block .* in use',
        "another PostgreSQL runs on its data directory",
        "{edit}give its Deployment strategy: {{type: Recreate}}, and push it",
    ),
    _symptom(
        ailments.DATA,
        r"exists but is not empty|has (?:wrong ownership|invalid permissions)"
        r"|Permission denied|Operation not permitted",
        "it cannot use its data directory",
        "{edit}set PGDATA to /var/lib/postgresql/data/pgdata in its Deployment, and push it",
    ),
    _symptom(
        ailments.SPACE,
        r"No space left on device",
        "there is no space left on its volume",
        "make its volume larger: {logs}",
    ),
)
ELEMENT: Final = (
    _symptom(
        ailments.NGINX,
        r"\[emerg\]|nginx: configuration file",
        "its web server does not accept its configuration",
        "{logs}",
    ),
)
