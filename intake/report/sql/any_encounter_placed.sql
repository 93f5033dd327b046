-- Whether an encounter of any time belongs to one of the clinics.
SELECT EXISTS (FROM seen WHERE clinic IS NOT NULL)
    OR EXISTS (
        FROM encounter SEMI JOIN place_clinic ON kind = 'Organization' AND key = organization)
    OR EXISTS (
        FROM (SELECT unnest(locations) AS place FROM encounter)
        SEMI JOIN place_clinic ON kind = 'Location' AND key = ref_key('Location', place.location))
