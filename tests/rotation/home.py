"""The guide's stack, encrypted and running: real Flux, PostgreSQL and Synapse, in either layout."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.cli.running import Cli

if TYPE_CHECKING:
    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository

APPS = "clusters/home/apps.yaml"
DECRYPTION = "  decryption:\n    provider: sops\n    secretRef:\n      name: sops-age\n"
NAMES = (
    "POSTGRES_PASSWORD",
    "SYNAPSE_MACAROON_SECRET_KEY",
    "SYNAPSE_REGISTRATION_SHARED_SECRET",
    "SYNAPSE_FORM_SECRET",
)
DATABASE = "matrix-postgres"
SERVER = "192.168.1.100"


@dataclass
class Home:
    """The repository, a second clone of it, the cluster, and the command in either clone."""

    repository: FluxRepository
    cluster: Cluster
    kubectl: Path
    cli: Cli
    second: Cli
    token: str = field(default="", repr=False)
    folder: Path = field(default_factory=Path.home)

    @property
    def address(self) -> str:
        """Where clients find Synapse."""
        return f"http://{self.cluster.node_address}:30067"

    def values(self, cli: Cli | None = None) -> dict[str, str]:
        """The values in Git, by name."""
        shown = (cli or self.cli)("show", "--reveal", "--json").json
        return {each["name"]: each["value"] for each in shown["secrets"]}

    def live(self) -> dict[str, str]:
        """The values in the cluster's Secret."""
        import base64  # noqa: PLC0415  only here

        found = self.cluster.api.must_get("v1/Secret", "matrix-secrets", "matrix")["data"]
        return {name: base64.b64decode(found[name]).decode() for name in NAMES}

    def logs_in(self, password: str) -> bool:
        """Whether PostgreSQL lets Synapse's role in, over the Service's name."""
        command = ["exec", f"deploy/{DATABASE}", "-i", "--", "sh", "-c"]
        script = 'read -r PGPASSWORD; export PGPASSWORD; psql -h "$0" -U synapse -w -c "SELECT 1" </dev/null'
        done = self.run(*command, script, DATABASE, stdin=f"{password}\n")
        return done.returncode == 0

    def sql(self, statement: str) -> str:
        """What PostgreSQL answers, over its socket."""
        command = ["exec", f"deploy/{DATABASE}", "-i", "--", "psql", "-U", "synapse", "-At", "-f", "-"]
        done = self.run(*command, stdin=statement)
        assert done.returncode == 0, done
        return done.stdout.strip()

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [str(self.kubectl), "--namespace", "matrix", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)

    def ask(self, path: str, body: dict[str, Any] | None = None, token: str = "") -> tuple[int, dict[str, Any]]:
        """One request to Synapse; status and answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}{path}", data=data)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status), json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return int(error.code), json.loads(error.read() or b"{}")

    def register(self, name: str) -> str:
        """A new user; their access token."""
        body = {"username": name, "password": secrets.token_hex(8), "auth": {"type": "m.login.dummy"}}
        status, answer = self.ask("/_matrix/client/v3/register", body)
        while status == 429:  # three in a row, then one in six seconds
            time.sleep(int(answer["retry_after_ms"]) / 1000)
            status, answer = self.ask("/_matrix/client/v3/register", body)
        assert status == 200, answer
        return str(answer["access_token"])

    def works(self) -> None:
        """Everything agrees, and a logged-in user reads and writes through the database."""
        values = self.values()
        assert self.live() == {name: values[name] for name in NAMES}
        assert self.logs_in(values["POSTGRES_PASSWORD"])
        assert not self.logs_in(secrets.token_hex(16))
        status, answer = self.ask(f"/_matrix/client/v3/profile/@{secrets.token_hex(4)}:{SERVER}")
        assert status == 404, answer
        name = secrets.token_hex(4)
        user = f"/_matrix/client/v3/profile/@user:{SERVER}/displayname"
        status, answer = self._put(user, {"displayname": name})
        assert status == 200, answer
        assert self.ask(user)[1] == {"displayname": name}
        assert self.cluster.forge.head("matrix-secrets/rotation") == ""

    def up_to_date(self) -> None:
        """Both clones at main."""
        for cli in (self.cli, self.second):
            cli.git("fetch", "--quiet")
            cli.git("reset", "--quiet", "--hard", "origin/main")

    def pods(self, app: str) -> list[str]:
        """The names of the pods with this label."""
        found = self.cluster.api.list("v1/Pod", "matrix", label_selector=f"app={app}")
        return sorted(str(pod["metadata"]["name"]) for pod in found)

    def _put(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        data = json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self.address}{path}", data=data, method="PUT", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status), json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return int(error.code), json.loads(error.read() or b"{}")


def deploy(repository: FluxRepository, cluster: Cluster, kubectl: Path, *, sealed: bool) -> Home:
    """Bring the stack up in one push: the cluster has the key, the owner the order to decrypt, from the beginning."""
    cli = Cli(repository.root)
    cli("keys", "generate")
    cli.configure()
    cli("generate")
    repository.recreate("postgres", "synapse")
    for old, new in (("initialDelaySeconds: 10", "initialDelaySeconds: 1"), ("periodSeconds: 10", "periodSeconds: 1")):
        repository.edit("apps/matrix/synapse.yaml", old, new)
    repository.edit(APPS, "  sourceRef:\n", f"{DECRYPTION}  sourceRef:\n")
    cli("encrypt")
    if sealed:
        cli("seal", "--fresh")
    repository.push("The whole stack")
    identity = (Path.home() / ".config/sops/age/keys.txt").read_text()
    cluster.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}})
    key = {"metadata": {"name": "sops-age", "namespace": "flux-system"}, "stringData": {"home.agekey": identity}}
    cluster.api.apply({"apiVersion": "v1", "kind": "Secret", **key})
    repository.bootstrap()
    repository.wait_applied(seconds=180)
    clone = repository.root.parent / "second"
    command = ["git", "clone", "--quiet", str(cluster.forge.repository), str(clone)]
    subprocess.run(command, check=True, capture_output=True)
    home = Home(repository, cluster, kubectl, cli, Cli(clone))
    home.token = home.register("user")
    return home
