"""The API described for programs, made of the route table when somebody asks for it."""
