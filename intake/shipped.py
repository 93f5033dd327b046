"""Where the shipped config/ and translations/ are, in a checkout and in a wheel alike."""

from pathlib import Path

_here = Path(__file__).resolve().parent
_root = _here if (_here / "config").is_dir() else _here.parent

CONFIG = _root / "config"
"""The folder of shipped configuration, which a site's own folder is laid over file by file."""

TRANSLATIONS = _root / "translations"
"""The folder of message catalogs, one `<locale>/LC_MESSAGES/messages.po` a locale."""
