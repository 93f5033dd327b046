"""The report's page shows the latest snapshot: tables with captions and scopes, every share with its two counts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from jinja2 import ChoiceLoader, DictLoader, FileSystemLoader, StrictUndefined
from justhtml import JustHTML

from intake.pages.site import Site, attach
from intake.report.codec import to_json
from intake.report.making import make
from intake.staff import report as page
from intake.store import reports
from intake.store.crypto import load_keys, new_keys
from intake.store.database import Database, open_database
from intake.store.migrate import migrate

from .conftest import AS_OF, World, asked

BASE = "<!doctype html><html lang=en><title>{% block title %}{% endblock %}</title>{% block page %}{% endblock %}</html>"
TEMPLATES = Path(page.__file__).parent / "templates"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    new_keys(tmp_path / "keys.json")
    migrate(url)
    opened = open_database(url, load_keys(tmp_path / "keys.json"), lambda: AS_OF)
    yield opened
    opened.close()


def get(database: Database) -> str:
    """The page within a base that holds nothing else."""
    app = Flask(__name__)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_loader = ChoiceLoader([DictLoader({"staff/base.html": BASE}), FileSystemLoader(TEMPLATES)])
    blueprint = Blueprint("staff", __name__)
    page.register(blueprint)
    app.register_blueprint(blueprint, url_prefix="/staff")
    attach(app, Site(settings=None, database=database, clock=lambda: AS_OF, languages=("en",)))  # type: ignore[arg-type]  # The page asks for none.
    answer = app.test_client().get("/staff/report")
    assert answer.status_code == 200
    return answer.text


def keep(database: Database, snapshot: bytes) -> None:
    with database.write() as tx:
        reports.save(tx, "2026-Q3", snapshot)


def test_before_the_first_report(database: Database) -> None:
    assert "There is no report yet" in get(database)


def test_a_snapshot_of_another_version(database: Database) -> None:
    keep(database, b'{"format":"intake-report/0"}')
    assert "another version" in get(database)


def test_the_latest_report(database: Database, world: World) -> None:
    for number in range(60):
        world.patient(f"p{number}")
        if number < 40:
            world.observation("race", "2028-9", patient=f"p{number}")
    keep(database, to_json(make(world.write(), asked()).report))
    text = get(database)
    document = JustHTML(text, strict=True, sanitize=False)
    for table in document.query("table.report"):
        assert table.query("caption")
        assert all((cell.attrs or {}).get("scope") in ("row", "col") for cell in table.query("th"))
    assert "66.7 % (54.1–77.3)" in text
    assert "40 / 60" in text
    assert "rows need not sum" in text
    assert "Riverside" in text
