INSERT INTO place
SELECT 'Location', checked('Location', resourceType, id) AS id, name, as_identifiers(identifier),
    ref_key('Location', partOf), ref_key('Organization', managingOrganization)
FROM source
