-- Each patient in the row of each clinic, and once in the organization's row, whose key is ''.
CREATE VIEW counted AS
SELECT clinic, patient FROM member UNION ALL SELECT '', id FROM person
