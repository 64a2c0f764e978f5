"""The simulated phones: their page, their wire, their socket."""
