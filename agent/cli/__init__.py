"""The `cardlane` command."""
