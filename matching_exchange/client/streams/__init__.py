"""The streams, without input or output: what each message means, what was missed, and what users are told."""
