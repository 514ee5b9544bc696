"""Payments without network: taken on the merchant's risk, sealed, forwarded later."""
