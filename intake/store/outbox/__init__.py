"""The outbox: each submission from its storage to its verification, one module per transition."""
