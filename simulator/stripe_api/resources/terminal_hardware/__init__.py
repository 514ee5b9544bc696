"""Ordering readers from Stripe: a preview of Stripe's, with a small catalog."""
