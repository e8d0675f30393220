"""Waiting for the commit that was pushed, and for nothing less; what keeps Flux from it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.testbed import flux
from tests.testbed.forge import KIND

if TYPE_CHECKING:
    from tests.cluster.conftest import Home

RECONCILE = ["cluster", "reconcile"]
SHORT = [*RECONCILE, "--timeout", "5s"]
NAMESPACE = "apps/matrix/namespace.yaml"


def test_it_waits_for_the_pushed_commit_in_order(home: Home) -> None:
    home.cluster.forge.immediate = False
    home.repository.edit("clusters/home/apps.yaml", "  prune: true\n", "  prune: true\n  dependsOn:\n  - name: base\n")
    text = (home.repository.root / "clusters/home/apps.yaml").read_text().partition("---\n")[2]
    base = text.replace("name: apps", "name: base").replace("  dependsOn:\n  - name: base\n", "")
    (home.repository.root / "clusters/home/base.yaml").write_text(base.replace("./apps", "./base"))
    (home.repository.root / "base").mkdir()
    (home.repository.root / "base/namespace.yaml").write_text(
        (home.repository.root / NAMESPACE).read_text().replace("name: matrix", "name: base")
    )
    commit = home.repository.push("A dependency")
    assert flux.ready(home.cluster.kustomization("apps")) == "True", "of the commit before"
    done = home.cli(*RECONCILE, "--json").json
    assert done["commit"] == commit
    names = [each["name"] for each in done["applied"]]
    assert names == ["flux-system", "flux-system", "base", "apps"]
    assert all(each["revision"].endswith(commit) for each in done["applied"])


def test_an_owner_that_comes_with_the_commit(home: Home) -> None:
    home.cluster.forge.immediate = False
    home.repository.edit("clusters/home/apps.yaml", "name: apps", "name: matrix")
    home.repository.push("Another name")
    done = home.cli(*RECONCILE, "--json").json
    assert [each["name"] for each in done["applied"]] == ["flux-system", "flux-system", "matrix"]


def test_a_dry_run_asks_for_nothing(home: Home) -> None:
    home.cluster.forge.immediate = False
    home.repository.edit(NAMESPACE, "metadata:", "metadata: # touched")
    home.repository.push("Touched")
    fetches = home.cluster.forge.fetches
    done = home.cli(*RECONCILE, "--dry-run")
    assert "Kustomization/apps" in done.out
    assert home.cluster.forge.fetches == fetches


def test_the_controllers_own_message(home: Home) -> None:
    home.repository.edit("apps/kustomization.yaml", "matrix/namespace.yaml", "matrix/nothing.yaml")
    home.repository.push("Broken")
    done = home.cli(*RECONCILE, "--json", code=4).json
    assert "Kustomization/apps" in done["error"]["message"]
    assert "nothing.yaml" in done["error"]["cause"]
    assert [each["name"] for each in done["applied"]] == ["flux-system", "flux-system"]
    home.repository.edit("apps/kustomization.yaml", "matrix/nothing.yaml", "matrix/namespace.yaml")
    home.repository.push("Mended")
    home.cli(*RECONCILE)


def test_a_source_that_cannot_fetch(home: Home) -> None:
    home.cluster.forge.failure = "authentication required: canary"
    home.repository.edit(NAMESPACE, "metadata:", "metadata: # touched")
    home.repository.push("Touched")
    done = home.cli(*RECONCILE, code=4)
    assert "authentication required" in done.err
    assert "GitRepository/flux-system" in done.err
    home.cluster.forge.failure = ""
    home.cli(*RECONCILE)


def test_what_is_suspended_is_named(home: Home) -> None:
    home.repository.edit(NAMESPACE, "metadata:", "metadata: # touched")
    home.cluster.api.patch(flux.KUSTOMIZATION, "apps", flux.SYSTEM, {"spec": {"suspend": True}})
    home.repository.push("Touched")
    assert "Kustomization/apps" in home.cli(*RECONCILE, code=4).err
    home.cluster.api.patch(flux.KUSTOMIZATION, "apps", flux.SYSTEM, {"spec": {"suspend": None}})
    home.cluster.api.patch(KIND, flux.SYSTEM, flux.SYSTEM, {"spec": {"suspend": True}})
    said = home.cli(*RECONCILE, code=4).err
    assert "GitRepository/flux-system" in said
    assert "suspended" in said


def test_time_that_is_over_says_what_was_awaited(home: Home) -> None:
    home.cluster.stop_flux()
    home.repository.edit(NAMESPACE, "metadata:", "metadata: # touched")
    commit = home.repository.push("Touched")
    done = home.cli(*SHORT, code=4)
    assert "not within 5 s" in done.err
    assert commit[:8] in done.err
    home.cli(*RECONCILE, "--timeout", "soon", code=2)


def test_a_protected_main_waits_for_its_pull_request(home: Home) -> None:
    git = home.repository.git
    git("switch", "--quiet", "--create", "secrets")
    home.repository.edit(NAMESPACE, "metadata:", "metadata: # touched")
    git("commit", "--quiet", "--all", "--message", "Touched")
    git("push", "--quiet", "--set-upstream", "origin", "secrets")
    done = home.cli(*SHORT, code=4)
    assert "pull request from secrets" in done.err
    assert "into main" in done.err
    with home.meanwhile(*RECONCILE, "--timeout", "60s") as waiting:
        git("push", "--quiet", "origin", "secrets:main")
        assert waiting.finish().code == 0
    home.repository.edit(NAMESPACE, "touched", "touched again")
    git("commit", "--quiet", "--all", "--message", "Touched again")
    git("push", "--quiet")
    git("switch", "--quiet", "main")
    git("pull", "--quiet")
    git("merge", "--quiet", "--squash", "secrets")
    git("commit", "--quiet", "--message", "Squashed")
    git("push", "--quiet", "origin", "main")
    git("switch", "--quiet", "secrets")
    home.cli(*RECONCILE, "--timeout", "60s")


def test_what_is_not_pushed_is_not_awaited(home: Home) -> None:
    home.repository.edit(NAMESPACE, "metadata:", "metadata: # touched")
    home.repository.git("commit", "--quiet", "--all", "--message", "Not pushed")
    assert "HEAD is not pushed" in home.cli(*RECONCILE).err
    home.repository.git("branch", "--unset-upstream")
    assert "git push -u" in home.cli(*RECONCILE, code=3).err


def test_flux_that_does_not_answer(home: Home) -> None:
    home.cluster.stop_flux()
    err = home.cli(*SHORT, code=4).err
    assert "waiting for Kustomization/flux-system" in err
    assert "matrix-secrets cluster reconcile --timeout" in err
