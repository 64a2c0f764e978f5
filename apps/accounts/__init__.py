"""Who works here: users, roles, the branches they belong to, API tokens."""
