"""Documents, schema, manifests: what is made from others is as they make it, and examples are whole."""

import subprocess
from pathlib import Path

import pytest

from hack import chart_docs, chart_schema, generated, manifests
from podium.documents import read_document
from podium.faults import parse_spec
from tests import tools
from tests.chart.rendering import CHART, of_kind, parsed, rendered

EXAMPLES = sorted((generated.ROOT / "manifests" / "examples").glob("*.yaml"))


def test_the_readme_lists_the_values() -> None:
    readme = chart_docs.README.read_text(encoding="utf-8")
    assert chart_docs.made_readme(readme, chart_docs.VALUES.read_text(encoding="utf-8")) == readme


def test_the_schema_has_the_definitions_of_podium_and_of_kubernetes() -> None:
    schema = chart_schema.SCHEMA.read_text(encoding="utf-8")
    assert chart_schema.made_schema(schema) == schema


def test_the_manifest_is_what_helm_renders() -> None:
    assert manifests.made_manifest() == manifests.MANIFEST.read_text(encoding="utf-8")


def test_the_manifest_is_the_release_without_hooks_and_secrets() -> None:
    found = {(one["kind"], one["metadata"]["name"]) for one in parsed(manifests.MANIFEST.read_text(encoding="utf-8"))}
    release = {
        (one["kind"], one["metadata"]["name"])
        for one in rendered()
        if "helm.sh/hook" not in one["metadata"].get("annotations", {}) and one["kind"] != "Secret"
    }
    assert found == release


def test_the_manifest_does_not_say_that_helm_manages_it() -> None:
    labelled = [one["metadata"]["labels"] for one in parsed(manifests.MANIFEST.read_text(encoding="utf-8"))]
    assert {labels["app.kubernetes.io/managed-by"] for labels in labelled} == {"kustomize"}
    assert "managed-by: Helm" not in manifests.MANIFEST.read_text(encoding="utf-8")


def test_kustomize_builds_the_manifests() -> None:
    command = [tools.kubectl(), "kustomize", str(generated.ROOT / "manifests")]
    built = parsed(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    plain = parsed(manifests.MANIFEST.read_text(encoding="utf-8"))
    assert len(built) == len(plain) + 1
    assert (
        of_kind(built, "Namespace")["podium"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        == "restricted"
    )


@pytest.mark.parametrize("path", [*EXAMPLES, CHART / "files" / "test-experiment.yaml"], ids=lambda path: path.stem)
def test_an_experiment_has_no_fault(path: Path) -> None:
    spec = parse_spec(read_document(path.read_text(encoding="utf-8")))
    assert spec.trial is not None
    assert set(spec.trial.rungs) <= set(spec.fidelity.rungs or {})


def test_helm_test_runs_two_trials_of_which_one_is_trained_in_full() -> None:
    spec = parse_spec(read_document((CHART / "files" / "test-experiment.yaml").read_text(encoding="utf-8")))
    assert (spec.budget.runs, spec.parallelism) == (2, 2)
    assert spec.baseline is not None
    data = of_kind(rendered(), "ConfigMap")["podium-test"]["data"]
    assert parse_spec(read_document(data["test-experiment.yaml"])) == spec
    (container,) = of_kind(rendered(), "Pod")["podium-test"]["spec"]["containers"]
    assert container["command"] == ["podium", "run", "/etc/podium/test-experiment.yaml"]


def test_a_value_without_its_meaning_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"api\.replicas has no line"):
        list(chart_docs.documented("api:\n  replicas: 2\n"))


def test_a_meaning_without_its_value_is_refused() -> None:
    with pytest.raises(SystemExit, match="no value under"):
        list(chart_docs.documented("# -- Something\n\napi: {}\n"))


def test_a_stale_file_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "made.md"
    path.write_text("old\n", encoding="utf-8")
    monkeypatch.setattr(generated, "ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", ["made", "--check"])
    with pytest.raises(SystemExit, match=r"made\.md is not what its sources make of it; run `make chart`"):
        generated.main({path: "new\n"})
    assert path.read_text(encoding="utf-8") == "old\n"
    monkeypatch.setattr("sys.argv", ["made"])
    generated.main({path: "new\n"})
    assert path.read_text(encoding="utf-8") == "new\n"
