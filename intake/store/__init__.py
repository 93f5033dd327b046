"""The store: tables, migrations, encryption and one module per stored thing.

No other room contains SQL, apart from the report's own DuckDB.
"""
