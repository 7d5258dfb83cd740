from __future__ import annotations

from pathlib import Path

import pytest

import mockserver
from mockserver.exceptions import UsageError
from mockserver.spec.catalog import SpecFolder, find, shipped


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a: 1\n")


def make_apis(root: Path) -> None:
    """Two APIs with fixtures under `root`, and things beside them that are none."""
    touch(
        root / "specs" / "parcel-post" / "openapi.yaml",
        root / "specs" / "parcel-post" / "behaviour.yaml",
        root / "specs" / "bakery" / "openapi.json",
        root / "specs" / "not-an-api" / "README.md",
        root / "specs" / "stray.yaml",
        root / "fixtures" / "parcel-post" / "b.yaml",
        root / "fixtures" / "parcel-post" / "a.json",
        root / "fixtures" / "parcel-post" / "c.yml",
        root / "fixtures" / "parcel-post" / "notes.txt",
        root / "fixtures" / "parcel-post" / ".hidden.yaml",
    )


@pytest.fixture(params=["checkout", "wheel"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the shipped specs stand; the package is moved to a checkout or to a folder of installed packages."""
    package = tmp_path / "site-packages" / "mockserver"
    touch(package / "__init__.py")
    monkeypatch.setattr(mockserver, "__file__", str(package / "__init__.py"))
    monkeypatch.chdir(tmp_path)
    if request.param == "checkout":
        make_apis(package.parent)
        return package.parent
    make_apis(package / "_shipped")
    touch(package.parent / "specs" / "somebody-elses-package" / "openapi.yaml")
    return package / "_shipped"


def test_what_ships(root: Path) -> None:
    parcel, bakery = root / "specs" / "parcel-post", root / "specs" / "bakery"
    fixtures = root / "fixtures" / "parcel-post"

    assert shipped() == {
        "bakery": SpecFolder("bakery", bakery / "openapi.json", None, ()),
        "parcel-post": SpecFolder(
            "parcel-post",
            parcel / "openapi.yaml",
            parcel / "behaviour.yaml",
            (fixtures / "a.json", fixtures / "b.yaml", fixtures / "c.yml"),
        ),
    }
    assert list(shipped()) == ["bakery", "parcel-post"]


def test_a_shipped_name_or_its_folder_or_its_file_mean_the_same(root: Path) -> None:
    folder = root / "specs" / "parcel-post"

    assert find("parcel-post") == shipped()["parcel-post"]
    assert find(str(folder)) == shipped()["parcel-post"]
    assert find(str(folder / "openapi.yaml")) == shipped()["parcel-post"]


@pytest.mark.usefixtures("root")
def test_a_shipped_name_wins_over_a_folder_of_that_name() -> None:
    touch(Path("bakery/openapi.yaml"))

    assert find("bakery") == shipped()["bakery"]
    assert find("./bakery").openapi == Path("bakery/openapi.yaml")


def test_the_repository_ships_what_is_in_its_specs() -> None:
    specs = Path(str(mockserver.__file__)).parent.parent / "specs"

    assert {folder.openapi.parent for folder in shipped().values()} == {
        path.parent for path in specs.glob("*/openapi.*")
    }


def test_nothing_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mockserver, "__file__", str(tmp_path / "mockserver" / "__init__.py"))

    assert shipped() == {}
    with pytest.raises(UsageError, match="give a path"):
        find("bakery")


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("parcel-pots", "unknown API 'parcel-pots' .*did you mean 'parcel-post'"),
        ("Bakery", "did you mean 'bakery'"),
        ("zebra", "these ship: bakery, parcel-post"),
        ("", "unknown API ''"),
        ("nul\0", "unknown API"),
        ("a" * 5000, "cannot be read: File name too long$"),
        ("./nowhere", "there is no file or folder './nowhere'"),
        ("not/here/at/all", "there is no file or folder"),
        ("opnapi.yaml", "no file or folder 'opnapi.yaml' .*did you mean 'openapi.yaml'"),
    ],
)
def test_unknown_names(name: str, words: str) -> None:
    touch(Path("openapi.yaml"))

    with pytest.raises(UsageError, match=words):
        find(name)


def test_own_fixtures_come_before_those_of_a_sibling_folder(tmp_path: Path) -> None:
    touch(
        tmp_path / "specs" / "shop" / "openapi.yml",
        tmp_path / "specs" / "shop" / "fixtures" / "own.yaml",
        tmp_path / "fixtures" / "shop" / "sibling.yaml",
    )

    assert find(str(tmp_path / "specs" / "shop")).fixtures == (tmp_path / "specs" / "shop" / "fixtures" / "own.yaml",)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("My Shop (v2)/openapi.yaml", "my-shop-v2"),
        ("shop/petstore_3.0.yaml", "petstore-3-0"),
        ("shop/API.json", "api"),
        ("shop/日本.yaml", "api"),
    ],
)
def test_names_are_fit_for_a_url(tmp_path: Path, path: str, name: str) -> None:
    touch(tmp_path / path)

    assert find(str(tmp_path / path)).name == name


def test_a_single_file_stands_alone(tmp_path: Path) -> None:
    touch(
        tmp_path / "shop" / "v1.yaml", tmp_path / "shop" / "behaviour.yaml", tmp_path / "shop" / "fixtures" / "a.yaml"
    )

    assert find(str(tmp_path / "shop" / "v1.yaml")) == SpecFolder("v1", tmp_path / "shop" / "v1.yaml", None, ())


def test_a_file_named_openapi_that_is_not_the_first_of_its_folder(tmp_path: Path) -> None:
    touch(tmp_path / "shop" / "openapi.yaml", tmp_path / "shop" / "openapi.json", tmp_path / "shop" / "behaviour.yml")

    found = find(str(tmp_path / "shop" / "openapi.json"))

    assert found == SpecFolder("shop", tmp_path / "shop" / "openapi.json", tmp_path / "shop" / "behaviour.yml", ())


def test_the_current_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "specs" / "shop" / "openapi.yaml", tmp_path / "fixtures" / "shop" / "a.yaml")
    monkeypatch.chdir(tmp_path / "specs" / "shop")

    assert find(".").name == "shop"
    assert find(".").openapi == Path("openapi.yaml")
    assert find("openapi.yaml").fixtures == (tmp_path / "fixtures" / "shop" / "a.yaml",)


def test_a_folder_without_openapi_yaml(tmp_path: Path) -> None:
    touch(tmp_path / "shop" / "petstore.yaml")

    with pytest.raises(UsageError, match=r"holds no openapi\.yaml \(to use a single file, name it: .*petstore\.yaml\)"):
        find(str(tmp_path / "shop"))
