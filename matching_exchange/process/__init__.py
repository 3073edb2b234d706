"""What every process of the exchange needs: settings, logs, files that last."""

import sys

if sys.platform == "win32":
    # Here and not in a function: most of what follows cannot even be imported there.
    sys.exit("The exchange runs on Linux and macOS. On Windows, use WSL or containers (docker compose up).")
