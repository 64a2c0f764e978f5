"""A phone on screen, for newcomers and tests: write as a customer, see what arrives."""
