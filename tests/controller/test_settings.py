"""Configuration that is wrong stops the process with one line that names the variable."""

from pathlib import Path

import pytest

from controller.secret_words import is_secret
from controller.settings import BadSettings, admin_token, pod_defaults, read_settings


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(BadSettings, match="PODIUM_ADMIN_TOKEN"):
        admin_token(read_settings(admin_token="secret"))


def test_pods_take_the_file_and_the_image_of_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "defaults.yaml"
    file.write_text("tolerations: [{key: spot, operator: Exists}]\nvolumes: []\n")
    shape = pod_defaults(read_settings(pod_defaults=file, worker_image="podium-worker:1"))
    assert shape.image == "podium-worker:1"
    assert shape.tolerations is not None
    assert shape.tolerations[0].key == "spot"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("imge: x", "did you mean 'image'"),
        ("a: [", "not valid YAML"),
        ("- 1", "PODIUM_POD_DEFAULTS"),
        (None, "No such file"),
    ],
)
def test_a_faulty_file_of_defaults_is_told(tmp_path: Path, text: str | None, told: str) -> None:
    file = tmp_path / "defaults.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadSettings, match=told):
        pod_defaults(read_settings(pod_defaults=file))


def test_an_empty_file_of_defaults_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "defaults.yaml"
    file.write_text("")
    assert pod_defaults(read_settings(pod_defaults=file)).image is None


def test_a_cluster_of_another_kind_is_refused() -> None:
    with pytest.raises(BadSettings, match="PODIUM_CLUSTER"):
        read_settings(cluster="nomad")


def test_without_a_token_one_is_made_once_and_kept_from_everybody_else(tmp_path: Path) -> None:
    token = admin_token(read_settings(state_dir=tmp_path))
    assert token is not None
    assert is_secret(token)
    assert admin_token(read_settings(state_dir=tmp_path)) == token
    assert (tmp_path / "admin_token").stat().st_mode & 0o777 == 0o600
    assert admin_token(read_settings(state_dir=tmp_path, admin_token="a-token-of-one's-own")) == "a-token-of-one's-own"


def test_only_the_loopback_address_may_be_open() -> None:
    assert admin_token(read_settings(open=True)) is None
    with pytest.raises(BadSettings, match=r"PODIUM_OPEN: 0\.0\.0\.0"):
        admin_token(read_settings(open=True, host="0.0.0.0"))  # what is refused
    with pytest.raises(BadSettings, match="PODIUM_OPEN"):
        admin_token(read_settings(open=True, admin_token="0123456789abcdef"))
