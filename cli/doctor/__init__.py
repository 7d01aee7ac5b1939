"""`counterfoil doctor`: the checks of domain/doctor, and those that take the broker's address."""
