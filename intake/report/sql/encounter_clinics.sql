-- The clinic of each encounter near the period: its service provider's, else its first Location's,
-- else the first Location's of its Appointment. The period's exact edges depend on the clinic's
-- time zone, so that visits.sql applies them.
CREATE TABLE seen AS
WITH near AS (
    SELECT * FROM encounter
    WHERE start_at BETWEEN $earliest AND $latest OR start_on BETWEEN $first AND $end
        OR (start_at IS NULL AND start_on IS NULL)
), provider AS (
    SELECT near.*, place_clinic.clinic AS by_provider FROM near
    LEFT JOIN place_clinic
        ON place_clinic.kind = 'Organization' AND place_clinic.key = near.organization
), located AS (
    SELECT id, arg_min(clinic, nth) AS by_location FROM (
        SELECT id, nth, ref_key('Location', place.location) AS key FROM (
            SELECT id, unnest(locations) AS place, unnest(range(len(locations))) AS nth
            FROM provider WHERE by_provider IS NULL)
    ) JOIN place_clinic USING (key) WHERE kind = 'Location' GROUP BY id
), booking AS (
    SELECT id, ref_key('Appointment', reference) AS booking FROM (
        SELECT id, unnest(appointments) AS reference FROM provider WHERE by_provider IS NULL)
), booked AS (
    SELECT id, arg_min(clinic, nth) AS by_appointment FROM (
        SELECT booking.id, unnest(keyed.locations) AS key,
            unnest(range(len(keyed.locations))) AS nth
        FROM booking JOIN (
            SELECT unnest(list_concat([id], ['?' || i FOR i IN identifiers])) AS booking, locations
            FROM appointment) AS keyed USING (booking)
    ) JOIN place_clinic USING (key) WHERE kind = 'Location' GROUP BY id
)
SELECT provider.* EXCLUDE (by_provider),
    coalesce(by_provider, by_location, by_appointment) AS clinic
FROM provider LEFT JOIN located USING (id) LEFT JOIN booked USING (id)
