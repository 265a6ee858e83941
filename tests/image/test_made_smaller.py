"""What is taken from the controller's image is not missed: packages that were trimmed and stripped are put to use."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def put(package: str, folder: Path) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(
        shutil.copytree(Path(spec.origin).parent, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    )


def weight(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def run(*words: str, path: Path | None = None) -> str:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": f"{path or ''}:{ROOT}"}
    return subprocess.run([sys.executable, *words], env=environment, check=True, capture_output=True, text=True).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="an image's files are Linux'")
def test_a_stripped_package_is_smaller_and_works_as_before(tmp_path: Path) -> None:
    package = put("sqlalchemy", tmp_path)
    before = weight(package)
    run(str(ROOT / "docker" / "strip.py"), str(tmp_path))
    saved = before - weight(package)
    assert saved > 5_000_000
    run(str(ROOT / "docker" / "strip.py"), str(tmp_path))
    assert before - weight(package) == saved, "once is enough"
    use = (
        "import sqlalchemy; from sqlalchemy.engine import _row_cy; print(sqlalchemy.__file__, _row_cy.__file__);"
        "print(sqlalchemy.create_engine('sqlite://').connect().execute(sqlalchemy.text('select 6 * 7')).one())"
    )
    [where, told] = run("-c", use, path=tmp_path).splitlines()
    assert where.count(str(tmp_path)) == 2
    assert ".so" in where
    assert told == "(42,)"


def test_what_is_no_shared_object_is_left_alone(tmp_path: Path) -> None:
    for content in (b"", b"\x7fELF", b"\x7fELF\x01\x01" + bytes(100), b"INPUT ( libm.so.6 )"):
        (tmp_path / "lib.so").write_bytes(content)
        run(str(ROOT / "docker" / "strip.py"), str(tmp_path))
        assert (tmp_path / "lib.so").read_bytes() == content


def test_of_authlib_is_left_what_signing_in_takes(tmp_path: Path) -> None:
    put("authlib", tmp_path)
    run(str(ROOT / "docker" / "trim.py"), str(tmp_path))
    assert not (tmp_path / "authlib" / "integrations" / "starlette_client").exists()
    told = run("-c", "import authlib, controller.oidc.issuer; print(authlib.__file__)", path=tmp_path)
    assert str(tmp_path) in told
