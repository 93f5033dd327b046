UPDATE encounter SET patient = patient_token.id
FROM patient_token WHERE patient_token.key = encounter.patient;
UPDATE observation SET patient = patient_token.id
FROM patient_token WHERE patient_token.key = observation.patient;
UPDATE patient SET merged_into = patient_token.id
FROM patient_token WHERE patient_token.key = patient.merged_into;
