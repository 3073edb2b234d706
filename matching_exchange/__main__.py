"""python -m matching_exchange: the same as the command matching-exchange."""

from matching_exchange.cli import main

if __name__ == "__main__":
    main()
