"""`intake keys client`: creates, rotates, removes and publishes keys; shows nothing private."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from intake.app import create_app
from intake.cli import main
from intake.ehr import client_keys
from intake.settings import AuthKind
from tests.support.sites import TestSite

JWKS = "/.well-known/jwks.json"
TABLE = '\nauth = "backend-services"\nclient_id = "intake"\nkey_file = "keys/client.json"\n'


@pytest.fixture
def named(site: Path) -> Path:
    """The key file that the site's settings name, which is not there yet."""
    with (site / "intake.toml").open("a", encoding="utf-8") as file:
        file.write(TABLE)
    return site / "keys" / "client.json"


def jwks(capsys: pytest.CaptureFixture[str], *more: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["keys", "client", "jwks", *more]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["keys"]
    assert not any(each.keys() & {"d", "p", "q"} for each in found)
    return found


def client(*words: str) -> int:
    return main(["keys", "client", *words, "--server", "main"])


def test_manages_keys_from_the_first_to_the_last(
    named: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert client("new") == 0
    assert capsys.readouterr().out == f"{named}\n"
    [first] = jwks(capsys)
    assert client("rotate", "--algorithm", "RS384") == 0
    told = capsys.readouterr()
    assert "Hand the EHR the new public keys" in told.err
    assert [each["alg"] for each in jwks(capsys, "--server", "main")] == ["ES384", "RS384"]
    assert named.stat().st_mode & 0o777 == 0o600
    assert client("remove", first["kid"]) == 0
    assert [each["kid"] for each in jwks(capsys)] == [told.out.strip()]
    assert list(named.parent.iterdir()) == [named]


def test_removes_a_key_whose_id_begins_with_a_dash(
    named: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert client("new") == client("rotate") == 0
    first, second = json.loads(named.read_text("utf-8"))["keys"]
    named.write_text(json.dumps({"keys": [first | {"kid": "-theirs"}, second]}), "utf-8")
    assert main(["keys", "client", "remove", "--server", "main", "--", "-theirs"]) == 0
    assert [each["kid"] for each in jwks(capsys)] == [second["kid"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["new"], "this file has a key already; `rotate` adds a newer one"),
        (["remove", "other"], "this file has no key other; it has "),
        (["remove", "FIRST"], "this is the only key"),
    ],
)
def test_refuses_actions_that_would_lose_a_key(
    named: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    client("new")
    before = named.read_bytes()
    kid = jwks(capsys)[0]["kid"]
    assert client(*[kid if each == "FIRST" else each for each in words]) == 1
    assert said in capsys.readouterr().err
    assert named.read_bytes() == before


def test_publishes_but_never_rewrites_the_hospitals_own_key(
    named: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client("new")
    brought = json.loads(named.read_text("utf-8"))["keys"][0] | {"kid": "theirs"}
    named.write_text(json.dumps(brought), "utf-8")
    assert [each["kid"] for each in jwks(capsys)] == ["theirs"]
    assert client("rotate") == 1
    assert "this file is a single key of your own and not a JWK Set" in capsys.readouterr().err
    assert json.loads(named.read_text("utf-8")) == brought


@pytest.mark.parametrize(
    ("held", "words"),
    [(None, "cannot be read"), ("{", "neither PEM nor JSON"), ('{"keys": []}', "list of keys")],
)
def test_explains_an_unusable_key_file(
    named: Path, capsys: pytest.CaptureFixture[str], held: str | None, words: str
) -> None:
    if held is not None:
        named.parent.mkdir()
        named.write_text(held, "utf-8")
    assert client("rotate") == client("jwks") == 1
    told = capsys.readouterr().err
    assert told.count(words) == 2
    assert str(named) in told


def test_names_a_server_without_key_file_and_an_unknown_one(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert client("new") == 1
    assert (
        'names no key_file; add one, such as key_file = "client-main.json"'
        in capsys.readouterr().err
    )
    assert main(["keys", "client", "new", "--server", "other"]) == 1
    assert (
        "There is no FHIR server 'other' in intake.toml; there are main." in capsys.readouterr().err
    )


def test_serves_all_public_keys_or_none(pages: TestSite, tmp_path: Path) -> None:
    assert pages.open_client().get(JWKS).status_code == 404
    main_server = pages.settings.servers["main"]
    auth = replace(
        main_server.auth, kind=AuthKind.BACKEND_SERVICES, key_file=tmp_path / "client.json"
    )
    server = replace(main_server, auth=auth)
    app = create_app(replace(pages.settings, servers={"main": server}), pages.database, pages.clock)
    browser = app.test_client()
    assert browser.get(JWKS).status_code == 503
    client_keys.create_key_file(server, "ES384")
    client_keys.rotate_key(server, "ES384")
    answer = browser.get(JWKS)
    found = answer.get_json()
    assert (answer.status_code, found) == (200, client_keys.public_key_set([server]))
    assert [sorted(each) for each in found["keys"]] == [
        ["alg", "crv", "kid", "kty", "use", "x", "y"]
    ] * 2
