"""The assistant: what it is told, whom it asks, what it proposes and what became of it.

Not here: the words of people and how they leave (conversations), the offer (courses).
"""
