"""Receipts of card-present payments: what is on them, and how it is printed. Pure."""
