"""What happens on the phones, and what they tell us: always in the provider's words, by the journal."""
