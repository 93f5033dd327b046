-- CDCREC codes with `race` or `ethnicity`.
CREATE TABLE known_code AS
SELECT unnest($codes::VARCHAR[]) AS code, unnest($kinds::VARCHAR[]) AS kind
