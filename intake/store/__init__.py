"""Everything that is kept: tables, migrations, encryption, and one module per thing kept; no SQL elsewhere."""
