"""What stands behind the scripts: run, demo, subscribe, replay."""
