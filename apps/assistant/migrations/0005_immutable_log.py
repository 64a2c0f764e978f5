"""The database lets nobody rewrite the log: its words may be forgotten, once, and nothing else changes."""

from django.db import migrations, models

GUARD = """
CREATE FUNCTION assistant_completion_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.redacted_at IS NULL AND NEW.redacted_at IS NOT NULL AND NEW.request IS NULL AND NEW.response = ''
       AND to_jsonb(NEW) - '{request,response,redacted_at}'::text[]
         = to_jsonb(OLD) - '{request,response,redacted_at}'::text[]
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The log of the assistant is final: completion % stays as it is.', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'completion_is_final', TABLE = 'assistant_completion';
END $$;
CREATE TRIGGER completion_is_final BEFORE UPDATE ON assistant_completion
    FOR EACH ROW EXECUTE FUNCTION assistant_completion_is_final();
ALTER TABLE assistant_completion ENABLE ALWAYS TRIGGER completion_is_final;
"""
UNDO = """
DROP TRIGGER completion_is_final ON assistant_completion;
DROP FUNCTION assistant_completion_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("assistant", "0004_more_words_for_a_person"),
    ]

    operations = [
        migrations.RunSQL(GUARD, UNDO),
        migrations.AddIndex(
            model_name="completion",
            index=models.Index(
                condition=models.Q(("redacted_at", None)), fields=["created_at"], name="completion_with_words"
            ),
        ),
    ]
