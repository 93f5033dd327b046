"""What patients and staff pages share: sessions, headers, languages, errors."""
