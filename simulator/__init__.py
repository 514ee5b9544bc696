"""Simulated card readers and a simulated Stripe API, for development and CI."""
