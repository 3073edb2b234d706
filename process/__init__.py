"""What every process of the exchange needs: settings and logs."""
