"""What every Stripe resource shares over HTTP, and nothing about any one of them."""
