"""What keeps the house running: processes started, watched, restarted and ended as groups.

`up` supervises everything for a newcomer; `work` keeps one cluster of workers alive, here and in production.
"""
