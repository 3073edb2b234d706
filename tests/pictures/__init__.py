"""Pictures of the pages in each of their states, for people to look at: `scripts/pictures`."""
