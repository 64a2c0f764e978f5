"""The offer: courses and their editions. Not here: what is told of it (assistant), who enrols (people)."""
