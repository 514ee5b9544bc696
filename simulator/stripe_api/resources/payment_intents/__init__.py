"""PaymentIntents: from the wish to take money to its end."""
