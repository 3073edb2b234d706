"""Many runs of one simulation, over seeds and parameters, on all cores."""
