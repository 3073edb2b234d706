"""Plots as inline SVG, without any library. The same data give the same bytes."""
