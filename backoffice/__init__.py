"""The project: wiring, no behaviour."""
