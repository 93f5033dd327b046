-- Empty tables for the report's clinics; a second call starts again with other clinics.
CREATE OR REPLACE TABLE clinic (id VARCHAR, begins TIMESTAMPTZ, ends TIMESTAMPTZ);
CREATE OR REPLACE TABLE place_clinic (kind VARCHAR, key VARCHAR, clinic VARCHAR);
DROP TABLE IF EXISTS seen;
