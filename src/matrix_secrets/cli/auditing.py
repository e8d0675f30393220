"""What ``audit`` shows, and what it accepts."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from matrix_secrets.checks import history as kinds
from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.keywork import KeyWork
from matrix_secrets.cli.options import How
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.places import path_text
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.errors import Place
from matrix_secrets.findings import Severity
from matrix_secrets.gitrepo.objectstream import is_shallow, revisions_since
from matrix_secrets.operations.audit import Audit, Wanted
from matrix_secrets.operations.audit import audit as find
from matrix_secrets.operations.audit_baseline import FILE, Seal, read_baseline, require_key, written_baseline
from matrix_secrets.operations.audit_today import known_today
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.records import dataclass
from matrix_secrets.sops.metadata import read_metadata
from matrix_secrets.sops.opening import open_file
from matrix_secrets.transaction import FileWrite

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.findings import Finding
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.operations.audit_leak import Leak


@dataclass(frozen=True, slots=True)
class Found:
    """The audit, the baseline as it stands on disk, and what fingerprints are made with."""

    audit: Audit
    baseline: bytes | None
    seal: Seal


def search(app: App, since: str | None) -> Found:
    """Search the history, showing how far it is."""
    work = KeyWork(app)
    tree = app.work_tree
    wanted = Wanted(revisions_since(tree, since), index=since is None)
    with app.output.working("reading today's values"):
        known = known_today(tree, work.workspace, work.all_stacks)
    seal = Seal.of(work.all_stacks)
    file = tree.root / FILE
    baseline = file.read_bytes() if file.is_file() else None
    at = [0]

    def told(number: int) -> None:
        at[0] = number

    def decrypt(stream: Stream) -> str:
        metadata = read_metadata(stream)
        return open_file(stream, metadata, work.builtin.data_key(metadata, stream.file)).plain

    with app.output.working(lambda: f"looking through the history: {at[0]} contents"):
        done = find(tree, known, work.all_stacks, decrypt, seal, wanted, told)
    return Found(done, baseline, seal)


def tell(app: App, found: Found, *, without_key: bool, strict: bool) -> int:
    """Write the findings that are not accepted, and what could not be looked at. Returns the exit code."""
    accepted = read_baseline(found.baseline)
    new = [leak for leak in found.audit.leaks if leak.fingerprint not in accepted]
    findings = [*(leak.finding() for leak in new), *([] if without_key else _not_compared(found.audit))]
    app.output.findings(findings)
    app.output.put("leaks", [_as_json(leak, accepted=leak.fingerprint in accepted) for leak in found.audit.leaks])
    closed = [f"{file} ({blob[:8]})" for file, blob in found.audit.closed.items()]
    app.output.put("not_opened", closed)
    if closed and not without_key:
        text = "these older versions do not open, so what was in them could not be looked for"
        app.output.rows([Row((f"{text}: {', '.join(closed)}",), Mark.WARNING)])
    if is_shallow(app.work_tree):
        text = "this clone is shallow: the older history was not looked at (git fetch --unshallow)"
        app.output.rows([Row((text,), Mark.WARNING)])
    if accepted and found.seal.key is None:
        app.output.note(f"{FILE} could not be used: no identity here opens the key that its fingerprints are made with")
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    warnings = len(findings) - errors
    bad = bool(errors or (strict and warnings))
    known = len(found.audit.leaks) - len(new)
    text = f"{found.audit.looked_at} contents and messages: {_count(errors, 'error')}, {_count(warnings, 'warning')}"
    app.output.rows([Row((text + (f", {known} accepted" if known else ""),), Mark.BAD if bad else Mark.DONE)])
    return 1 if bad else 0


def accepting(app: App, found: Found, *, dry_run: bool) -> int:
    """Put what is found into the baseline. Raises RefusedError where there is no key to do so."""
    require_key(found.seal)
    before = read_baseline(found.baseline)
    new = [leak for leak in found.audit.leaks if leak.fingerprint not in before]
    text = written_baseline(before | {leak.fingerprint for leak in new})
    changes = [Change(Place(leak.file or FILE, line=leak.line), "accepted", leak.name) for leak in new]
    plan = Plan(
        tuple(changes),
        (FileWrite(app.work_tree.root / FILE, found.baseline, text),) if new else (),
        paths=(FILE,),
        next_commands=(f"git add {shlex.quote(FILE)} && git commit -m 'Accept what audit found'",),
    )
    how = How(dry_run=dry_run, commit=False, push=False, allow_plaintext=False, assume_decryption=False)
    return carry_out(app, plan, how, nothing="Everything that was found is accepted already.", stacks=())


def _not_compared(audit: Audit) -> list[Finding]:
    return [
        kinds.NOT_COMPARED.at(
            why.place or Place(file),
            f"{why.message}: its values could not be looked for in the history",
            why.hint or "matrix-secrets audit --without-key",
        )
        for file, why in audit.locked.items()
    ]


def _as_json(leak: Leak, *, accepted: bool) -> dict[str, object]:
    """Make the object of one leak; every key is always there."""
    since = leak.since
    places = leak.known.places if leak.known is not None else ()
    return {
        "secret": leak.known.name if leak.known is not None else None,
        "private_key_of": leak.recipient if leak.known is None else None,
        "managed": leak.known.managed if leak.known is not None else None,
        "file": leak.file,
        "line": leak.line,
        "spelled": leak.spelled.removeprefix(", "),
        "versions": leak.versions,
        "commit": since.commit if since else None,
        "date": since.date if since else None,
        "refs": list(since.refs) if since else [],
        "published": since.published if since else False,
        "in_use": leak.in_use,
        "places": [{"file": each.file, "document": each.document, "path": path_text(each)} for each in places],
        "accepted": accepted,
        "fix": leak.finding().fix,
    }


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}" if number == 1 else f"{number or 'no'} {noun}s"
