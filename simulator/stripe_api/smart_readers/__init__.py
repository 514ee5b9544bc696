"""What a smart reader is besides an object of the API: screen, slot, keys, habits."""
