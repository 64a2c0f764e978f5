"""How messaging providers talk to us, and we to them.

Cellar: types, errors, base, http, meta, one package per provider, registry. Pure Python.
Street door: webhooks and urls. Nothing here decides what a message means to the business.
"""
