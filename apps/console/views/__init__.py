"""The chat page. Each view: who are you → door → action → show.

A request with the header X-Fragment gets only the named part of the page, without it the whole page or a
redirect to it: everything works by plain forms too.
"""
