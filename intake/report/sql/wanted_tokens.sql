-- The patients that other resources name by an identifier instead of an id.
CREATE TABLE patient_token (key VARCHAR, id VARCHAR);
CREATE TABLE wanted_token AS SELECT DISTINCT patient AS key FROM (
    SELECT patient FROM encounter
    UNION ALL SELECT patient FROM observation
    UNION ALL SELECT merged_into FROM patient)
WHERE starts_with(patient, '?');
