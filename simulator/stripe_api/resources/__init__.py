"""Stripe's resources: fields, parameters, states and effects, and nothing of HTTP."""
