"""Wires the web application together; `intake.app:create_app()` is what any WSGI server serves."""

import jinja2
from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from intake import patient, staff
from intake.clock import Clock, system_clock
from intake.pages import errors, headers, health, language, sessions
from intake.pages.site import Site, attach
from intake.settings import Settings, SettingsError, load, serving_faults
from intake.store.crypto import load_keys
from intake.store.database import Database, open_database

LARGEST_FORM = 64 * 1024


def create_app(
    settings: Settings | None = None,
    database: Database | None = None,
    clock: Clock = system_clock,
    *,
    testing: bool = False,
) -> Flask:
    """Return the application for `settings`, which default to those of $INTAKE_CONFIG.

    Raises SettingsError where the pages must not be served, such as over plain http to another machine.
    """
    settings = settings or load()
    if faults := tuple(serving_faults(settings.public_url)):
        raise SettingsError(faults)
    cipher = load_keys(settings.key_file)
    app = Flask("intake.pages")
    app.testing = testing
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_FORM, WTF_CSRF_TIME_LIMIT=None, WTF_I18N_ENABLED=False)
    app.jinja_env.undefined = jinja2.StrictUndefined
    attach(app, Site(settings, database or open_database(settings.database_url, cipher, clock), clock))
    sessions.init(app, secret=cipher.derive("cookies"), https=settings.is_https)
    headers.init(app, https=settings.is_https)
    language.init(app)
    errors.init(app)
    health.init(app)
    CSRFProtect(app)
    app.register_blueprint(patient.blueprint())
    app.register_blueprint(staff.blueprint(), url_prefix=sessions.STAFF)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app
