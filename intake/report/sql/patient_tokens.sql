-- The ids of the patients that other resources name by an identifier alone.
INSERT INTO patient_token
SELECT wanted_token.key, min(tokens.id)
FROM (
    SELECT id, unnest(list_concat(identifiers, [split_part(i, '|', -1) FOR i IN identifiers]))
        AS token
    FROM (SELECT id, as_identifiers(identifier) AS identifiers FROM source)
) AS tokens
JOIN wanted_token ON wanted_token.key = '?' || tokens.token
GROUP BY wanted_token.key
