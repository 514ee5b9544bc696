"""SetupIntents: keeping a card for later without charging it now."""
