"""What `counterfoil up --sample-data` makes: an organization with a month of made-up work, by the API alone."""
