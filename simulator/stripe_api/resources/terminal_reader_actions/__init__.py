"""What a smart reader is ordered to do, and how its customers let it end."""
