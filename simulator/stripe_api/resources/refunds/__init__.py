"""Refunds: money given back from a charge, and money that was only held."""
