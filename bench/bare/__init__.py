"""The floor: the same lines over the same servers with nothing around them but psycopg, uvicorn and aiohttp.

No models, no permissions, no leases, no retries, no feed that survives a lost bell. Nobody could run this;
it says what the machine asks for a durable message.
"""
