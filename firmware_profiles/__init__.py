"""What each reader model is: data only, read by drivers.profile."""
