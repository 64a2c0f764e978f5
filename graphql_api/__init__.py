"""What other applications read, do and follow: one folder per app, merged in schema.py."""
