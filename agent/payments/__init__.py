"""Payments: one straight line, and what to do when it was cut."""
