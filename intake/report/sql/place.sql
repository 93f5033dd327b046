CREATE TABLE place (
    kind VARCHAR, id VARCHAR, name VARCHAR, identifiers VARCHAR[], parent VARCHAR,
    organization VARCHAR)
