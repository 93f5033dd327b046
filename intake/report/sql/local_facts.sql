-- What the application's own store knows of patients' answers.
CREATE TABLE local_fact (
    patient VARCHAR, element VARCHAR, state INTEGER, answered_at TIMESTAMPTZ, verified BOOLEAN,
    hispanic BOOLEAN, detailed BOOLEAN, changed BOOLEAN)
