"""What must hold whatever happens, each a function that raises when it does not: run by the tests, and by
the tests of the tests once a guard is taken away."""
