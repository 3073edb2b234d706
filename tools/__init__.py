"""The programs behind the thin scripts in scripts/."""
