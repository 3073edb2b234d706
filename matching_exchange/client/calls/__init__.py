"""Every call of the native API, once: its parameters, its answer and its documentation. The clients send them."""
