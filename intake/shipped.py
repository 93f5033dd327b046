"""Where the shipped config/ and translations/ are, in a checkout or a wheel."""

from pathlib import Path

DISTRIBUTION = "intake-uscore"
"""The name under which a package index knows this software; `intake` there is other software."""

PDF_HINT = f"A PDF needs the extra and Pango: pip install '{DISTRIBUTION}[pdf]'."
POSTGRES_HINT = f"PostgreSQL needs the extra: pip install '{DISTRIBUTION}[postgres]'."
"""The remedy where the driver of PostgreSQL is missing."""

# A wheel has both folders inside the package; a checkout has them beside it.
_package = Path(__file__).resolve().parent
_root = _package if (_package / "config").is_dir() else _package.parent

CONFIG = _root / "config"
"""The folder of shipped configuration; a site's own folder replaces it file by file."""

TRANSLATIONS = _root / "translations"
"""The folder of message catalogs, one `<locale>/LC_MESSAGES/messages.po` per locale."""
