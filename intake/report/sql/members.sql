-- The patients counted at each clinic, and the patients counted at all.
CREATE TABLE member AS SELECT DISTINCT clinic, patient FROM visit WHERE excluded IS NULL;
CREATE TABLE person AS SELECT DISTINCT patient AS id FROM member;
