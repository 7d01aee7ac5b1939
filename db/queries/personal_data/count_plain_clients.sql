SELECT count(*) AS clients FROM clients WHERE contact IS NULL AND personal_data_removed_at IS NULL
