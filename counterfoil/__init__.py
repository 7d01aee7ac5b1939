"""What other projects use of Counterfoil in their own tests."""
