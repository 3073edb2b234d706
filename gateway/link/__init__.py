"""The matcher's side: commands out, answers and market data in."""
