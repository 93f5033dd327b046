CREATE TABLE encounter AS
SELECT checked('Encounter', resourceType, id) AS id, status,
    ref_key('Patient', subject) AS patient,
    moment(period.start) AS start_at,
    day_of(period.start) AS start_on,
    ref_key('Organization', serviceProvider) AS organization,
    location AS locations, appointment AS appointments,
    instant(meta.lastUpdated) AS updated_at
FROM source
