"""Cards whose numbers were typed in: tokens, payment methods, and their fate."""
