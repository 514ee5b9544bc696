"""Webhooks: telling a register app's own server what happened, as Stripe does."""
