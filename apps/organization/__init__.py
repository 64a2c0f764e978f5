"""Who we are: the company, its documents, its branches."""
