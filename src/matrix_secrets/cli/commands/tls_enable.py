"""``tls enable``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.command import command
from matrix_secrets.cli.options import mutating
from matrix_secrets.errors import UsageError

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How


@command("enable")
@click.option("--domain", metavar="D", required=True, help="The name in the URLs: matrix.yourdomain.com.")
@click.option("--issuer", metavar="I", required=True, help="The ClusterIssuer of cert-manager.")
@click.option("--ingress-class", metavar="NAME", help="The IngressClass, where the cluster has no default.")
@click.option(
    "--delegate", is_flag=True, help="Answer for the server's name, too, whose DNS has to lead here: .well-known."
)
@mutating
def tls_enable(app: App, *, domain: str, issuer: str, ingress_class: str | None, delegate: bool, how: How) -> int:
    """Serve everything under https, with a certificate of cert-manager's.

    Adds an Ingress to the stack and its kustomization.yaml, and puts https URLs into Synapse's and Element's
    configuration. The server's name, which can never change, stays: where it is not the domain, a delegation tells
    other servers and clients the way.
    """
    from matrix_secrets.operations.tls import Wanted, plan_tls  # noqa: PLC0415  --help does without

    if len(app.stacks) != 1:
        raise UsageError("a domain belongs to one server", hint="say which: --stack DIR")
    wanted = Wanted(domain, issuer, ingress_class, delegate)
    plan = plan_tls(app.workspace, app.stacks[0], wanted, pushed=how.push)
    return carry_out(app, plan, how, nothing="TLS is like that already.")
