"""The protocol of leaders and standbys in a simulation: seeded, on a virtual clock, with faults of all kinds."""
