"""What the house needs of PostgreSQL before any table."""

from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations

# unaccent() is only STABLE, since its dictionary could change; ours does not, and an index wants IMMUTABLE.
CREATE = """
CREATE FUNCTION search_key(text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
SET search_path FROM CURRENT
AS $$ SELECT lower(unaccent('unaccent', $1)) $$
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        migrations.RunSQL(CREATE, "DROP FUNCTION search_key(text)"),
    ]
