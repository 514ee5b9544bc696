"""A stateful simulation of Stripe's HTTP API for card-present payments.

Two rooms: `engine` knows HTTP and nothing of payments, `resources` knows payments
and nothing of HTTP.
"""
