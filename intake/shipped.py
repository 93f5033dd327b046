"""Where the shipped config/ and translations/ are, in a checkout or a wheel."""

from pathlib import Path

# A wheel has both folders inside the package; a checkout has them beside it.
_package = Path(__file__).resolve().parent
_root = _package if (_package / "config").is_dir() else _package.parent

CONFIG = _root / "config"
"""The folder of shipped configuration; a site's own folder replaces it file by file."""

TRANSLATIONS = _root / "translations"
"""The folder of message catalogs, one `<locale>/LC_MESSAGES/messages.po` per locale."""
