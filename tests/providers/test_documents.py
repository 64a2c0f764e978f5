"""The pages about providers say what the code says."""

from providers.whatsapp.codes import RULES
from tests.providers.feature_table import PAGE, page


def test_feature_table_is_current():
    assert PAGE.read_text() == page(), "run: python -m tests.providers.feature_table"


def test_retried_codes_are_listed():
    text = (PAGE.parent / "whatsapp.md").read_text()
    missing = [code for code, rule in RULES.items() if rule.error.__name__ != "Rejected" and f"{code}" not in text]
    assert [code for code in missing if not (200 <= code < 300 or 133000 <= code <= 133015)] == []
