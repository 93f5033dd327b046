INSERT INTO place
SELECT 'Organization', checked('Organization', resourceType, id) AS id, name,
    as_identifiers(identifier), ref_key('Organization', partOf), NULL
FROM source
