"""Virtual cards: who they belong to and how they behave."""
