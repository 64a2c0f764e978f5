"""Our numbers and accounts at the providers, and the journal of everything they tell us."""
