"""The Cardlane daemon: readers, payments, the local API."""
