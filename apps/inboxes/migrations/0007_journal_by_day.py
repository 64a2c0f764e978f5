"""The bytes of webhooks move to a table of their own, one partition for each day (UTC)."""

import datetime

from django.db import migrations, models

CREATE = """
CREATE TABLE inboxes_webhookbody (
    event_uid uuid NOT NULL, received_at timestamptz NOT NULL, body bytea NOT NULL, PRIMARY KEY (event_uid, received_at)
) PARTITION BY RANGE (received_at);
CREATE TABLE inboxes_webhookbody_rest PARTITION OF inboxes_webhookbody DEFAULT;
DO $$
DECLARE day date;
BEGIN
    FOR day IN SELECT (now() AT TIME ZONE 'UTC')::date + n FROM generate_series(0, 7) n LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF inboxes_webhookbody FOR VALUES FROM (%L) TO (%L)',
                       'inboxes_webhookbody_' || to_char(day, 'YYYYMMDD'), day || ' 00:00+00', day + 1 || ' 00:00+00');
    END LOOP;
END $$;
INSERT INTO inboxes_webhookbody (event_uid, received_at, body) SELECT uid, received_at, body FROM inboxes_webhookevent;
ALTER TABLE inboxes_webhookevent DROP COLUMN body;
"""
UNDO = """
ALTER TABLE inboxes_webhookevent ADD COLUMN body bytea NOT NULL DEFAULT '';
ALTER TABLE inboxes_webhookevent ALTER COLUMN body DROP DEFAULT;
UPDATE inboxes_webhookevent event SET body = kept.body FROM inboxes_webhookbody kept
 WHERE kept.event_uid = event.uid AND kept.received_at = event.received_at;
DROP TABLE inboxes_webhookbody;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("inboxes", "0006_account_operations"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(CREATE, UNDO)],
            state_operations=[
                migrations.CreateModel(
                    name="WebhookBody",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "event_uid",
                                "received_at",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("event_uid", models.UUIDField()),
                        ("received_at", models.DateTimeField()),
                        ("body", models.BinaryField()),
                    ],
                ),
                migrations.RemoveField(model_name="webhookevent", name="body"),
            ],
        ),
        migrations.AddField(
            model_name="provideraccount",
            name="expected_from",
            field=models.TimeField(default=datetime.time(8, 0), verbose_name="events are expected from"),
        ),
        migrations.AddField(
            model_name="provideraccount",
            name="expected_until",
            field=models.TimeField(default=datetime.time(20, 0), verbose_name="events are expected until"),
        ),
        migrations.AddField(
            model_name="provideraccount",
            name="silence_minutes",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Empty: no alarm.",
                null=True,
                verbose_name="alarm after minutes without an event",
            ),
        ),
        migrations.AddField(
            model_name="webhookevent",
            name="delay_ms",
            field=models.PositiveIntegerField(editable=False, null=True, verbose_name="delay"),
        ),
    ]
