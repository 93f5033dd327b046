"""The web application: wires settings, store and pages together and holds no logic of its own."""

from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from intake.clock import Clock, system_clock
from intake.pages import (
    assets,
    errors,
    form_origin,
    headers,
    health,
    language,
    sessions,
    well_known,
)
from intake.pages.site import Site, attach_site
from intake.patient import blueprint as patient
from intake.settings import Settings, SettingsError, find_serving_faults, load_site_settings
from intake.staff import blueprint as staff
from intake.store.crypto import load_keys
from intake.store.database import Database, open_database

LARGEST_BODY = 256 * 1024
"""The most bytes of a request: many times the longest form, and few enough to read at once."""


def create_app(
    settings: Settings | None = None, database: Database | None = None, clock: Clock = system_clock
) -> Flask:
    """Return the application, for any WSGI server; raises SettingsError and KeyFileError.

    Without `settings` it loads them from $INTAKE_CONFIG; without `database` it opens the settings'
    own.
    """
    settings = settings or load_site_settings()
    if faults := tuple(find_serving_faults(settings.public_url)):
        raise SettingsError(faults)
    cipher = load_keys(settings.key_file)
    app = Flask("intake", static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
        # A form may lie open for longer than an hour. Drafts and sessions have their own limits.
        WTF_CSRF_TIME_LIMIT=None,
        # The pages bring their own translations.
        WTF_I18N_ENABLED=False,
    )
    database = database or open_database(settings.database_url, cipher, clock)
    attach_site(app, Site(settings, database, clock, language.complete_languages(settings)))
    sessions.init_app(app, secret=cipher.derive_key("cookies"), https=settings.is_https)
    headers.init_app(app, https=settings.is_https)
    form_origin.init_app(app, settings.public_url)
    for module in (language, errors, health, patient, staff, assets):
        module.init_app(app)
    well_known.init_app(app, lambda: _public_keys(settings))
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        app.wsgi_app = proxied  # type: ignore[method-assign]
    return app


def _public_keys(settings: Settings) -> dict[str, Any] | None:
    # Late, when an EHR asks for the JWKS: it loads the libraries for FHIR servers and signing,
    # which no page needs.
    from intake.ehr.client_keys import site_key_set

    return site_key_set(settings)
