"""Looking into files of strangers, and making them ready for channels: in a process of its own, with limits.

A decoder that is led astray ends with its process. `run` is for everybody; the rest is the inside of that process.
"""
