"""What people see and do at a smart reader, and rules that do it for them."""
