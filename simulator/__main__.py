"""`python -m simulator`, for where the console script is not on the path."""

from simulator.cli import main

if __name__ == "__main__":
    main()
