CREATE TABLE appointment AS
SELECT checked('Appointment', resourceType, id) AS id,
    as_identifiers(identifier) AS identifiers,
    list_filter([ref_key('Location', p.actor) FOR p IN coalesce(participant, [])],
        lambda k: k IS NOT NULL) AS locations
FROM source
