"""The process of a matcher that shares its log with others."""
