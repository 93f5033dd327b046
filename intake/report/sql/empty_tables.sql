-- The tables of resource types that the export does not hold.
CREATE TABLE IF NOT EXISTS patient (
    id VARCHAR, merged_into VARCHAR, test BOOLEAN, updated_at TIMESTAMPTZ,
    race_codes VARCHAR[], race_text VARCHAR, ethnicity_codes VARCHAR[], ethnicity_text VARCHAR,
    spoken_codes VARCHAR[], spoken_text VARCHAR, written_codes VARCHAR[], written_text VARCHAR,
    interpreter_codes VARCHAR[]);
CREATE TABLE IF NOT EXISTS encounter (
    id VARCHAR, status VARCHAR, patient VARCHAR, start_at TIMESTAMPTZ, start_on DATE,
    organization VARCHAR,
    locations STRUCT(location STRUCT(
        reference VARCHAR, "type" VARCHAR,
        identifier STRUCT(system VARCHAR, "value" VARCHAR)))[],
    appointments STRUCT(
        reference VARCHAR, "type" VARCHAR,
        identifier STRUCT(system VARCHAR, "value" VARCHAR))[],
    updated_at TIMESTAMPTZ);
CREATE TABLE IF NOT EXISTS observation (
    id VARCHAR, element VARCHAR, patient VARCHAR, answered_at TIMESTAMPTZ, source VARCHAR,
    codes VARCHAR[], text VARCHAR, absent VARCHAR, updated_at TIMESTAMPTZ, status VARCHAR);
CREATE TABLE IF NOT EXISTS provenance (
    id VARCHAR, kind VARCHAR, target VARCHAR, element VARCHAR, source VARCHAR,
    answered_at TIMESTAMPTZ);
CREATE TABLE IF NOT EXISTS appointment (
    id VARCHAR, identifiers VARCHAR[], locations VARCHAR[]);
